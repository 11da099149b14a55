"""Users, passwords, waits after wrong ones, and the audit log; on the command line and in the store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.config.model import InvalidConfig
from hub.config.read import read_config
from hub.store.store import Store, open_store
from hub.web.access import accounts, setup_code
from hub.web.access.lockout import FREE, Strangers, wait_after
from hub.web.access.passwords import hash_password, is_right
from hub.web.access.policy import NoList, Policy, policy_of
from tests.e2e.hub_folder import HubFolder

GOOD = "correct horse battery"
HASH = hash_password(GOOD)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(tmp_path / "hub.db")
    yield found
    found.close()


# passwords


def test_passwords_are_kept_as_argon2id_with_a_salt_of_their_own() -> None:
    other = hash_password(GOOD)
    assert HASH.startswith("$argon2id$v=19$m=65536,t=3,")
    assert other != HASH
    assert is_right(HASH, GOOD)
    assert is_right(other, GOOD)
    assert not is_right(HASH, GOOD + " ")
    assert not is_right(None, GOOD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "characters"),
        ("x" * 201, "more than"),
        ("ann and her dog Bello", "name"),
        ("aaaaaaaabbbb", "repeats"),
        ("password12345", "tried first"),
        (GOOD, ""),
        ("密码很长而且没有人能猜到它吗", ""),
    ],
)
def test_length_counts_and_what_is_tried_first_is_refused(password: str, why: str) -> None:
    found = Policy().weakness(password, "ann")
    assert (why in found) if why else (found == "")


SITE = """
[serve]
public_url = "https://hub.wonderland.example"
[connections.jabberwock]
plugin = "files"
path = "desk"
"""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("wonderland-hub", "names of this installation"),
        ("Jabberwock1234", "names of this installation"),
        ("operator-viewer", "names of this installation"),
        ("crmhub-crmhub1", "names of this installation"),
        ("jabberwock likes green tea", ""),
    ],
)
def test_words_of_the_installation_make_no_password(tmp_path: Path, password: str, why: str) -> None:
    (tmp_path / "config.toml").write_text(SITE, encoding="utf-8")
    config = read_config(tmp_path / "config.toml")
    found = policy_of(config).weakness(password, "ann")
    assert (why in found) if why else (found == "")


@pytest.mark.parametrize(
    "password", ["q1w2e3r4t5y6", "1qaz2wsx3edc", "qwerty123456", "justinbieber", "mademoiselle", "zaq12wsxcde3"]
)
def test_common_passwords_of_any_length_are_refused(password: str) -> None:
    assert "guessed soon" in Policy().weakness(password, "ann") or "tried first" in Policy().weakness(password, "ann")


def test_passwords_of_a_list_that_an_admin_names_are_refused(tmp_path: Path) -> None:
    listed = tmp_path / "refused.txt"
    (tmp_path / "config.toml").write_text('[serve]\nrefused_passwords = "refused.txt"\n', encoding="utf-8")
    with pytest.raises(InvalidConfig, match=r"refused\.txt"):
        read_config(tmp_path / "config.toml")
    listed.write_text("short\nPurple Monkey Dishwasher\n", encoding="utf-8")
    policy = policy_of(read_config(tmp_path / "config.toml"))
    assert policy.weakness("purple monkey dishwasher", "ann") == "it is in the list of refused passwords"
    assert policy.weakness(GOOD, "ann") == ""
    listed.write_text(f"{GOOD}\n", encoding="utf-8")
    os.utime(listed, (0, 0))
    assert policy.weakness(GOOD, "ann") != "", "a changed list counts at once"
    listed.unlink()
    with pytest.raises(NoList, match="cannot be read"):
        policy.weakness(GOOD, "ann")


# waits


@given(st.integers(0, 100))
def test_waits_never_get_shorter(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1)
    assert (wait_after(failures) == 0) == (failures < FREE)


@pytest.mark.parametrize("known", [True, False], ids=["a user", "nobody's name"])
def test_wrong_passwords_make_a_name_wait_longer_and_longer(store: Store, known: bool) -> None:
    if known:
        accounts.add(store, "ann", "viewer", GOOD, Policy(), who="test", now=0.0)
    strangers, tries = Strangers(), []

    def attempt(now: float, password: str = "wrong") -> accounts.Tried:
        def right(_hashed: str | None, given: str) -> bool:
            tries.append(given)
            return given == GOOD

        return accounts.sign_in(store, strangers, "ann", password, now, right)

    assert [attempt(0.0).left for _ in range(FREE - 1)] == [4, 3, 2, 1]
    assert attempt(0.0).until == 60.0
    assert attempt(59.0, GOOD).state == "waits", "the right password does not help during a wait"
    assert len(tries) == FREE, "and is not even tried"
    assert attempt(60.0).until == 60.0 + 300.0
    assert attempt(360.0).until == 360.0 + 900.0
    if known:
        assert attempt(2000.0, GOOD).state == "in"
        assert attempt(2001.0).left == FREE - 1, "the count begins anew"


def test_the_first_code_makes_one_user_once(store: Store) -> None:
    code = setup_code.make(store, 0.0)
    assert len(code.replace("-", "")) * 5 >= 128, "bits: 32 letters and figures"
    assert not setup_code.is_right(store, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", 1.0)
    assert not setup_code.is_right(store, code, setup_code.LIFE)
    assert setup_code.is_right(store, f" {code.lower()} ", 1.0)
    accounts.add(store, "ann", "admin", GOOD, Policy(), who="setup", now=1.0)
    assert not setup_code.is_right(store, code, 1.0)


def test_a_code_cannot_be_guessed(store: Store) -> None:
    code = setup_code.make(store, 0.0)
    for _ in range(setup_code.TRIES):
        assert not setup_code.is_right(store, "WRONG", 1.0)
    assert not setup_code.is_right(store, code, 1.0)
    assert code not in (store.work.meta("web_setup"))


# users


@pytest.mark.parametrize(
    "action",
    [
        lambda store: accounts.remove(store, "ann", who="t", now=1.0),
        lambda store: accounts.set_role(store, "ann", "viewer", who="t", now=1.0),
    ],
    ids=["removed", "demoted"],
)
def test_the_last_admin_stays(store: Store, action: Callable[[Store], None]) -> None:
    accounts.add(store, "ann", "admin", GOOD, Policy(), who="test", now=0.0)
    with pytest.raises(accounts.AccountProblem, match="only admin"):
        action(store)
    accounts.add(store, "bo", "admin", GOOD, Policy(), who="test", now=0.0)
    action(store)


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "<b>", "x" * 65, "a\nb", "a\0b"])
def test_a_name_is_a_plain_word(store: Store, name: str) -> None:
    with pytest.raises(accounts.AccountProblem):
        accounts.add(store, name, "admin", GOOD, Policy(), who="test", now=0.0)
    assert store.users.count() == 0


# the audit log


def test_a_changed_line_of_the_audit_log_shows(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        store.audit.add(float(number), "ann", "run_started", f"sync {number}", n=number)
    whole = store.audit.verify()
    assert (whole.lines, whole.broken) == (5, 0)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as raw, raw:
        raw.execute("DROP TRIGGER audit_is_not_changed")
        raw.execute("UPDATE audit SET who = 'bo' WHERE id = 3")
    assert store.audit.verify().broken == 3


def test_a_line_that_was_taken_out_of_the_audit_log_shows(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        store.audit.add(float(number), "ann", "run_started")
    with closing(sqlite3.connect(tmp_path / "hub.db")) as raw, raw:
        raw.execute("DROP TRIGGER audit_is_not_shortened")
        raw.execute("DELETE FROM audit WHERE id = 2")
    assert store.audit.verify().broken == 3


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'bo'", "DELETE FROM audit"])
def test_the_audit_log_can_only_be_added_to(store: Store, statement: str) -> None:
    store.audit.add(0.0, "ann", "run_started")
    with pytest.raises(IntegrityError, match="can only be added to"):
        store.db.write(text(statement))
    assert store.audit.verify().lines == 1


# the command line


def test_users_are_managed_on_the_command_line_and_noted(folder: HubFolder) -> None:
    from typer.testing import CliRunner

    from hub.cli.main import make_app

    def run(*words: str, typed: str = "") -> tuple[int, str]:
        environment = {"CRMHUB_CONFIG": str(folder.path / "config.toml"), "PROBE_TOKEN": "x"}
        result = CliRunner().invoke(make_app(), list(words), env=environment, input=typed)
        return result.exit_code, result.output

    assert run("users", "add", "ann", "--role", "admin", typed=GOOD + "\n")[0] == 0
    assert run("users", "add", "bo", "--role", "viewer", typed="short\n")[0] == 2
    assert run("users", "add", "bo", "--role", "viewer", typed=GOOD + "\n")[0] == 0
    assert run("users", "role", "bo", "operator")[0] == 0
    assert run("users", "password", "bo", typed=GOOD + "2\n")[0] == 0
    assert run("users", "remove", "ann")[0] == 2, "the last admin"
    assert run("users", "remove", "bo")[0] == 0
    code, out = run("users", "list")
    assert (code, "ann" in out, "bo" in out) == (0, True, False)
    code, out = run("audit", "list")
    for action in ("user_added", "user_role", "user_password", "user_removed"):
        assert action in out
    assert GOOD not in out
    assert run("audit", "verify")[1].startswith("5 lines")


def test_a_password_is_never_taken_from_the_arguments(folder: HubFolder) -> None:
    answer = folder.run("users", "add", "ann", "--role", "admin", "--password", GOOD)
    assert answer.code == 2
