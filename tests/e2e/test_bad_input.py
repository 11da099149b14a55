"""Bad input, one named test each: a clear error that says who, where, what and what next, and nothing is lost."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.testing.servers import RunningServer, start_radicale

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
TWO_FOLDERS = """
[hub]
region = "DE"

[connections.left]
plugin = "files"
path = "left"
write = "update"
target = "people.csv"

[connections.right]
plugin = "files"
path = "right"
write = "update"
target = "people.csv"

[syncs.customers]
systems = ["left", "right"]
"""
HEAD = "id,first name,last name,email,phone\n"


class Place:
    """A folder with a configuration, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config(TWO_FOLDERS)
        for name in ("left", "right"):
            (folder / name).mkdir()
            (folder / name / "people.csv").write_text(HEAD)

    def config(self, text: str) -> None:
        (self.folder / "crmhub.toml").write_text(text, encoding="utf-8")

    def rows(self, side: str, *lines: str, encoding: str = "utf-8") -> None:
        (self.folder / side / "people.csv").write_text(HEAD + "".join(f"{x}\n" for x in lines), encoding=encoding)

    def run(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [*HUB, "--config", str(self.folder / "crmhub.toml"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)

    def summary(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json", "--show-pii")
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))

    def sync(self) -> dict[str, Any]:
        """A sync that a person approves."""
        plan = self.summary("plan", "customers")["result"]["customers"]["plan"]
        return self.summary("sync", "customers", "--approve", plan["approval"])

    def accounts(self, summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {item["system"]: item for item in summary["result"]["customers"]["accounts"]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def says(done: subprocess.CompletedProcess[str], *texts: str) -> None:
    """The error names all of these, and is no traceback."""
    for text in texts:
        assert text in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_broken_toml_is_located(place: Place) -> None:
    place.config(TWO_FOLDERS + "\nregion = [1, 2\n")
    done = place.run("check")
    assert done.returncode == 2
    says(done, "crmhub.toml")


def test_unknown_keys_are_all_named_with_the_nearest_valid_one(place: Place) -> None:
    place.config(TWO_FOLDERS.replace("region", "regoin").replace('write = "update"', 'wirte = "update"', 1))
    done = place.run("check")
    assert done.returncode == 2
    says(done, "regoin", "region", "wirte", "write", "crmhub.toml:")


def test_a_missing_secret_names_the_reference_and_the_connection(place: Place) -> None:
    book = '[connections.book]\nplugin = "carddav"\nurl = "http://127.0.0.1:9/"\nuser = "u"\n'
    place.config(TWO_FOLDERS + book + 'password = { env = "NO_SUCH_SECRET" }\n')
    done = place.run("check")
    assert done.returncode == 2
    says(done, "NO_SUCH_SECRET", "book")


def with_book(place: Place, url: str, password: str = "p") -> None:
    secret = place.folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(password)
    book = f'[connections.book]\nplugin = "carddav"\nurl = "{url}"\nuser = "u"\npassword = {{ file = "secret" }}\n'
    place.config(TWO_FOLDERS.replace('systems = ["left", "right"]', 'systems = ["left", "book"]') + book)


def test_an_unreachable_host_stops_only_its_own_system(place: Place) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,")
    with_book(place, "http://127.0.0.1:9/")
    summary = place.summary("sync", "customers")
    assert summary["exit_code"] == 5, "the first sync of the other system waits for a person, which comes first"
    assert any(item["where"] == "book" and item["retryable"] for item in summary["problems"]), summary["problems"]
    assert place.accounts(summary)["left"]["total"] == 1


class HtmlServer(BaseHTTPRequestHandler):
    """Answers everything with a web page, as a login portal does."""

    def answer(self) -> None:
        body = b"<html><body><h1>Please sign in to the guest network</h1></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PROPFIND = do_REPORT = do_PUT = answer

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def portal() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), HtmlServer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_server_that_answers_html_is_no_address_book(place: Place, portal: str) -> None:
    with_book(place, portal)
    done = place.run("connect", "test", "book")
    assert done.returncode in (1, 2, 7)
    assert "Traceback" not in done.stderr
    assert (
        "sign in to the guest network" in done.stdout + done.stderr
        or "not an address book" in done.stdout + done.stderr
    )


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_radicale(
        tmp_path_factory.mktemp("radicale"), user="u", password="p", books=("one", "two", "three")
    ) as server:
        yield server


def test_a_wrong_password_needs_a_login_and_stops_only_its_own_system(place: Place, radicale: RunningServer) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,")
    with_book(place, radicale.details["books"]["one"], "wrong")
    summary = place.summary("sync", "customers")
    assert summary["exit_code"] == 6
    assert any(item["where"] == "book" and "needs_login" in item["code"] for item in summary["problems"]), summary[
        "problems"
    ]
    assert "wrong" not in json.dumps(summary["problems"])


def test_a_vcard_that_does_not_parse_is_quarantined_and_the_others_go_on(place: Place, radicale: RunningServer) -> None:
    book = radicale.details["books"]["two"]
    with_book(place, book)
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u1\r\nFN:Anna Berg\r\nN:Berg;Anna;;;\r\nEMAIL:anna@x.example\r\nEND:VCARD\r\n"
    requests.put(f"{book}a.vcf", card, auth=("u", "p"), timeout=10).raise_for_status()
    requests.put(
        f"{book}b.vcf",
        card.replace("u1", "u2").replace("Anna", "Bo").replace("anna@", "bo@"),
        auth=("u", "p"),
        timeout=10,
    )
    stored = next(path for path in radicale.folder.rglob("b.vcf") if path.parent.name == "two")
    stored.write_text("BEGIN:VCARD\nVERSION:3.0\nthis line is no property\nEND:VCARD\n")
    summary = place.summary("match", "customers")
    assert place.accounts(summary)["book"]["in_sync"] == 1
    assert all(item["ok"] for item in summary["result"]["customers"]["accounts"]), summary["result"]["customers"][
        "accounts"
    ]


def test_a_ragged_row_is_quarantined_with_its_line_and_the_others_go_on(place: Place) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,", "2,Bo,Li,bo@x.example,1,2,3,4", "3,Carla,Diaz,carla@x.example,")
    summary = place.sync()
    assert summary["exit_code"] == 3
    account = place.accounts(summary)["left"]
    assert (account["total"], account["in_sync"], account["quarantined"]) == (3, 2, 1)
    listed = place.run("quarantine", "list", "--show-pii").stdout
    assert "Row 3 of people.csv" in listed, listed
    assert "bo@x.example,1,2,3,4" in (place.folder / "left" / "people.csv").read_text(), "the row is still there"


def test_an_unknown_column_is_kept_and_reported(place: Place) -> None:
    file = place.folder / "left" / "people.csv"
    file.write_text("id,first name,last name,email,shoe size\n1,Anna,Berg,anna@x.example,38\n")
    summary = place.sync()
    assert summary["exit_code"] == 0, summary["problems"]
    assert "shoe size" in file.read_text()
    assert "38" in file.read_text()


def test_an_ambiguous_column_is_asked_with_the_choices(place: Place) -> None:
    (place.folder / "left" / "people.csv").write_text("编号,名字,邮箱\n1,王伟,wang@x.example\n")
    done = place.run("sync", "customers")
    assert done.returncode == 1, done.stderr
    says(done, "名字", "columns")


def test_an_unknown_enum_value_is_kept_and_spreads_nowhere(place: Place) -> None:
    for side in ("left", "right"):
        (place.folder / side / "people.csv").write_text("id,kind,name,email\n")
    (place.folder / "left" / "people.csv").write_text("id,kind,name,email\n1,alien,Anna Berg,anna@x.example\n")
    summary = place.sync()
    assert summary["exit_code"] == 0, summary["problems"]
    assert "alien" in (place.folder / "left" / "people.csv").read_text()
    right = (place.folder / "right" / "people.csv").read_text()
    assert "Anna" in right
    assert "alien" not in right


def test_a_field_of_ten_megabytes_passes_whole(place: Place) -> None:
    for side in ("left", "right"):
        (place.folder / side / "people.csv").write_text("id,name,email,notes\n")
    notes = "x" * 10_000_000
    (place.folder / "left" / "people.csv").write_text(f"id,name,email,notes\n1,Anna Berg,anna@x.example,{notes}\n")
    place.sync()
    right = (place.folder / "right" / "people.csv").read_text()
    assert notes in right or "too long" in place.run("quarantine", "list").stdout


@pytest.mark.parametrize("bad", ["\x00", "\ud800"], ids=["NUL", "lone surrogate"])
def test_text_that_nothing_can_store_is_refused_by_record(place: Place, bad: str) -> None:
    for side in ("left", "right"):
        (place.folder / side / "people.csv").unlink()
        (place.folder / side / "people.jsonl").write_text("")
    place.config(TWO_FOLDERS.replace('target = "people.csv"', 'target = "people.jsonl"'))
    records = [
        {"id": "1", "name": f"An{bad}na", "email": "anna@x.example"},
        {"id": "2", "name": "Bo", "email": "bo@x.example"},
    ]
    lines = "".join(json.dumps(item) + "\n" for item in records)
    (place.folder / "left" / "people.jsonl").write_text(lines)
    summary = place.sync()
    assert all(item["ok"] for item in summary["result"]["customers"]["accounts"]), summary
    assert "bo@x.example" in (place.folder / "right" / "people.jsonl").read_text(), "the good record went on"
    assert (place.folder / "left" / "people.jsonl").read_text().startswith(lines[:10]), "the bad one is still there"
    assert bad not in (place.folder / "right" / "people.jsonl").read_text(errors="surrogatepass")


def test_two_rows_with_one_key_are_both_named_and_neither_is_lost(place: Place) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,", "1,Anna,Bergmann,anna.b@x.example,", "2,Bo,Li,bo@x.example,")
    summary = place.sync()
    assert summary["exit_code"] == 3
    assert all(item["ok"] for item in summary["result"]["customers"]["accounts"])
    listed = place.run("quarantine", "list", "--show-pii").stdout
    assert "2" in listed
    assert "3" in listed
    text = (place.folder / "left" / "people.csv").read_text()
    assert "anna@x.example" in text
    assert "anna.b@x.example" in text


def test_a_mapping_that_breaks_a_law_is_refused_with_the_law(place: Place) -> None:
    folder = place.folder / "mappings"
    folder.mkdir()
    (folder / "files.customers.toml").write_text(
        'extends = "shipped"\n[fields]\nstatus = { at = "vip", map = { active = "yes", archived = "yes" } }\n'
    )
    done = place.run("check")
    assert done.returncode == 2, done.stdout
    says(done, "files.customers.toml")


def test_a_plugin_that_fails_to_import_is_listed_and_the_others_work(place: Place) -> None:
    broken = place.folder / "plugins" / "broken"
    (broken / "broken_shop").mkdir(parents=True)
    (broken / "pyproject.toml").write_text(
        '[project]\nname = "broken-shop"\nversion = "1"\n[project.entry-points."crmhub.plugins"]\nbroken = "broken_shop"\n'
    )
    (broken / "broken_shop" / "__init__.py").write_text("import a_module_that_is_not_there\n")
    place.config(TWO_FOLDERS.replace('region = "DE"', 'region = "DE"\nplugins = ["plugins/broken"]'))
    place.rows("left", "1,Anna,Berg,anna@x.example,")
    listed = place.run("plugin", "list")
    assert "a_module_that_is_not_there" in listed.stdout + listed.stderr
    assert place.sync()["exit_code"] == 0


def test_a_store_from_a_newer_version_is_left_alone(place: Place) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,")
    place.sync()
    database = next((place.folder / "crmhub-data").glob("*.db"))
    ask = "SELECT gid, doc FROM golden"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 999")
        before = connection.execute(ask).fetchall()
    done = place.run("sync", "customers")
    assert done.returncode == 1
    says(done, "999", "newer")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(ask).fetchall() == before
        assert connection.execute("PRAGMA user_version").fetchone() == (999,)


def test_a_full_disk_is_said_and_the_next_run_goes_on(place: Place) -> None:
    place.rows("left", *(f"{n},Anna{n},Berg,anna{n}@x.example," for n in range(400)))

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = place.run("match", "customers", preexec_fn=small_disk)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    summary = place.sync()
    assert all(item["ok"] for item in summary["result"]["customers"]["accounts"])
    assert (place.folder / "right" / "people.csv").read_text().count("@x.example") == 400


def test_two_processes_at_once_exit_with_11(place: Place) -> None:
    place.rows("left", "1,Anna,Berg,anna@x.example,")
    place.sync()
    code = (
        "import sys; from pathlib import Path; from hub.store.file_lock import ProcessLock\n"
        "with ProcessLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    database = next((place.folder / "crmhub-data").glob("*.db"))
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        done = place.run("sync", "customers")
        holder.stdin.close()
    assert done.returncode == 11
    says(done, str(holder.pid))


def test_two_books_of_one_server_are_two_connections_by_configuration_alone(
    place: Place, radicale: RunningServer
) -> None:
    books = radicale.details["books"]
    secret = place.folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text("p")
    text = '[syncs.customers]\nsystems = ["one", "three"]\n'
    for name in ("one", "three"):
        text += f'[connections.{name}]\nplugin = "carddav"\nurl = "{books[name]}"\nuser = "u"\npassword = {{ file = "secret" }}\n'
    place.config(text)
    card = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:z1\r\nFN:Zoe Zahn\r\nN:Zahn;Zoe;;;\r\nEMAIL:zoe@x.example\r\nEND:VCARD\r\n"
    )
    requests.put(f"{books['one']}z.vcf", card, auth=("u", "p"), timeout=10).raise_for_status()
    place.sync()
    listing = requests.request("PROPFIND", books["three"], headers={"Depth": "1"}, auth=("u", "p"), timeout=10).text
    assert listing.count(".vcf<") == 1, listing
    assert place.summary("sync", "customers")["counts"]["customers"]["three"]["created"] == 0
