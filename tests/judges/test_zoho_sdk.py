"""Zoho's own Python SDK (zohocrmsdk8_0) talks to the Zoho sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api import coql as query
from zohocrmsdk.src.com.zoho.crm.api import notifications as notices
from zohocrmsdk.src.com.zoho.crm.api import record as rec
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.fields.fields_operations import FieldsOperations, GetFieldsParam
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.notifications.notifications_operations import (
    DeleteNotificationParam,
    NotificationsOperations,
)
from zohocrmsdk.src.com.zoho.crm.api.org.org_operations import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.record.record_operations import RecordOperations
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig
from zohocrmsdk.src.com.zoho.crm.api.users.users_operations import GetUsersParam, UsersOperations

from crmhub_zoho.sandbox import ZohoSandbox
from hub.testing.sandbox import running


@pytest.fixture
def zoho(tmp_path: Path) -> Iterator[ZohoSandbox]:
    with running(ZohoSandbox()) as sandbox:
        given = sandbox.credentials()
        token = OAuthToken(given["client_id"], given["client_secret"], refresh_token=given["refresh_token"])
        place = DataCenter.Environment(sandbox.url, f"{sandbox.url}/oauth/v2/token", sandbox.url)
        store, config = FileStore(str(tmp_path / "tokens")), SDKConfig(auto_refresh_fields=True)
        Initializer.initialize(place, token, store, config, str(tmp_path))
        yield sandbox


def parameters(kind: Any, **given: Any) -> ParameterMap:
    found = ParameterMap()
    for name, value in given.items():
        found.add(getattr(kind, name), value)
    return found


def new_contact(**values: Any) -> rec.Record:
    contact = rec.Record()
    for name, value in values.items():
        contact.add_key_value(name, value)
    return contact


def body(*records: rec.Record, **more: Any) -> rec.BodyWrapper:
    wrapper = rec.BodyWrapper()
    wrapper.set_data(list(records))
    for name, value in more.items():
        getattr(wrapper, f"set_{name}")(value)
    return wrapper


def outcome(item: Any) -> tuple[str, str]:
    return item.get_code().get_value(), item.get_status().get_value()


def listed(**given: Any) -> Any:
    wanted = parameters(rec.GetRecordsParam, fields="Last_Name,Email,Account_Name,Modified_Time,Date_of_Birth", **given)
    return RecordOperations("Contacts").get_records(wanted, HeaderMap())


def test_it_reads_pages_and_typed_values(zoho: ZohoSandbox) -> None:
    account = zoho.user.create("Accounts", {"Account_Name": "Acme"})
    for number in range(5):
        values = {"Last_Name": f"N{number}", "Account_Name": account, "Date_of_Birth": "1990-01-02"}
        zoho.user.create("Contacts", values)
    first = listed(per_page=3)
    assert first.get_status_code() == 200
    wrapper = first.get_object()
    assert isinstance(wrapper, rec.ResponseWrapper)
    info = wrapper.get_info()
    assert (info.get_count(), info.get_more_records()) == (3, True)
    record = wrapper.get_data()[0]
    assert isinstance(record.get_key_value("Modified_Time"), datetime)
    assert record.get_key_value("Date_of_Birth").isoformat() == "1990-01-02"
    assert record.get_key_value("Account_Name").get_key_value("name") == "Acme"
    second = listed(per_page=3, page_token=info.get_next_page_token()).get_object()
    names = [item.get_key_value("Last_Name") for item in (*wrapper.get_data(), *second.get_data())]
    assert names == ["N4", "N3", "N2", "N1", "N0"]


def test_it_understands_that_there_is_nothing(zoho: ZohoSandbox) -> None:
    assert listed().get_status_code() == 204
    zoho.user.create("Contacts", {"Last_Name": "A"})
    headers = HeaderMap()
    headers.add(rec.GetRecordsHeader.if_modified_since, datetime.fromisoformat("2999-01-01T00:00:00+00:00"))
    answer = RecordOperations("Contacts").get_records(parameters(rec.GetRecordsParam, fields="Last_Name"), headers)
    assert answer.get_status_code() == 304


def test_it_writes_and_reads_the_result_of_each_record(zoho: ZohoSandbox) -> None:
    contacts = RecordOperations("Contacts")
    rows = new_contact(Last_Name="Li", Email="li@x.example"), new_contact(Email="b@x.example")
    answer = contacts.create_records(body(*rows, trigger=[]), HeaderMap())
    assert answer.get_status_code() == 207
    good, bad = answer.get_object().get_data()
    assert (outcome(good), outcome(bad)) == (("SUCCESS", "success"), ("MANDATORY_NOT_FOUND", "error"))
    assert bad.get_details()["api_name"] == "Last_Name"
    id = int(good.get_details()["id"])
    update = contacts.update_record(id, body(new_contact(Title="Boss"), trigger=[]), HeaderMap())
    assert outcome(update.get_object().get_data()[0]) == ("SUCCESS", "success")
    shown = contacts.get_record(id, ParameterMap(), HeaderMap()).get_object().get_data()[0]
    assert (shown.get_key_value("Title"), shown.get_key_value("Owner").get_name()) == ("Boss", "Hub")
    row = new_contact(Last_Name="Li2", Email="LI@x.example")
    upsert = contacts.upsert_records(body(row, duplicate_check_fields=["Email"]), HeaderMap())
    assert upsert.get_object().get_data()[0].get_action().get_value() == "update"
    gone = contacts.delete_record(id, ParameterMap(), HeaderMap())
    assert outcome(gone.get_object().get_data()[0]) == ("SUCCESS", "success")
    deleted = contacts.get_deleted_records(ParameterMap(), HeaderMap()).get_object()
    assert [(str(item.get_id()), item.get_type()) for item in deleted.get_data()] == [(str(id), "recycle")]


def test_it_reads_a_duplicate(zoho: ZohoSandbox) -> None:
    zoho.switches.unique_fields = ("Contacts.Email",)
    zoho.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example"})
    answer = RecordOperations("Contacts").create_records(
        body(new_contact(Last_Name="B", Email="a@x.example")), HeaderMap()
    )
    assert answer.get_status_code() == 400
    assert outcome(answer.get_object().get_data()[0]) == ("DUPLICATE_DATA", "error")


def test_it_searches_and_queries(zoho: ZohoSandbox) -> None:
    zoho.user.create("Contacts", {"Last_Name": "Li", "Email": "li@x.example"})
    found = RecordOperations("Contacts").search_records(
        parameters(rec.SearchRecordsParam, email="li@x.example"), HeaderMap()
    )
    assert [item.get_key_value("Last_Name") for item in found.get_object().get_data()] == ["Li"]
    wrapper = query.BodyWrapper()
    wrapper.set_select_query("select Last_Name from Contacts where Email = 'li@x.example' limit 10")
    rows = query.CoqlOperations().get_records(wrapper).get_object()
    assert [item.get_key_value("Last_Name") for item in rows.get_data()] == ["Li"]


def test_it_reads_the_organisation(zoho: ZohoSandbox) -> None:
    (org,) = OrgOperations().get_organization().get_object().get_org()
    assert org.get_license_details().get_paid_type() == "enterprise"
    answer = UsersOperations().get_users(parameters(GetUsersParam, type="ActiveUsers"), HeaderMap())
    assert len(answer.get_object().get_users()) == 2
    fields = FieldsOperations().get_fields(parameters(GetFieldsParam, module="Contacts")).get_object().get_fields()
    assert {"Last_Name", "CRMHub_ID"} <= {field.get_api_name() for field in fields}


def test_it_reports_a_refusal_of_the_whole_request(zoho: ZohoSandbox) -> None:
    answer = RecordOperations("Contacts").get_records(ParameterMap(), HeaderMap())
    assert answer.get_status_code() == 400
    assert isinstance(answer.get_object(), rec.APIException)
    assert answer.get_object().get_code().get_value() == "REQUIRED_PARAM_MISSING"


def test_it_makes_renews_shows_and_ends_channels(zoho: ZohoSandbox) -> None:
    end = zoho.now() + timedelta(days=6)
    channel = notices.Notification()
    channel.set_channel_id("1000000068001")
    channel.set_events(["Contacts.all"])
    channel.set_notify_url("http://127.0.0.1:9/hooks/crm")
    channel.set_token("token")
    channel.set_channel_expiry(end.replace(microsecond=0))
    wrapper = notices.BodyWrapper()
    wrapper.set_watch([channel])
    operations = NotificationsOperations()
    made = operations.enable_notifications(wrapper)
    assert made.get_status_code() == 201
    (done,) = made.get_object().get_watch()
    assert outcome(done) == ("SUCCESS", "success")
    assert operations.update_notifications(wrapper).get_status_code() == 200
    (shown,) = operations.get_notifications(ParameterMap()).get_object().get_watch()
    assert shown.get_notify_url() == "http://127.0.0.1:9/hooks/crm"
    assert shown.get_channel_expiry() == end.replace(microsecond=0)
    ended = operations.delete_notification(parameters(DeleteNotificationParam, channel_ids="1000000068001"))
    assert outcome(ended.get_object().get_watch()[0]) == ("SUCCESS", "success")
    assert operations.get_notifications(ParameterMap()).get_status_code() == 204
