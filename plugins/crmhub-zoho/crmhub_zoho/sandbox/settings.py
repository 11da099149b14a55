"""Organisation, users, modules and fields (API v8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_zoho.sandbox.fields import MODULES, Module
from crmhub_zoho.sandbox.records import USERS, Records
from crmhub_zoho.sandbox.shapes import missing_parameter, refuse
from hub.testing.sandbox import Call, reply

if TYPE_CHECKING:
    from crmhub_zoho.sandbox.app import ZohoSandbox

ZGID = "700000001"


class Settings:
    """Answers calls about the organisation."""

    def __init__(self, sandbox: ZohoSandbox, records: Records) -> None:
        self._sandbox = sandbox
        self._records = records

    def org(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "org", "READ")
        self._sandbox.spend(1)
        return reply(
            200,
            {
                "org": [
                    {
                        "id": "5000000000000020001",
                        "zgid": ZGID,
                        "company_name": "Sandbox Trading",
                        "domain_name": f"org{ZGID}",
                        "type": "production",
                        "time_zone": self._sandbox.switches.time_zone,
                        "country_code": "CN",
                        "iso_code": "CNY",
                        "currency_symbol": "¥",
                        "license_details": {
                            "paid": True,
                            "paid_type": "enterprise",
                            "paid_expiry": None,
                            "trial_type": None,
                            "users_license_purchased": 10,
                        },
                    }
                ]
            },
        )

    def users(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "users", "READ")
        self._sandbox.spend(1)
        kind = call.query.get("type", "AllUsers")
        found = [self._user(key) for key in USERS]
        if kind == "ActiveUsers":
            found = [item for item in found if item["status"] == "active"]
        elif kind == "CurrentUser":
            found = [self._user(self._sandbox.caller)]
        elif kind != "AllUsers":  # there are more kinds; these are the ones that a connector needs
            raise refuse(400, "INVALID_DATA", "invalid data", {"param_name": "type"})
        info = {"per_page": 200, "count": len(found), "page": 1, "more_records": False}
        return reply(200, {"users": found, "info": info})

    def modules(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "settings.modules", "READ")
        self._sandbox.spend(1)
        return reply(200, {"modules": [_module(item) for item in MODULES.values()]})

    def fields(self, call: Call) -> Response:
        self._sandbox.sign_in(call, "settings.fields", "READ")
        self._sandbox.spend(1)
        name = call.query.get("module")
        if not name:
            raise missing_parameter("module")
        if name not in MODULES:
            raise refuse(400, "INVALID_MODULE", "the module name given seems to be invalid", {"param_name": "module"})
        unique = self._records.unique_fields(MODULES[name])
        shown = []
        for number, field in enumerate(self._records.visible(name).values()):
            item = field.described(MODULES[name].number * 1000 + number)
            shown.append({**item, "unique": {"case_sensitive": False}} if field.name in unique else item)
        return reply(200, {"fields": shown})

    def _user(self, key: str) -> dict[str, Any]:
        person = USERS[key]
        first, _, last = str(person["full_name"]).rpartition(" ")
        offset = self._sandbox.now().astimezone(self._records.zone()).utcoffset()
        assert offset is not None
        return {
            "id": key,
            "full_name": person["full_name"],
            "first_name": first or None,
            "last_name": last,
            "email": person["email"],
            "status": person["status"],
            "zuid": f"80000{key[-3:]}",
            "time_zone": self._sandbox.switches.time_zone,
            # the documentation's example has the sign turned round: -28800000 for UTC+8
            "offset": -int(offset.total_seconds() * 1000),
            "role": {"name": "CEO", "id": "5000000000000026005"},
            "profile": {"name": "Administrator", "id": "5000000000000026011"},
            "type__s": "Regular User",
            "locale": "en_US",
            "created_time": self._records.time("2025-01-01T00:00:00+00:00"),
        }


def _module(item: Module) -> dict[str, Any]:
    return {
        "id": item.id,
        "api_name": item.name,
        "module_name": item.name,
        "singular_label": item.singular,
        "plural_label": item.name,
        "generated_type": "default",
        "api_supported": True,
        "creatable": True,
        "editable": True,
        "deletable": True,
        "viewable": True,
        "visible": True,
        "visibility": 1,
        "modified_time": None,
    }
