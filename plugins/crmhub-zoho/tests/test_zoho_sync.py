"""Two-way syncs of a Zoho CRM with a folder of files, through the real engine, the real store and real HTTP."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_none

from crmhub_zoho.sandbox import ZohoSandbox
from hub.testing.office import Office

CONNECTION = """
[connections.crm]
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ env = "ZOHO_SECRET" }}
refresh_token = {{ env = "ZOHO_REFRESH" }}
accounts_url = "{url}"
"""
SHEET = """id,kind,first name,last name,email,mobile,city,country,notes
1,person,Anna,Berg,anna@firm.example,+49 171 1234567,Berlin,Germany,met at the fair
2,person,Bo,Lind,bo@x.example,,Wien,Austria,
"""


@pytest.fixture
def office(sandbox: ZohoSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("ZOHO_SECRET", sandbox.credentials()["client_secret"])
    monkeypatch.setenv("ZOHO_REFRESH", sandbox.credentials()["refresh_token"])
    connection = CONNECTION.format(client_id=sandbox.credentials()["client_id"], url=sandbox.url)
    return Office(tmp_path, connection, SHEET, sandbox)


def contact(sandbox: ZohoSandbox, email: str) -> dict[str, Any]:
    return next(item for item in sandbox.user.find("Contacts") if item["Email"] == email)


def test_both_sides_get_what_the_other_has_and_the_second_run_writes_nothing(
    office: Office, sandbox: ZohoSandbox
) -> None:
    sandbox.user.create("Contacts", {"Last_Name": "Berg", "First_Name": "Anna", "Email": "Anna@firm.example"})
    sandbox.user.create("Contacts", {"Last_Name": "Roth", "First_Name": "Eva", "Email": "eva@acme.example"})
    office.sync()
    anna, bo = contact(sandbox, "Anna@firm.example"), contact(sandbox, "bo@x.example")
    assert len(sandbox.user.find("Contacts")) == 3
    assert (anna["Mobile"], anna["Mailing_City"], anna["Description"]) == (
        "+49 171 1234567",
        "Berlin",
        "met at the fair",
    )
    assert bo["CRMHub_ID"]
    assert office.rows()["eva@acme.example"]["last name"] == "Roth"
    second = office.sync()
    assert second.applied == 0
    assert not second.plan.items


def test_edits_of_both_sides_meet(office: Office, sandbox: ZohoSandbox) -> None:
    office.sync()
    office.sync()
    sandbox.user.edit("Contacts", contact(sandbox, "anna@firm.example")["id"], {"Title": "CEO", "Mailing_City": "Graz"})
    office.edit("met at the fair", "met in Vienna")
    office.sync()
    anna = contact(sandbox, "anna@firm.example")
    assert (anna["Title"], anna["Description"], anna["Mailing_City"]) == ("CEO", "met in Vienna", "Graz")
    assert office.rows()["anna@firm.example"]["city"] == "Graz"
    assert office.sync().applied == 0


def test_a_create_whose_answer_was_lost_is_found_again(office: Office, sandbox: ZohoSandbox) -> None:
    office.sync()
    sandbox.switches.match = "upsert"
    sandbox.switches.drop_after_every = 1
    with (office.folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("9,person,Cy,Vogt,cy@x.example,,,,\n")
    office.sync()
    sandbox.switches.drop_after_every = 0
    office.sync()
    assert [item["Email"] for item in sandbox.user.find("Contacts")].count("cy@x.example") == 1
    assert office.sync().applied == 0


def test_a_quiet_run_costs_two_calls(office: Office, sandbox: ZohoSandbox) -> None:
    office.sync()
    office.sync()
    before = sum(sandbox.calls.values())
    office.sync()
    assert sum(sandbox.calls.values()) - before == 2


def test_the_login_is_kept_encrypted_and_used_by_the_next_run(office: Office, sandbox: ZohoSandbox) -> None:
    office.sync()
    office.sync()
    assert sum(number for name, number in sandbox.calls.items() if "oauth" in name) == 1
    (file,) = (office.folder / "crmhub-data" / "tokens").glob("*.token")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sandbox.credentials()["refresh_token"] not in file.read_text()
    assert stat.S_IMODE((office.folder / "crmhub.keys").stat().st_mode) == 0o600


def test_a_deleted_contact_is_not_made_again(office: Office, sandbox: ZohoSandbox) -> None:
    office.sync()
    office.sync()
    sandbox.user.delete("Contacts", contact(sandbox, "bo@x.example")["id"])
    office.sync()
    office.sync()
    assert "bo@x.example" not in [item["Email"] for item in sandbox.user.find("Contacts")]
    assert "bo@x.example" in office.rows()


def test_a_person_becomes_a_contact_and_no_account(office: Office, sandbox: ZohoSandbox) -> None:
    file = office.folder / "config.toml"
    file.write_text(file.read_text().replace('plugin = "zoho"', 'plugin = "zoho"\nmodules = ["Contacts", "Accounts"]'))
    sandbox.user.create("Contacts", {"Last_Name": "Roth", "First_Name": "Eva", "Email": "eva@acme.example"})
    office.sync()
    assert sandbox.user.find("Accounts") == []


def test_a_converted_lead_goes_on_as_a_contact(office: Office, sandbox: ZohoSandbox) -> None:
    """The customer is not deleted anywhere; the contact takes the lead's place."""
    file = office.folder / "config.toml"
    both = 'plugin = "zoho"\nmodules = ["Contacts", "Leads"]\ncreate = false'
    file.write_text(file.read_text().replace('plugin = "zoho"', both))
    lead = sandbox.user.create("Leads", {"Last_Name": "Roth", "First_Name": "Eva", "Email": "eva@acme.example"})
    office.sync()
    assert office.rows()["eva@acme.example"]["last name"] == "Roth"
    made = sandbox.user.convert(lead)
    office.sync()
    sandbox.user.edit("Contacts", made, {"Mailing_City": "Bern"})
    office.sync()
    office.sync()
    assert office.rows()["eva@acme.example"]["city"] == "Bern"
    assert len(office.rows()) == 3


def test_calls_of_a_first_sync_are_as_few_as_the_limits_allow(office: Office, sandbox: ZohoSandbox) -> None:
    """One page read; 250 creates in batches of 100, each read back: 1 + 3 + 3 (and 1 for each of the small first portions)."""
    rows = "".join(f"{n},person,A{n},B{n},p{n}@x.example,,,,\n" for n in range(10, 260))
    (office.folder / "customers.csv").write_text(SHEET.splitlines()[0] + "\n" + rows, encoding="utf-8")
    office.sync()
    assert len(sandbox.user.find("Contacts")) == 250
    named = {name: number for name, number in sandbox.calls.items() if "oauth" not in name}
    upserts = sum(number for name, number in named.items() if "upsert" in name)
    assert upserts <= 5
    assert sum(named.values()) <= 2 * upserts + 6, named
    assert office.sync().applied == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_faults_of_every_kind_make_no_duplicate_and_lose_no_edit(
    office: Office, sandbox: ZohoSandbox, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.http.session.wait_random_exponential", lambda **_: wait_none())
    rows = "".join(f"{n},person,A{n},B{n},p{n}@x.example,,,,\n" for n in range(10, 40))
    (office.folder / "customers.csv").write_text(SHEET.splitlines()[0] + "\n" + rows, encoding="utf-8")
    people = [sandbox.user.create("Contacts", {"Last_Name": f"Z{n}", "Email": f"z{n}@x.example"}) for n in range(10)]
    faults = {"fail_every": 5 + seed, "drop_after_every": 7 + seed, "truncate_every": 6 + seed, "html_every": 13}
    sandbox.switches.match = "/crm/v8/"
    for name, every in faults.items():
        setattr(sandbox.switches, name, every)
    for run in range(6):
        sandbox.user.edit("Contacts", people[run], {"Title": f"edit {run}"})
        office.sync(faulty=True)
    for name in faults:
        setattr(sandbox.switches, name, 0)
    for _ in range(3):
        office.sync()
    wanted = {f"p{n}@x.example" for n in range(10, 40)} | {f"z{n}@x.example" for n in range(10)}
    emails = [item["Email"] for item in sandbox.user.find("Contacts")]
    assert (len(emails), set(emails)) == (40, wanted)
    assert set(office.rows()) == wanted
    assert [sandbox.user.get("Contacts", id_)["Title"] for id_ in people[:6]] == [f"edit {run}" for run in range(6)]
    assert office.sync().applied == 0


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("+49 171/7654321", "+49 171 7654321"), ("ask the reception", None)],
    ids=["a spelling that Zoho refuses", "no number at all"],
)
def test_a_phone_number_never_keeps_a_customer_out_of_zoho(
    office: Office, sandbox: ZohoSandbox, typed: str, shown: str | None
) -> None:
    office.edit("+49 171 1234567", typed)
    found = office.sync()
    assert found.counters["crm"].failed == 0
    assert contact(sandbox, "anna@firm.example")["Mobile"] == shown
    assert office.sync().applied == 0
    assert office.rows()["anna@firm.example"]["mobile"] == typed, "the sheet keeps its own spelling"
