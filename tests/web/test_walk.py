"""The way of a newcomer through the pages, without a browser: first user, first sync, a conflict, a duplicate."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from hub.contract.errors import HubError
from hub.drift import Drift, to_json
from hub.service.process import Service
from hub.web.access import setup_code
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.web.visitor import Visitor, serving, words

PASSWORD = "correct horse battery"


def link(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found, pattern
    return found.group(1)


def test_the_first_user_is_made_with_the_code_and_is_signed_in(nobody: Visitor) -> None:
    code = setup_code.make(nobody.store, nobody.service.clock())
    assert nobody.get("/").headers["location"] == "/login"
    assert nobody.get("/login").headers["location"] == "/setup"
    nobody.token = link(nobody.get("/setup").text, 'name="csrf" value="([^"]+)"')
    wrong = nobody.post("/setup", code="AAAA", name="ann", password=PASSWORD, again=PASSWORD)
    assert (wrong.status_code, "not the code" in wrong.text) == (400, True)
    assert nobody.store.users.count() == 0
    made = nobody.post("/setup", code=code, name="ann", password=PASSWORD, again=PASSWORD)
    assert made.status_code == 303
    cookie = made.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert nobody.get("/").status_code == 200
    assert nobody.get("/setup").headers["location"] == "/login"
    user = nobody.store.users.get("ann")
    assert user is not None
    assert user.role == "admin"


def test_a_first_sync_is_matched_reviewed_and_approved(operator: Visitor, folder: HubFolder) -> None:
    assert "Read all systems" in words(operator.get("/syncs/customers"))
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    assert report.url.path == "/syncs/customers/plan"
    text = words(report)
    assert "Who is the same" in text
    assert "Plan: 2 create, 0 update, 0 delete" in text
    assert folder.names("office") == ["Anna Berg", "Bo Li"], "nothing is written yet"
    assert "B*** L***" in text, "names are masked"
    hash_ = link(report.text, 'name="hash" value="([^"]+)"')
    done = operator.follow(operator.post("/syncs/customers/approve", hash=hash_))
    assert done.url.path.startswith("/runs/")
    assert "2 records written" in words(done)
    assert folder.names("office") == folder.names("shop") == ["Anna Berg", "Bo Li", "Carla Diaz"]
    overview = words(operator.get("/"))
    assert "Nothing needs you" in overview
    assert "3 adds up" in overview


def test_an_approval_counts_once_and_only_for_the_plan_that_was_shown(operator: Visitor, folder: HubFolder) -> None:
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    hash_ = link(report.text, 'name="hash" value="([^"]+)"')
    stale = operator.post("/syncs/customers/approve", hash="0" * 16)
    assert (stale.status_code, "The plan is stale" in stale.text) == (409, True)
    folder.edit("office", "2", name="Bo Li-Meier")
    changed = operator.follow(operator.post("/syncs/customers/approve", hash=hash_))
    assert "the plan has changed since it was made; nothing was written" in words(changed)
    assert folder.names("shop") == ["Anna Berg", "Carla Diaz"]
    fresh = operator.get("/syncs/customers/plan")
    newer = link(fresh.text, 'name="hash" value="([^"]+)"')
    assert newer != hash_
    operator.follow(operator.post("/syncs/customers/approve", hash=newer))
    assert folder.names("shop") == ["Anna Berg", "Bo Li-Meier", "Carla Diaz"]
    again = operator.post("/syncs/customers/approve", hash=newer)
    assert again.status_code == 409


def test_a_canary_writes_ten_and_plans_the_rest_anew(operator: Visitor, folder: HubFolder) -> None:
    people = {str(number): {"name": f"Person {number:02}", "email": f"p{number}@x.example"} for number in range(25)}
    folder.put("office", people)
    folder.put("shop", {})
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    assert "Approve canary of 10" in words(report)
    hash_ = link(report.text, 'name="hash" value="([^"]+)"')
    after = operator.follow(operator.post("/syncs/customers/approve", hash=hash_, canary="10"))
    assert len(folder.get("shop")) == 10
    assert "The canary is written" in words(after)
    assert "Plan: 15 create" in words(after)
    assert "customers" in operator.service.desk.pauses.of("sync"), "no schedule writes the rest meanwhile"
    rest = link(after.text, 'name="hash" value="([^"]+)"')
    operator.follow(operator.post("/syncs/customers/approve", hash=rest))
    assert len(folder.get("shop")) == 25
    assert operator.service.desk.pauses.of("sync") == {}


def first_sync(operator: Visitor) -> None:
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    operator.follow(operator.post("/syncs/customers/approve", hash=link(report.text, 'name="hash" value="([^"]+)"')))


def test_a_conflict_is_decided_and_the_next_sync_writes_it(operator: Visitor, folder: HubFolder) -> None:
    first_sync(operator)
    folder.edit("office", "1", notes="likes tea")
    folder.edit("shop", "a", notes="likes coffee")
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    assert "1 field is in conflict" in words(operator.get("/"))
    page = operator.get("/conflicts")
    assert "likes tea" in page.text
    assert "likes coffee" in page.text
    field = link(page.text, r'name="(take-\d+)"')
    taken: dict[str, Any] = {field: "shop"}
    assert operator.follow(operator.post("/conflicts/resolve", **taken)).status_code == 200
    assert "No conflicts" in words(operator.get("/conflicts"))
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    assert folder.get("office")["1"]["notes"] == "likes coffee"
    for run in operator.store.history.runs():
        assert operator.get(f"/runs/{run['id']}").status_code == 200, run["kind"]
    assert "decision" in words(operator.get("/runs"))
    actions = [item.action for item in operator.store.audit.newest()]
    assert "conflict_opened" in actions
    assert "conflict_resolved" in actions


def test_another_value_may_win_a_conflict(operator: Visitor, folder: HubFolder) -> None:
    first_sync(operator)
    folder.edit("office", "1", notes="likes tea")
    folder.edit("shop", "a", notes="likes coffee")
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    number = link(operator.get("/conflicts").text, r'name="take-(\d+)"')
    choice: dict[str, Any] = {f"take-{number}": "=other", f"value-{number}": "likes water"}
    operator.follow(operator.post("/conflicts/resolve", **choice))
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    assert folder.get("office")["1"]["notes"] == folder.get("shop")["a"]["notes"] == "likes water"


def test_a_possible_duplicate_is_linked_or_kept_apart(operator: Visitor, folder: HubFolder) -> None:
    twice = {"name": "Eva Nagy", "email": "eva@x.example"}
    folder.put("office", {"1": dict(twice), "2": dict(twice)})
    folder.put("shop", {"a": dict(twice)})
    operator.follow(operator.post("/syncs/customers/start", kind="match"))
    page = operator.get("/reviews")
    assert "Eva Nagy" in page.text
    refs = re.findall(r'name="ref" value="([^"]+)"', page.text)
    assert len(refs) == 3
    number = link(page.text, r'action="/reviews/(\d+)"')
    one = operator.post(f"/reviews/{number}", answer="same", ref=refs[:1])
    assert one.status_code == 400
    done = operator.follow(operator.post(f"/reviews/{number}", answer="different"))
    assert done.status_code == 200
    assert "No questions" in words(operator.get("/reviews"))


def test_records_in_quarantine_are_shown_by_cause_and_tried_again(operator: Visitor, folder: HubFolder) -> None:
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    folder.fault("shop", "reject")
    operator.follow(operator.post("/syncs/customers/approve", hash=link(report.text, 'name="hash" value="([^"]+)"')))
    page = operator.get("/quarantine")
    assert "is not allowed" in page.text
    assert "anna@x.example" not in page.text, "a message is masked"
    folder.fault("shop", "")
    done = operator.follow(operator.post("/quarantine/retry", cause="rejected", system="shop"))
    assert "1 record will be tried again" in words(done)
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    assert folder.names("shop") == ["Anna Berg", "Bo Li", "Carla Diaz"]
    assert "Nothing is in quarantine" in words(operator.get("/quarantine"))


def test_records_in_quarantine_are_ignored_until_they_change_and_listed_apart(
    operator: Visitor, folder: HubFolder
) -> None:
    report = operator.follow(operator.post("/syncs/customers/start", kind="match"))
    folder.fault("shop", "reject")
    operator.follow(operator.post("/syncs/customers/approve", hash=link(report.text, 'name="hash" value="([^"]+)"')))
    assert operator.post("/quarantine/ignore").status_code == 400
    assert operator.post("/quarantine/ignore", cause="nothing").status_code == 400
    assert operator.post("/quarantine/ignore", cause="rejected", system="shop").headers["location"] == "/quarantine"
    page = operator.get("/quarantine")
    assert "Nothing else is in quarantine" in words(page)
    assert "1 record stays refused and counted" in words(page)
    assert "ope," in words(page)
    assert "Nothing needs you" in words(operator.get("/"))
    operator.follow(operator.post("/syncs/customers/start", kind="sync"))
    assert operator.store.history.runs()[0]["state"] == "success"
    assert folder.names("shop") == ["Anna Berg", "Carla Diaz"], "it stays refused"
    assert folder.run("status").code == 0
    assert "ignored: 1" in folder.run("quarantine", "list").out
    ref = link(page.text, 'name="ref" value="([^"]+)"')
    operator.post("/quarantine/ignore", ref=ref, to="stop")
    assert "1 record in quarantine" in words(operator.get("/"))
    assert folder.run("quarantine", "ignore", ref).code == 0
    assert folder.run("quarantine", "ignore", "--stop", "--json").summary["counts"] == {"stopped": 1}
    assert folder.run("quarantine", "ignore").code == 2
    assert [item.who for item in operator.store.audit.newest() if item.action == "quarantine_ignored"] == [
        "command line",
        "ope",
    ]


def test_a_record_shows_where_its_values_come_from(operator: Visitor, folder: HubFolder) -> None:
    first_sync(operator)
    found = operator.get("/records?q=anna@x.example")
    page = operator.get(found.headers["location"])
    text = words(page)
    assert "A*** B***" in text
    assert "Anna" not in page.text
    assert "name" in text
    operator.post("/personal-data", show="1", back=page.url.path)
    assert "Anna Berg" in words(operator.get(page.url.path))
    field = operator.get(f"{page.url.path}?field=name")
    assert "It came from" in words(field)
    operator.post("/personal-data", show="0", back=page.url.path)
    assert "Anna" not in operator.get(page.url.path).text


def test_a_record_that_was_linked_wrongly_is_taken_out(operator: Visitor) -> None:
    first_sync(operator)
    gid = operator.store.records.search("anna@x.example")[0][0]
    ref = link(operator.get(f"/records/{gid}").text, r'name="ref" value="(shop/[^"]+)"')
    assert operator.post(f"/records/{gid}/split", ref="shop/contacts/c").status_code == 400
    page = operator.follow(operator.post(f"/records/{gid}/split", ref=ref))
    other = page.url.path.rsplit("/", 1)[1]
    assert other != gid
    links = operator.store.records.links_by_gid([other])[other]
    assert [item.remote_id for item in links] == ["a"]


def test_a_connection_is_tested_step_by_step(operator: Visitor, folder: HubFolder) -> None:
    folder.fault("shop", "auth")
    assert operator.post("/connections/shop/test").status_code == 303
    for _ in range(500):
        part = operator.get("/connections/shop", hx_request="true")
        if "hx-trigger" not in part.text:
            break
        operator.service._wait(0.01)
    assert "FAIL" not in part.text
    assert "is not accepted" in part.text
    assert "s3cret-token-value" not in part.text
    folder.fault("shop", "")
    operator.post("/connections/shop/test")
    for _ in range(500):
        lines = operator.store.audit.newest(action="connection_test_ended", subject="shop")
        if len(lines) == 2:
            break
        operator.service._wait(0.01)
    assert [(line.detail["ok"], line.detail["step"]) for line in lines] == [(True, ""), (False, "sign-in")]
    assert "ope stopped at sign-in" in words(operator.get("/connections/shop"))


def test_a_connection_shows_its_webhooks_and_every_field_that_changed(operator: Visitor, folder: HubFolder) -> None:
    page = words(operator.get("/connections/office"))
    assert "none: [serve] public_url" in page
    assert "not looked after" in page
    folder.configure(CONFIG + '\n[serve]\npublic_url = "http://localhost:8787"\n')
    operator.service.reload()
    job = operator.service.jobs.put("x", "x", "ope", lambda _app, _tell: None)
    assert job.over.wait(10)
    fields = [Drift("contacts", "notes", "gone", "text", ""), Drift("contacts", "name", "type", "text", "")]
    operator.store.work.set_meta("drift:office", to_json(fields))
    page = words(operator.get("/connections/office"))
    assert "http://localhost:8787/hooks/office" in page
    assert "contacts notes is gone" in page
    assert "contacts name is no longer of type text" in page
    assert "Every mapping fits" not in page


def test_a_paused_connection_says_so_and_goes_on_again(operator: Visitor) -> None:
    operator.post("/connections/shop/pause", to="pause", reason="new <server>")
    page = operator.get("/connections/shop")
    assert "new &lt;server&gt;" in page.text
    operator.post("/connections/shop/pause", to="resume")
    assert "Pause shop" in words(operator.get("/connections/shop"))


def test_a_job_that_waits_for_a_command_shows_it(operator: Visitor, service: Service) -> None:
    job = service.jobs.put("retry", "x", "ope", lambda _app, _tell: {"to": "/"})
    assert job.over.wait(10)
    assert operator.get(f"/jobs/{job.id}").headers["location"] == "/"
    assert operator.get("/jobs/999").status_code == 404


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_a_job_that_ends_while_its_page_is_made_is_looked_at_again(
    operator: Visitor, service: Service, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    gate = threading.Event()

    def work(_app: object, _tell: object) -> dict[str, str]:
        assert gate.wait(10)
        if ends == "badly":
            raise HubError("nobody is there")
        return {"to": "/"}

    job = service.jobs.put("retry", "x", "ope", work)

    def end(_job: object) -> str:
        gate.set()
        assert job.over.wait(10)
        return "/"

    monkeypatch.setattr("hub.web.pages.jobs._back", end)
    page = operator.get(f"/jobs/{job.id}")
    assert 'hx-trigger="every 1s"' in page.text, "a page that does not refresh itself would lead nowhere"
    assert "nobody is there" not in page.text
    page = operator.get(f"/jobs/{job.id}")
    assert page.status_code == (303 if ends == "well" else 200)
    assert ("nobody is there" in page.text) is (ends == "badly")


def test_a_mapping_is_looked_at_with_records_read_now(operator: Visitor, viewer: Visitor) -> None:
    path = "/connections/office/mappings/contacts"
    assert "No record was read yet" in words(operator.get("/connections/office/mappings/contacts"))
    assert viewer.post(path).status_code == 403
    assert operator.post(path).status_code == 303
    for _ in range(500):
        part = operator.get(path, hx_request="true")
        if "hx-trigger" not in part.text:
            break
        operator.service._wait(0.01)
    text = words(operator.get(path))
    assert "1 of 2, read" in text
    assert "name A*** B***" in text
    assert "Anna" not in text
    operator.post("/personal-data", show="1", back=path)
    assert "Bo Li" in words(operator.get(f"{path}?record=1"))
    assert operator.get("/connections/office/mappings/nothing").status_code == 404


def test_a_plan_that_deletes_can_need_two_people(folder: HubFolder) -> None:
    folder.configure(CONFIG + "\n[serve]\ntwo_people = true\n")
    with serving(folder) as service:
        one, other = Visitor(service, "operator"), Visitor(service, "admin")
        first_sync(one)
        doc: dict[str, Any] = {
            "run": "r",
            "items": [],
            "counts": {"shop": {"create": 0, "update": 0, "delete": 1}},
            "trips": [],
            "review": 0,
            "conflicts": 0,
            "calls": {},
            "vetoes": [],
            "report": {},
        }
        one.store.work.save_plan("abc", "customers", service.clock(), "proposed", doc)
        runs = len(one.store.history.runs())
        assert "Two people have to approve this plan" in words(one.get("/syncs/customers/plan"))
        for _ in range(2):
            answer = one.post("/syncs/customers/approve", hash="abc")
            assert answer.headers["location"] == "/syncs/customers/plan", "one person twice is not two"
        assert "ope has approved it; a second person has to, too" in words(other.get("/syncs/customers/plan"))
        assert len(one.store.history.runs()) == runs
        last = other.follow(other.post("/syncs/customers/approve", hash="abc"))
        assert "the plan has changed since" in words(last), "it is tried now, and this one never was a real plan"
        assert len(one.store.history.runs()) == runs + 1
        entry = next(item for item in one.store.audit.newest() if item.action == "plan_approved")
        assert (entry.who, entry.detail["first"]) == ("adm", "ope")


def test_what_the_command_line_leaves_waiting_is_on_the_pages_and_goes_with_it(
    operator: Visitor, folder: HubFolder
) -> None:
    held = folder.run("sync", "customers", "--json")
    assert held.code == 5
    assert "No plan waits" not in words(operator.get("/plans"))
    approval = held.summary["result"]["customers"]["plan"]["approval"]
    assert approval in operator.get("/syncs/customers/plan").text
    assert folder.run("sync", "customers", "--approve", approval).code == 0
    assert "No plan waits" in words(operator.get("/plans"))


def test_a_run_with_many_writes_is_shown_in_pages(operator: Visitor, folder: HubFolder) -> None:
    folder.put("office", {str(n): {"name": f"Person {n:03}", "email": f"p{n}@x.example"} for n in range(103)})
    folder.put("shop", {})
    first_sync(operator)
    run = next(item["id"] for item in operator.store.history.runs() if item.get("applied"))
    page = operator.get(f"/runs/{run}")
    assert "103 records written" in words(page)
    assert "1 to 100 of 103" in words(page)
    assert page.text.count('class="panel item"') == 100
    assert operator.get(f"/runs/{run}?from=100").text.count('class="panel item"') == 3
