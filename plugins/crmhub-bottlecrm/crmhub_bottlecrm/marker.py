"""The custom field that holds the hub's key: without a definition BottleCRM drops the value and says that all went well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmhub_bottlecrm.api import KEY
from hub import plugin

if TYPE_CHECKING:
    from crmhub_bottlecrm.connector import BottleConnector

_LABEL = "CRM Hub ID"


def definition(connector: BottleConnector, model: str) -> Mapping[str, Any] | None:
    """The definition of our field for a model; None if there is none."""
    return next((row for row in definitions(connector, model) if row.get("key") == KEY), None)


def definitions(connector: BottleConnector, model: str) -> list[Mapping[str, Any]]:
    """All custom fields of a model."""
    given = {"target_model": model, "include_counts": "false"}
    answer = connector.ask("GET", "/custom-fields/", what=f"reading the custom fields of {model}", **given)
    rows = answer.get("definitions") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise plugin.Unavailable(
            "the answer to reading the custom fields has no list of definitions",
            where=connector.context.connection,
            remote_text=str(answer)[:120],
        )
    return rows


def ensure(connector: BottleConnector, model: str) -> None:
    """Define the field unless it is there.  Raises ConfigError where that is not possible.

    Nothing is created without it: a create whose answer is lost could not be found again.
    """
    where = connector.context.connection
    found = definition(connector, model)
    if found is None:
        body = {"target_model": model, "key": KEY, "label": _LABEL, "field_type": "text"}
        what = f"defining the custom field {KEY} of {model}"
        try:
            connector.ask("POST", "/custom-fields/", what=what, body=body)
        except (plugin.Rejected, plugin.ConfigError, plugin.OutcomeUnknown) as error:
            found = definition(connector, model)  # somebody else was faster, or only the answer was lost
            if found is None and isinstance(error, plugin.OutcomeUnknown):
                raise plugin.Unavailable(error.message, where=where) from error
            if found is None:
                raise plugin.ConfigError(
                    f"{model} has no custom field {KEY}, and this token may not define it: {error.message}",
                    where=where,
                    hint=f"Use the token of an admin, or let an admin add a text field with the key {KEY} to {model}",
                ) from error
    if found is not None and not (found.get("is_active") and found.get("field_type") in ("text", "textarea")):
        raise plugin.ConfigError(
            f"the custom field {KEY} of {model} is switched off or is no text",
            where=where,
            hint="Switch it on in BottleCRM's settings, or remove it there so that the hub can define it",
        )
