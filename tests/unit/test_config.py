"""Reading a configuration: everything wrong is said at once, with file, line, what was found and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config.examine import examine_all
from hub.config.model import InvalidConfig
from hub.config.quantities import parse_duration, parse_size, show_duration
from hub.config.read import read_config
from hub.config.templates import example_text

GOOD = """
[hub]
region = "DE"

[connections.erp]
plugin = "tryton"
url = "https://erp.example"
database = "prod"
user = "hub"
password = { env = "CRMHUB_TEST_PASSWORD" }

[connections.sheet]
plugin = "files"
path = "customers.csv"

[syncs.customers]
systems = ["erp", "sheet"]
reconcile = "12h"
no_create = ["sheet"]

[syncs.customers.authority]
tax_ids = ["erp"]

[syncs.customers.fields."notes"]
conflict = "prefer:erp"
blank = "ignore"

[syncs.customers.delete]
erp = "ask"

[syncs.customers.skew]
sheet = "5m"

[syncs.customers.guards]
delete = [1, 0.5]
"""


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMHUB_TEST_PASSWORD", "a secret value")


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_into_policies(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    assert config.hub.data == tmp_path / "crmhub-data"
    sync = config.syncs["customers"]
    assert sync.systems == ("erp", "sheet")
    assert sync.reconcile == 12 * 3600
    assert sync.policy.region == "DE"
    assert sync.policy.of("notes").conflict == "prefer:erp"
    assert sync.policy.of("notes").blank == "ignore"
    assert sync.policy.delete_policy("erp") == "ask"
    assert sync.policy.delete_policy("sheet") == "unlink"
    assert sync.policy.skew == {"sheet": 300.0}
    assert sync.policy.guards.delete == (1, 0.5)
    assert sync.policy.no_create == {"sheet"}
    assert config.connections["erp"].settings["url"] == "https://erp.example"
    assert examine_all(write(tmp_path, GOOD)).problems == []


# (what is replaced, by what, line of the problem, words that the message and hint must have)
MISTAKES = [
    ('region = "DE"', 'region = "Germany"', 3, ("Germany", "two capital letters")),
    ('region = "DE"', 'regoin = "DE"', 3, ("'regoin'", "Did you mean 'region'", "Allowed in [hub]")),
    ('plugin = "tryton"', 'plugin = "trytn"', 6, ("'trytn'", "Did you mean 'tryton'", "carddav")),
    ('plugin = "tryton"', "", 5, ("does not say which plugin",)),
    ('database = "prod"', "", 5, ("'database' is missing",)),
    ('database = "prod"', "database = 3", 8, ("database must be a text", "found 3")),
    ('database = "prod"', 'database = "prod"\npage = 0', 9, ("page must be at least 1", "found 0")),
    ('database = "prod"', 'databse = "prod"', 8, ("'databse'", "Did you mean 'database'")),
    ('password = { env = "CRMHUB_TEST_PASSWORD" }', 'password = "hunter22"', 10, ("must not stand in", "{ env = ")),
    ('{ env = "CRMHUB_TEST_PASSWORD" }', '{ env = "CRMHUB_NOT_SET" }', 10, ("'erp'", "CRMHUB_NOT_SET is not set")),
    ('{ env = "CRMHUB_TEST_PASSWORD" }', '{ evn = "X" }', 10, ("'evn'", "Did you mean 'env'")),
    ('{ env = "CRMHUB_TEST_PASSWORD" }', '{ file = "no-such-file" }', 10, ("does not exist",)),
    ('{ env = "CRMHUB_TEST_PASSWORD" }', '{ command = ["no-such-program-here"] }', 10, ("was not found",)),
    ('{ env = "CRMHUB_TEST_PASSWORD" }', "{ command = [] }", 10, ("list of texts",)),
    ('path = "customers.csv"', 'path = "customers.csv"\nwrite = "all"', 15, ("write must be", "'off'", "'all'")),
    ('path = "customers.csv"', 'path = "customers.csv"\nread_only = "yes"', 15, ("true or false", "'yes'")),
    ('path = "customers.csv"', 'path = "customers.csv"\ntimeout = "soon"', 15, ("a duration", "'soon'")),
    ('path = "customers.csv"', 'path = "customers.csv"\nresources = ["custmers"]', 15, ("Did you mean 'customers'",)),
    ('path = "customers.csv"', 'path = "x.csv"\nmapping.customers = "files.custmers"', 15, ("files.customers",)),
    ("[connections.sheet]", "[connections.Sheet]", 12, ("no usable name", "small letters")),
    ("[connections.sheet]", "[connections.person]", 12, ("reserved",)),
    ('["erp", "sheet"]', '["erp", "shet"]', 17, ("'shet'", "Did you mean 'sheet'")),
    ('["erp", "sheet"]', '["erp"]', 17, ("at least two systems",)),
    ('["erp", "sheet"]', '["erp", "sheet", "erp"]', 17, ("named twice",)),
    ('systems = ["erp", "sheet"]', "", 16, ("does not say which systems",)),
    ('reconcile = "12h"', 'reconcile = "12 parsec"', 18, ("a duration", "parsec")),
    ('reconcile = "12h"', 'reconcil = "12h"', 18, ("Did you mean 'reconcile'",)),
    ('reconcile = "12h"', "interaction_body = -1", 18, ("a number of characters from 0", "-1")),
    ('reconcile = "12h"', "interaction_body = true", 18, ("a number of characters",)),
    ('no_create = ["sheet"]', 'no_create = ["seet"]', 19, ("Did you mean 'sheet'",)),
    ('tax_ids = ["erp"]', 'tax_id = ["erp"]', 22, ("'tax_id'", "Did you mean 'tax_ids'")),
    ('tax_ids = ["erp"]', 'tax_ids = ["epr"]', 22, ("Did you mean 'erp'",)),
    ('"notes"', '"nots"', 24, ("'nots'", "Did you mean 'notes'")),
    ('conflict = "prefer:erp"', 'conflict = "prefer:book"', 25, ("'book'",)),
    ('conflict = "prefer:erp"', 'conflict = "longst"', 25, ("'longst'", "Did you mean 'longest'")),
    ('blank = "ignore"', 'blank = "ignor"', 26, ("Did you mean 'ignore'", "erase, ignore")),
    ('erp = "ask"', 'erp = "propagte"', 29, ("Did you mean 'propagate'", "unlink")),
    ('sheet = "5m"', "sheet = true", 32, ("a duration",)),
    ("delete = [1, 0.5]", "delete = [1]", 35, ("a count and a share", "[1]")),
    ("delete = [1, 0.5]", "delete = [1, 2]", 35, ("a share from 0 to 1",)),
    ("delete = [1, 0.5]", "delet = [1, 0.5]", 35, ("Did you mean 'delete'",)),
    ("[syncs.customers.guards]", "[syncs.customers.guard]", 34, ("Did you mean 'guards'",)),
    ("[hub]", "[hubb]", 2, ("Did you mean 'hub'",)),
    ('path = "customers.csv"', 'path = "customers.csv', 14, ("not valid TOML", "column")),
    ('region = "DE"', "region DE", 3, ("not valid TOML", "column")),
]


@pytest.mark.parametrize(
    ("found", "wrong", "line", "words"), MISTAKES, ids=[item[1][:40] or item[0][:40] for item in MISTAKES]
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, found: str, wrong: str, line: int, words: tuple[str, ...]
) -> None:
    assert found in GOOD
    path = write(tmp_path, GOOD.replace(found, wrong, 1))
    problems = examine_all(path).problems
    assert problems, "the mistake was not found"
    said = [str(item) for item in problems if item.line == line]
    assert said, [str(item) for item in problems]
    assert any(all(word in text for word in words) for text in said), said
    assert all(item.file == str(path) for item in problems)


def test_all_mistakes_are_named_in_one_pass(tmp_path: Path) -> None:
    text = GOOD.replace('region = "DE"', 'region = "Germany"').replace('database = "prod"', "")
    text = text.replace('"notes"', '"nots"').replace("[1, 0.5]", "[1]")
    problems = examine_all(write(tmp_path, text)).problems
    assert [item.line for item in problems] == sorted(item.line for item in problems)
    assert len(problems) == 4


def test_a_secret_in_the_file_is_never_repeated(tmp_path: Path) -> None:
    text = GOOD.replace('{ env = "CRMHUB_TEST_PASSWORD" }', '"hunter22"')
    said = "\n".join(str(item) for item in examine_all(write(tmp_path, text)).problems)
    assert "hunter22" not in said


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret value\n")
    secret.chmod(0o644)
    path = write(tmp_path, GOOD.replace('{ env = "CRMHUB_TEST_PASSWORD" }', '{ file = "secret" }'))
    (problem,) = examine_all(path).problems
    assert "can be read by others" in problem.message
    assert "chmod 600" in problem.hint
    secret.chmod(0o600)
    assert examine_all(path).problems == []


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read_config(tmp_path / "nothing.toml")
    (problem,) = caught.value.problems
    assert "no such file" in problem.message
    assert "crmhub init" in problem.hint


KEYS = """data region mappings plugins plugin read_only resources mapping. hosts ca_file timeout largest_answer systems
reconcile no_create delete_any authority conflict blank drift delete skew guards create field_changed field_blanked
listing_shrank relink lossy interaction_body notifiers refused_passwords"""


def test_the_example_is_a_working_configuration_that_shows_every_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "x")
    monkeypatch.setenv("MAIL_PASSWORD", "x")
    secret = tmp_path / "secrets" / "book"
    secret.parent.mkdir()
    secret.write_text("x")
    secret.chmod(0o600)
    text = example_text()
    assert examine_all(write(tmp_path, text)).problems == []
    for key in KEYS.split():
        assert key in text, f"{key} is not explained"


def test_every_optional_line_of_the_example_works_when_it_is_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "x")
    monkeypatch.setenv("MAIL_PASSWORD", "x")
    monkeypatch.setenv("CRMHUB_METRICS_TOKEN", "x")
    monkeypatch.setenv("CRMHUB_DATABASE_PASSWORD", "x")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "book").write_text("x")
    (tmp_path / "secrets" / "book").chmod(0o600)
    (tmp_path / "breached.txt").write_text("")
    lines = []
    for line in example_text().splitlines():
        bare = line.removeprefix("# ")
        is_setting = (
            line.startswith("# ") and " = " in bare and bare.split(" = ")[0].replace(".", "").replace("_", "").isalpha()
        )
        lines.append(bare if is_setting else line)
    text = "\n".join(lines).replace('"our.party"', '"tryton.party"').replace('["plugins/our-shop"]', "[]")
    assert [str(item) for item in examine_all(write(tmp_path, text)).problems] == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1h 30m", 5400),
        ("500ms", 0.5),
        (12, 12),
        (0.5, 0.5),
    ],
)
def test_durations_are_read(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "12", "12 parsec", "-3s", -3, True, None, []])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "size"), [("64 MB", 64_000_000), ("512kB", 512_000), ("1 GiB", 2**30), (7, 7)])
def test_sizes_are_read(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "64", 0, -1, True, None])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.85, "850 ms"), (12, "12 s"), (200, "3 min"), (7500, "2 h 5 min"), (7200, "2 h"), (400_000, "5 d")],
)
def test_durations_are_shown_short(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text
