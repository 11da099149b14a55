"""Every example in the documentation is read as what it claims to be."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from random import Random

import pytest

from hub.config.examine import examine_all
from hub.mapping import rules
from hub.mapping.compile import compile_mapping
from hub.mapping.laws import check
from hub.mapping.parse import parse_mapping
from hub.mapping.registry import load_mappings
from tests.docs.pages import PAGES, ROOT, Block, all_blocks, prose
from tests.docs.reference import Command, click_app, commands

BLOCKS = all_blocks()
SHIPPED = load_mappings(sorted(ROOT.glob("plugins/*/crmhub_*/mappings")))

BASE = {
    ("connections", "erp"): 'plugin = "tryton"\nurl = "https://erp.example:8000"\ndatabase = "prod"\nuser = "crmhub"\n'
    'password = { env = "ERP_PASSWORD" }',
    ("connections", "book"): 'plugin = "carddav"\nurl = "https://cloud.example/remote.php/dav/"\nuser = "office"\n'
    'password = { env = "BOOK_PASSWORD" }',
    ("connections", "sheet"): 'plugin = "files"\npath = "customers.csv"',
    ("syncs", "customers"): 'systems = ["erp", "book", "sheet"]',
}
"""What a part of a configuration in the documentation leaves out."""


def of(*languages: str, marks: str | None = None) -> list[object]:
    return [
        pytest.param(block, id=block.where)
        for block in BLOCKS
        if block.language in languages and (marks is None or re.fullmatch(marks, block.mark))
    ]


@pytest.mark.parametrize("block", of("toml"))
def test_toml_is_toml(block: Block) -> None:
    tomllib.loads(block.text)


@pytest.mark.parametrize("block", of("python"))
def test_python_compiles(block: Block) -> None:
    compile(block.text, block.where, "exec")


def completed(text: str) -> str:
    """A part of a configuration with what it leaves out."""
    content = tomllib.loads(text)
    added = []
    for (section, name), lines in BASE.items():
        given = content.get(section, {}).get(name, {})
        if "plugin" not in given and "systems" not in given:
            added.append(f"[{section}.{name}]\n{lines}\n")
    return "\n".join([text, *added])


def configurations() -> list[object]:
    """Marked blocks, and all that begin with a connection (those in the READMEs of plugins)."""
    told = [item for item in BLOCKS if re.match(r"\[connections\.\w+\]\nplugin = ", item.text)]
    return [*of("toml", marks="config"), *(pytest.param(item, id=item.where) for item in told if not item.mark)]


@pytest.mark.parametrize("block", configurations())
def test_a_configuration_has_no_problem(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r'env = "(\w+)"', block.text + str(BASE)):
        monkeypatch.setenv(name, "secret")
    for name in re.findall(r'file = "([^"]+)"', block.text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o600)
    text = re.sub(r'keyring = "[^"]+"', 'env = "ERP_PASSWORD"', block.text)  # an optional package
    text = re.sub(r'command = \["[a-z]+"', 'command = ["python3"', text)  # a program that is there
    (tmp_path / "config.toml").write_text(completed(text))
    found = examine_all(tmp_path / "config.toml")
    assert not found.problems, f"{block.where}: {[str(item) for item in found.problems]}"


@pytest.mark.parametrize("block", of("toml", marks="mapping"))
def test_the_examples_of_a_part_of_a_mapping_hold(block: Block) -> None:
    head = 'version = 1\nsystem = "shop"\nresource = "people"\nrecord = "customer"\n'
    spec = parse_mapping(head + block.text, name="shop.people", file=block.where)
    mapping = compile_mapping(spec, region="DE")
    assert spec.examples, f"{block.where}: a part of a mapping needs an example that is executed"
    broken = [str(item) for sample in spec.examples for item in rules.example(mapping, sample)]
    assert not broken


@pytest.mark.parametrize("block", of("toml", marks=r"mapping of .+"))
def test_a_whole_mapping_obeys_the_laws(block: Block) -> None:
    name = block.mark.removeprefix("mapping of ")
    spec = parse_mapping(block.text, name=name, file=block.where, shipped=SHIPPED.get(name))
    assert check(compile_mapping(spec, region="DE"), spec, examples=20).ok


def command_lines(block: Block) -> list[str]:
    """The crmhub commands of a block, without comments."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        line = line.removeprefix("$ ") if block.language == "console" else line
        line = re.sub(r"\s+#.*", "", line).strip()
        line = line.rsplit("/bin/", 1)[-1] if line.startswith((".venv/", "/opt/")) else line
        if line.startswith("crmhub "):
            found.append(line)
    return found


def problem_of(line: str) -> str:
    """What is wrong with a crmhub command line; empty if nothing is."""
    words = shlex.split(line)[1:]
    at: Command = click_app()
    shared = {name for _, item in list(commands())[:1] for option in item.params for name in option.opts}
    known = set(shared)
    for word in words:
        if word.startswith("-") and word != "-":
            if word.split("=")[0] not in known:
                return f"{line}: there is no option {word}"
        elif hasattr(at, "commands"):
            if word not in at.commands:
                return "" if at is not None and word.isupper() else f"{line}: there is no command {word}"
            at = at.commands[word]
            known |= {name for option in at.params for name in option.opts} | {"-h", "--help"}
    return ""


@pytest.mark.parametrize("block", of("sh", "console", "ini", "text"))
def test_commands_and_options_exist(block: Block) -> None:
    for line in command_lines(block):
        options = re.sub(r"(--config|--name) \S+", "", line)
        assert not problem_of(options), block.where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_mentioned_in_the_text_exist(page: Path) -> None:
    for line in re.findall(r"`(crmhub [^`]+)`", prose(page)):
        assert not problem_of(re.sub(r"\[[^\]]*\]|--config \S+|COMMAND.*", "", line)), page


def test_every_shipped_mapping_obeys_the_laws_with_the_example_override() -> None:
    found = load_mappings(sorted(ROOT.glob("plugins/*/crmhub_*/mappings")), own=[ROOT / "mappings" / "examples"])
    for path in sorted((ROOT / "mappings" / "examples").glob("*.toml")):
        spec = found[path.stem]
        report = check(compile_mapping(spec, region="DE"), spec, examples=40, seed=Random(1).randint(0, 99))
        assert report.ok, str(report)
        assert spec.fields["custom.loyalty_number"], "the override adds a field"
        assert set(SHIPPED[path.stem].fields) - set(spec.fields) == {"source"}, "and takes one away"
