"""Refusals, changes and names of tags as BottleCRM has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmhub_bottlecrm.shapes import CONTACT, flat_errors, payload
from crmhub_bottlecrm.tags import slug
from hub.testing.bottlecrm_server import run_inside
from hub.testing.corpus import everything
from hub.testing.servers import RunningServer

_SLUGS = """
import django, json, sys
django.setup()
from common.models import Tags
print(json.dumps([Tags.slug_for(name) for name in json.loads({names!r})]))
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            {"error": True, "errors": {"email": ["taken"], "phone": ["bad", "short"]}},
            {"field": "email", "message": "email: taken; phone: bad; phone: short"},
        ),
        (
            {"error": True, "errors": {"custom_fields": {"loyalty": "is required"}}},
            {"field": "custom_fields.loyalty", "message": "custom_fields.loyalty: is required"},
        ),
        ({"tags": ["'x' is not a valid id."]}, {"field": "tags", "message": "tags: 'x' is not a valid id."}),
        ({"error": True, "errors": "Admin access required"}, {"message": "Admin access required"}),
        (
            {"errors": {"non_field_errors": ["Expected a dictionary"]}},
            {"field": "", "message": "non_field_errors: Expected a dictionary"},
        ),
        ({"detail": "No Contact matches the given query."}, {"detail": "No Contact matches the given query."}),
        ({"detail": "off", "code": "module_off"}, {"detail": "off", "code": "module_off"}),
        ({}, {}),
        ([1], [1]),
        (None, None),
        ("busy", "busy"),
    ],
)
def test_a_refusal_names_its_first_field_and_all_reasons(body: Any, found: Any) -> None:
    assert flat_errors(body) == found


def test_a_new_contact_is_sent_without_what_is_empty_and_with_our_key() -> None:
    data = {"first_name": "Bo", "email": None, "source": "", "tags": [], "custom_fields": {"a": 1, "b": None}}
    assert payload(CONTACT, data, "key") == {"first_name": "Bo", "custom_fields": {"a": 1, "crmhub_id": "key"}}


def test_a_change_empties_by_null_or_by_nothing_where_null_is_refused() -> None:
    data = {"email": None, "source": None, "tags": [], "assigned_to": ["x@x.example"], "custom_fields": {"a": None}}
    assert payload(CONTACT, data, None) == {"email": None, "source": "", "tags": [], "custom_fields": {"a": None}}


def test_tags_are_told_apart_as_bottlecrm_does(server: RunningServer) -> None:
    """By its own function, on many odd names."""
    names = ["hub:vip", "HubVIP", " Fair  2026 ", "Straße", "王伟", "किला", "❤️", "a_b-c", "é", "e\u0301", "", "--"]
    names += [text for text in everything()[::7] if text.isprintable()]
    theirs = json.loads(run_inside(server, _SLUGS.format(names=json.dumps(names))).splitlines()[-1])
    assert len(set(theirs)) > 40, "the names are too much alike to prove anything"
    assert {name: slug(name) for name in names} == dict(zip(names, theirs, strict=True))
