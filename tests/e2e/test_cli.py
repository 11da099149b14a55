"""The command line as people use it: from nothing to systems in step, and every decision in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import make_app
from tests.e2e.hub_folder import ANNA, BO, CONFIG, PLUGIN, SECRET, HubFolder


def test_init_writes_a_configuration_and_a_private_file_for_secrets(tmp_path: Path) -> None:
    config = tmp_path / "hub" / "config.toml"
    first = CliRunner().invoke(make_app(), ["init", "--config", str(config)])
    assert first.exit_code == 0, first.output
    assert "crmhub check" in first.stdout
    assert config.exists()
    secrets = config.with_name("secrets.env")
    assert secrets.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(make_app(), ["init", "--config", str(config)])
    assert again.exit_code == 2
    assert "exists already" in again.stderr


@pytest.mark.parametrize("template", ["full", "tryton-carddav", "files"])
def test_every_template_passes_check_once_its_secrets_are_there(tmp_path: Path, template: str) -> None:
    config = tmp_path / "config.toml"
    made = CliRunner().invoke(make_app(), ["init", "--config", str(config), "--template", template])
    assert made.exit_code == 0, made.output
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "book").write_text("x")
    (tmp_path / "secrets" / "book").chmod(0o600)
    environment = {"ERP_PASSWORD": "x", "BOOK_PASSWORD": "x", "MAIL_PASSWORD": "x"}
    checked = CliRunner().invoke(make_app(), ["check", "--config", str(config)], env=environment)
    assert checked.exit_code == 0, checked.output


def test_check_names_every_problem_with_its_line(folder: HubFolder) -> None:
    folder.configure(CONFIG.replace('"DE"', '"Germany"').replace('file = "shop.json"', "fiel = 3"))
    answer = folder.run("check")
    assert answer.code == 2
    assert "config.toml:3: region is 'Germany'" in answer.err
    assert "Did you mean 'file'" in answer.err
    assert "'file' is missing" in answer.err


def test_check_says_what_two_way_means_here(folder: HubFolder) -> None:
    answer = folder.run("check")
    assert answer.code == 0, answer
    assert "office.contacts: two-way; deletions are seen by a full listing" in answer.out


def test_the_first_sync_writes_nothing_and_names_the_command_that_approves_it(folder: HubFolder) -> None:
    before = folder.get("office"), folder.get("shop")
    answer = folder.run("sync", "customers")
    assert answer.code == 5
    assert "create in office: C*** D***" in answer.out
    assert "linked: A*** B***" in answer.out
    assert "Plan: 2 create, 0 update, 0 delete" in answer.out
    assert (folder.get("office"), folder.get("shop")) == before
    command = next(line for line in answer.out.splitlines() if "--approve" in line).split("crmhub ")[1].split()
    done = folder.run(*command)
    assert done.code == 0, done
    assert folder.names("office") == folder.names("shop") == ["Anna Berg", "Bo Li", "Carla Diaz"]


def test_an_approval_of_another_plan_writes_nothing(folder: HubFolder) -> None:
    folder.run("sync", "customers")
    answer = folder.run("sync", "customers", "--approve", "0123456789abcdef")
    assert answer.code == 8
    assert "not the current one" in answer.err
    assert folder.names("office") == ["Anna Berg", "Bo Li"]


def test_edits_come_across_and_a_quiet_run_writes_nothing(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    assert synced.run("sync").code == 0
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"
    quiet = synced.run("sync", "--json")
    assert quiet.summary["result"]["customers"]["applied"] == 0


def test_a_plan_is_saved_shown_applied_once_and_refused_when_stale(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    file = synced.path / "plan.json"
    shown = synced.run("plan", "customers", "-o", str(file))
    assert shown.code == 0
    assert shown.out.strip().endswith("Plan: 0 create, 1 update, 0 delete")
    assert "[office, edit]" in shown.out
    assert "Bergmann" not in shown.out, "personal data is masked in run output"
    assert file.stat().st_mode & 0o777 == 0o600
    assert synced.get("shop")["a"]["name"] == "Anna Berg"
    assert synced.run("apply", str(file)).code == 0
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"
    stale = synced.run("apply", str(file))
    assert stale.code == 8
    assert "stale, skipped" in stale.out


def test_a_plan_that_was_changed_by_hand_is_refused(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    file = synced.path / "plan.json"
    synced.run("plan", "customers", "-o", str(file))
    content = json.loads(file.read_text())
    content["items"][0]["data"]["name"] = "Mallory"
    file.write_text(json.dumps(content))
    answer = synced.run("apply", str(file))
    assert answer.code == 2
    assert "changed after it was saved" in answer.err


def test_plan_can_tell_by_its_exit_code_whether_there_is_anything_to_do(synced: HubFolder) -> None:
    assert synced.run("plan", "customers", "--exit-code").code == 0
    synced.edit("office", "1", name="Anna Bergmann")
    assert synced.run("plan", "customers", "--exit-code").code == 4


def test_a_canary_writes_only_as_many_records(synced: HubFolder) -> None:
    for id_ in ("1", "2"):
        synced.edit("office", id_, notes="new")
    answer = synced.run("sync", "customers", "--canary", "1", "--json")
    assert answer.summary["result"]["customers"]["applied"] == 1


def test_a_plugin_can_veto_a_plan(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Veto Berg")
    answer = synced.run("sync", "customers")
    assert answer.code == 5
    assert "must not be written" in answer.err
    assert synced.get("shop")["a"]["name"] == "Anna Berg"


def test_a_conflict_waits_for_a_person_who_decides_it(synced: HubFolder) -> None:
    synced.edit("office", "1", notes="likes tea")
    synced.edit("shop", "a", notes="likes coffee")
    assert synced.run("sync").code == 5
    listed = synced.run("conflicts", "list", "--json")
    assert listed.code == 5
    number = str(listed.summary["result"][0]["id"])
    shown = synced.run("conflicts", "show", number)
    assert "likes tea" in shown.out
    assert "likes coffee" in shown.out
    assert "crmhub conflicts list" in synced.run("status").out
    refused = synced.run("conflicts", "resolve", number, "--take", "erp")
    assert refused.code == 2
    assert "Take one of: office, shop" in refused.err
    assert synced.run("conflicts", "resolve", number, "--take", "shop").code == 0
    assert synced.run("sync").code == 0
    assert synced.get("office")["1"]["notes"] == synced.get("shop")["a"]["notes"] == "likes coffee"
    assert synced.run("conflicts", "list").code == 0


def test_a_person_may_decide_for_a_third_value_and_later_restore_a_loser(synced: HubFolder) -> None:
    synced.edit("office", "1", notes="likes tea")
    synced.edit("shop", "a", notes="likes coffee")
    synced.run("sync")
    number = str(synced.run("conflicts", "list", "--json").summary["result"][0]["id"])
    assert synced.run("conflicts", "resolve", number, "--value", "likes water").code == 0
    assert synced.run("sync").code == 0
    assert synced.get("office")["1"]["notes"] == synced.get("shop")["a"]["notes"] == "likes water"
    assert synced.run("conflicts", "resolve", number, "--take", "office").code == 0
    synced.run("sync")
    assert synced.get("office")["1"]["notes"] == synced.get("shop")["a"]["notes"] == "likes tea"


def test_a_question_of_identity_is_answered_by_a_person(folder: HubFolder) -> None:
    folder.put("shop", {"a": ANNA, "b": {**ANNA, "name": "Anna B."}})
    folder.run("sync")
    listed = folder.run("review", "list", "--json")
    assert listed.code == 5
    (question,) = listed.summary["result"]
    number = str(question["id"])
    refs = [member["ref"] for member in question["members"]]
    shown = folder.run("review", "show", number)
    assert all(ref in shown.out for ref in refs)
    unknown = folder.run("review", "link", number, "office/contacts/99")
    assert unknown.code != 0
    assert "not part of review" in unknown.err
    answer = folder.run("review", "link", number, "office/contacts/1", "shop/contacts/a")
    assert answer.code == 0, answer
    assert folder.run("review", "list").code == 0
    folder.first_sync()
    assert len(folder.get("office")) == 3, "the other Anna became a customer of her own"


def test_a_wrong_link_is_split_and_stays_split(synced: HubFolder) -> None:
    synced.edit("shop", "a", notes="from the shop")
    synced.run("sync")
    assert synced.get("office")["1"]["notes"] == "from the shop"
    answer = synced.run("review", "split", "shop/contacts/a")
    assert answer.code == 0, answer
    assert synced.run("sync").code == 0
    assert not synced.get("office")["1"].get("notes"), "what only the shop had said is taken back"
    assert synced.get("shop")["a"]["notes"] == "from the shop"
    assert synced.names("office").count("Anna Berg") == 2
    assert synced.run("sync", "--json").summary["result"]["customers"]["applied"] == 0


def test_splitting_a_record_that_is_alone_is_refused(folder: HubFolder) -> None:
    folder.run("match", "customers")
    answer = folder.run("review", "split", "office/contacts/2")
    assert answer.code == 2
    assert "nothing to split" in answer.err


def test_a_refused_record_is_quarantined_and_tried_again_on_demand(synced: HubFolder) -> None:
    synced.fault("shop", "reject")
    synced.edit("office", "1", notes="new")
    failed = synced.run("sync")
    assert failed.code == 3
    listed = synced.run("quarantine", "list", "--json")
    assert listed.code == 3
    (item,) = listed.summary["result"]
    assert item["cause"] == "rejected"
    assert "anna@x.example" not in listed.out, "personal data in a remote's words is masked"
    assert synced.run("quarantine", "show", item["ref"]).code == 0
    assert "crmhub quarantine list" in synced.run("status").out
    synced.fault("shop", "")
    assert synced.run("quarantine", "retry", "--cause", "rejected").code == 0
    assert synced.run("sync").code == 0
    assert synced.get("shop")["a"]["notes"] == "new"
    assert synced.run("quarantine", "list").code == 0


def test_a_record_that_cannot_be_read_stays_accounted_for_while_it_is_tried_again(synced: HubFolder) -> None:
    synced.put("office", {**synced.get("office"), "9": {"name": "half \ud800", "email": "half@x.example"}})
    assert synced.run("sync").code == 3
    assert synced.run("quarantine", "retry", "--all").code == 0
    assert synced.run("sync").code == 3
    systems = synced.run("status", "--json").summary["result"]["syncs"]["customers"]["systems"]
    assert [item["quarantined"] for item in systems if item["system"] == "office"] == [1]
    assert all(item["ok"] for item in systems)
    synced.edit("office", "9", name="whole")
    assert synced.run("sync").code == 0


def test_a_record_explains_its_values(synced: HubFolder) -> None:
    synced.edit("office", "1", name="Anna Bergmann")
    synced.edit("shop", "a", name="Anna Bergman")
    synced.run("sync")
    found = synced.run("record", "search", "bergm")
    assert found.code == 0
    shown = synced.run("record", "show", "anna@x.example")
    assert "Anna Bergmann" in shown.out
    assert "in shop: contacts a, active" in shown.out
    explained = synced.run("record", "explain", "anna@x.example", "--field", "name")
    assert "lost:    Anna Bergman from shop (order of systems)" in explained.out
    assert "before:  Anna Berg from office" in explained.out
    assert synced.run("record", "show", "nobody@x.example").code == 2
    assert synced.run("record", "explain", "anna@x.example", "--field", "nmae").code == 2


def test_a_reference_that_means_several_records_names_them(synced: HubFolder) -> None:
    answer = synced.run("record", "show", "x.example")
    assert answer.code == 2
    several = synced.run("record", "show", "a")
    assert several.code == 2
    assert "several records" in several.err


def test_runs_are_listed_and_shown(synced: HubFolder) -> None:
    listed = synced.run("runs", "list", "--json")
    run = listed.summary["result"][0]["id"]
    shown = synced.run("runs", "show", run[:13])
    assert shown.code in (0, 2)
    shown = synced.run("runs", "show", run)
    assert shown.code == 0
    assert "create office/contacts" in shown.out
    assert synced.run("runs", "show", "nothing").code == 2


def test_connect_test_goes_step_by_step(folder: HubFolder) -> None:
    answer = folder.run("connect", "test", "office")
    assert answer.code == 0, answer
    steps = [line.split()[1] for line in answer.out.splitlines()[:-1]]
    assert steps == ["settings", "sign-in", "rights", "read"]
    assert answer.out.splitlines()[-1] == "read yes, write yes, webhooks yes"


@pytest.mark.parametrize(("fault", "code"), [("auth", 6), ("down", 7)])
def test_connect_test_says_at_which_step_it_fails(folder: HubFolder, fault: str, code: int) -> None:
    folder.fault("office", fault)
    answer = folder.run("connect", "test", "office")
    assert answer.code == code
    assert "FAIL  sign-in" in answer.out
    assert SECRET not in answer.out + answer.err


def test_mappings_are_proved_and_tried(folder: HubFolder) -> None:
    assert folder.run("mapping", "check", "probe.contacts", "--examples", "20").code == 0
    tried = folder.run("mapping", "try", "office", "1", "--to", "shop")
    assert tried.code == 0, tried
    assert "emails = anna@x.example" in tried.out
    assert "shop would be given:" in tried.out
    assert folder.run("mapping", "try", "office", "99").code == 2
    assert folder.run("mapping", "check", "probe.contcts").code == 2


def test_plugins_are_listed_with_what_is_broken(folder: HubFolder) -> None:
    assert folder.run("plugin", "list").code == 0
    folder.configure(CONFIG.replace(f'["{PLUGIN}"]', '["probe_broken"]'))
    (folder.path / "probe_broken").mkdir()
    (folder.path / "probe_broken" / "__init__.py").write_text("import no_such_module_at_all")
    answer = folder.run("plugin", "list")
    assert answer.code == 1
    assert "no_such_module_at_all" in answer.out
    checked = folder.run("check")
    assert checked.code == 2
    assert "no_such_module_at_all" in checked.err


def test_status_without_a_run_names_the_next_command(folder: HubFolder) -> None:
    answer = folder.run("status")
    assert answer.code == 0
    assert "crmhub sync customers" in answer.out
    assert not (folder.path / "crmhub-data").exists(), "looking makes no database"


def test_status_shows_where_every_record_is(synced: HubFolder) -> None:
    answer = synced.run("status")
    assert answer.code == 0, answer
    assert "Nothing needs attention." in answer.out
    assert "DIFFERS" not in answer.out
    rows = synced.run("status", "--json").summary["result"]["syncs"]["customers"]["systems"]
    assert [(row["in_sync"], row["total"], row["ok"]) for row in rows] == [(3, 3, True), (3, 3, True)]


def test_the_data_folder_is_private(synced: HubFolder) -> None:
    assert (synced.path / "crmhub-data").stat().st_mode & 0o077 == 0


def test_what_a_name_was_meant_to_be_is_suggested(folder: HubFolder) -> None:
    for words in (["sync", "custmers"], ["connect", "test", "offce"]):
        answer = folder.run(*words)
        assert answer.code == 2
        assert "Did you mean" in answer.err


def test_records_of_both_systems_are_counted_in_the_match_report(folder: HubFolder) -> None:
    folder.put("shop", {"a": ANNA, "b": BO})
    answer = folder.run("match", "customers", "--json")
    assert answer.summary["result"]["customers"]["match"]["systems"]["office"]["linked"] == 2
    assert answer.summary["result"]["customers"]["plan"]["totals"] == {"create": 0, "update": 0, "delete": 0}


def test_only_a_first_sync_and_who_asks_get_the_match_report(folder: HubFolder) -> None:
    """It counts every record of the store, which an everyday run must not pay for."""
    first = folder.run("sync", "customers", "--json").summary["result"]["customers"]
    assert first["match"]["systems"]["shop"]["to_create"] == 1
    approval = first["plan"]["approval"]
    folder.run("sync", "customers", "--approve", approval)
    asked = [
        folder.run(*words, "--json").summary["result"]["customers"] for words in (["plan"], ["match", "customers"])
    ]
    assert [said["match"]["systems"]["shop"]["linked"] for said in asked] == [3, 3]
    assert folder.run("sync", "--json").summary["result"]["customers"]["match"] is None


def test_a_sync_that_cannot_start_does_not_keep_the_others_from_running(synced: HubFolder) -> None:
    broken = '[connections.gone]\nplugin = "probe"\nfile = "x"\ntoken = { env = "PROBE_NOT_SET" }\n'
    synced.configure(f'{CONFIG}\n{broken}\n[syncs.other]\nsystems = ["gone", "shop"]\n')
    synced.edit("office", "1", name="Anna Bergmann")
    answer = synced.run("sync", "--json")
    assert answer.code == 2
    assert [problem["code"] for problem in answer.summary["problems"]] == ["secret"]
    assert "PROBE_NOT_SET" in answer.summary["problems"][0]["message"]
    assert synced.get("shop")["a"]["name"] == "Anna Bergmann"


def test_a_record_is_given_as_the_typed_customer_to_those_who_may_see_it(synced: HubFolder) -> None:
    shown = synced.run("record", "show", "Anna Berg", "--json", "--show-pii").summary["result"]
    assert shown["customer"]["name"]["full"] == "Anna Berg"
    assert shown["customer"]["emails"][0]["value"] == "anna@x.example"
    assert {item["connection"] for item in shown["customer"]["external_ids"]} == {"office", "shop"}
    assert "customer" not in synced.run("record", "show", "Anna Berg", "--json").summary["result"]


def test_a_profile_shows_what_each_stage_took(synced: HubFolder) -> None:
    shown = synced.run("sync", "customers", "--profile")
    assert shown.code == 0, shown
    stages = [line.split()[0] for line in shown.out.splitlines() if line.split() and line.split()[0] in STAGES]
    assert set(stages) == {"recover", "read", "link", "plan", "account"}, "nothing was written"
    synced.edit("office", "1", notes="likes tea")
    answer = synced.run("sync", "customers", "--profile", "--json")
    found = {(item["name"], item["system"]): item for item in answer.summary["result"]["customers"]["stages"]}
    assert ("write", "shop") in found
    assert ("write", "office") not in found
    assert all(item["seconds"] >= item["cpu"] - 0.001 and item["times"] > 0 for item in found.values())


STAGES = {"recover", "read", "link", "plan", "write", "facts", "account"}
