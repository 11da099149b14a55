"""Tokens on disk: encrypted, replaced whole, locked between processes, readable only by their owner and name."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from hub.contract.errors import AuthError
from hub.tokens.files import FileTokens
from hub.tokens.keys import KeyProblem, Keys, load_keys
from hub.tokens.token import Token

TOKEN = Token("access-1", "refresh-1", 17.5, {"host": "https://api.example"}, "a b")
OLD, NEW = b"o" * 32, b"n" * 32


def tokens(folder: Path, name: str = "crm", keys: Keys | None = None) -> FileTokens:
    return FileTokens(folder / "tokens", name, lambda: keys or Keys("old", {"old": OLD}), hint="Run login")


def test_what_is_kept_is_read_back_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    assert tokens(tmp_path).read() is None
    tokens(tmp_path).save(TOKEN)
    assert tokens(tmp_path).read() == TOKEN
    (file,) = (tmp_path / "tokens").glob("*.token")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "access-1" not in file.read_text()
    assert list((tmp_path / "tokens").iterdir()) == [file]


def test_every_entry_says_its_key_so_that_keys_can_be_changed(tmp_path: Path) -> None:
    tokens(tmp_path).save(TOKEN)
    both = Keys("new", {"new": NEW, "old": OLD})
    assert tokens(tmp_path, keys=both).read() == TOKEN
    tokens(tmp_path, keys=both).save(TOKEN)
    assert tokens(tmp_path, keys=Keys("new", {"new": NEW})).read() == TOKEN
    with pytest.raises(AuthError, match="not known any more"):
        tokens(tmp_path).read()


def test_a_changed_or_swapped_file_is_refused(tmp_path: Path) -> None:
    tokens(tmp_path).save(TOKEN)
    (file,) = (tmp_path / "tokens").glob("*.token")
    content = json.loads(file.read_text())
    content["sealed"] = content["sealed"][:-2] + ("00" if content["sealed"][-2:] != "00" else "11")
    file.write_text(json.dumps(content))
    with pytest.raises(AuthError, match=r"was changed.*Run login"):
        tokens(tmp_path).read()
    tokens(tmp_path).save(TOKEN)
    tokens(tmp_path, "other").save(TOKEN)
    other = next(item for item in (tmp_path / "tokens").glob("*.token") if item != file)
    other.replace(file)
    with pytest.raises(AuthError):
        tokens(tmp_path).read()


def test_what_is_read_or_kept_is_hidden_in_logs(tmp_path: Path) -> None:
    hidden: list[str] = []
    store = FileTokens(tmp_path, "crm", lambda: Keys("k", {"k": OLD}), hide=hidden.extend)
    store.save(TOKEN)
    assert hidden == ["access-1", "refresh-1"]


def _count(folder: str, rounds: int) -> None:
    store = tokens(Path(folder))
    for _ in range(rounds):
        with store.locked():
            kept = store.read()
            store.save(Token(str(int(kept.access if kept else "0") + 1)))


def test_processes_take_turns(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count, args=(str(tmp_path), 20)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    kept = tokens(tmp_path).read()
    assert kept is not None
    assert kept.access == "40"


def test_the_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    keys = load_keys(tmp_path, {})
    assert load_keys(tmp_path, {}) == keys
    file = tmp_path / "crmhub.keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    file.chmod(0o644)
    with pytest.raises(KeyProblem, match="chmod 600"):
        load_keys(tmp_path, {})


def test_keys_of_the_environment_come_first_and_are_checked(tmp_path: Path) -> None:
    text = "b2IxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA="
    keys = load_keys(tmp_path, {"CRMHUB_KEYS": f"new:{text},old:{text}"})
    assert (keys.current, set(keys.by_id)) == ("new", {"new", "old"})
    assert not list(tmp_path.iterdir())
    for wrong in ("new", "new:short", "new:bm8=", ":" + text):
        with pytest.raises(KeyProblem):
            load_keys(tmp_path, {"CRMHUB_KEYS": wrong})
