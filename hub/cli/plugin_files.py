"""The files of a new plugin, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.cli.plugin_openapi import Api


def description(api: Api) -> dict[str, Any]:
    """The description of the API, as the keys of a RestSpec."""
    params = {name: value for name, value in ((api.page, "{page}"), (api.since, "{since}")) if name}
    paging = {"kind": api.paging, **({"next": api.next} if api.paging == "token" else {})}
    resource: dict[str, Any] = {"fields": [*api.fields, api.key]}
    resource |= {"id": api.id} if api.id != "id" else {}
    resource |= {"version": api.version} if api.version else {}
    resource |= {} if api.conditional else {"hashed": True}  # a stamp may be too coarse to tell two edits apart
    resource |= {"modified": api.modified} if api.modified else {}
    resource |= {"since": {"overlap": 60}} if api.since else {}
    resource |= {"create_by": "marker", "key_field": api.key} if api.create else {}
    resource["list"] = {"path": api.path, "records": api.records, "params": params, "paging": paging}
    resource["get"] = {"path": api.item}
    resource["find"] = {
        "op_key": {"path": api.path, "records": api.records, "params": {api.key: "{value}"}, "exact": [api.key]}
    }
    if api.create:
        resource["create"] = {"path": api.path, "body": "{data}", "image": True}
    if api.update:
        headers = {"headers": {"If-Match": "{version}"}} if api.conditional else {}
        resource["update"] = {"method": api.update, "path": api.item, **headers, "body": "{data}", "image": True}
    if api.delete:
        resource["delete"] = {"method": "DELETE", "path": api.item}
    return {"url": f"{{settings.url}}{api.prefix}", "auth": {"kind": "bearer"}, "resources": {api.resource: resource}}


def manifest(name: str, api: Api) -> str:
    """A connector.toml."""
    spec = description(api)
    lines = [f"url = {_toml(spec['url'])}", "", "[connector]", f'name = "{name}"', "", "[settings]"]
    lines += ['url = { type = "url" }', 'token = { type = "secret" }', "", "[auth]", 'kind = "bearer"']
    for resource, keys in spec["resources"].items():
        lines += ["", f"[resources.{resource}]"]
        for key, value in keys.items():
            if key == "find":
                lines += [f"find.{kind} = {_toml(read)}" for kind, read in value.items()]
            else:
                lines.append(f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def connector(name: str, api: Api) -> str:
    """A connector.py."""
    body = _python(description(api), 8)
    return f'''"""The connector: its settings, and the description of the API."""

from pydantic import SecretStr

from hub import plugin


class {_class(name)}Config(plugin.RestConfig):
    """Settings of one connection."""

    url: str
    token: SecretStr


class {_class(name)}(plugin.RestConnector[{_class(name)}Config]):
    """Override methods where the API is odd: record, native, classify, send ..."""

    name, Config = "{name}", {_class(name)}Config
    spec = plugin.RestSpec.model_validate(
        {body}
    )
'''


def files(name: str, kind: str, api: Api) -> dict[str, str]:
    """Path below the plugin's folder -> text."""
    package = f"crmhub_{name}"
    made = {
        "pyproject.toml": _PYPROJECT.format(name=name, package=package),
        "README.md": _README.format(name=name, resource=api.resource, guessed=_guessed(api)),
        f"{package}/__init__.py": f'"""{name} for CRM Hub."""\n',
        f"{package}/py.typed": "",
        f"{package}/plugin.py": _plugin(name, package, kind, api),
        f"{package}/bench.py": _bench(name, package, kind, api),
        f"{package}/mappings/{name}.{api.resource}.toml": _mapping(name, api),
        "tests/test_contract.py": _TEST.format(package=package),
    }
    if kind == "toml":
        made[f"{package}/connector.toml"] = manifest(name, api)
    else:
        made[f"{package}/connector.py"] = connector(name, api)
    return made


def _plugin(name: str, package: str, kind: str, api: Api) -> str:
    if kind == "toml":
        needs, class_ = (
            "from pathlib import Path\n",
            ('plugin.load_manifest(Path(__file__).with_name("connector.toml"), module=__name__)'),
        )
    else:
        needs, class_ = "", _class(name)
    own = f"from {package}.connector import {_class(name)}\n" if kind == "python" else ""
    return _PLUGIN.format(needs=needs, own=own, connector=class_, name=name, package=package, resource=api.resource)


def _bench(name: str, package: str, kind: str, api: Api) -> str:
    own = (
        f"from {package}.connector import {_class(name)}"
        if kind == "python"
        else f"from {package}.plugin import hub_connectors"
    )
    class_ = _class(name) if kind == "python" else "hub_connectors()[0]"
    values = ", ".join(f'"{field}": f"{field} {{number}}"' for field in api.fields[:4])
    return _BENCH.format(own=own, connector=class_, resource=api.resource, text=api.fields[1], values=values)


def _mapping(name: str, api: Api) -> str:
    title, note = api.fields[:2]
    email = next((field for field in api.fields if "mail" in field), "")
    slot = f'\n[emails.slots]\n{email} = {{ pick = "primary", as = "email" }}\n' if email else ""
    emails = f', emails = {{ {email} = "anna@firm.example" }}' if email else ""
    none = f', emails = {{ {email} = "" }}' if email else ""
    given = f', {email} = "anna@firm.example"' if email else ""
    return _MAPPING.format(
        name=name, resource=api.resource, key=api.key, title=title, note=note, slot=slot, emails=emails, none=none,
        given=given, match='["own_key", "email"]' if email else '["own_key"]',
    )  # fmt: skip


def _guessed(api: Api) -> str:
    if not api.guessed:
        return ""
    return f"\nThe OpenAPI file does not say: {', '.join(api.guessed)}. Look at the description before you trust it.\n"


def _class(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def _python(value: Any, indent: int) -> str:
    """A value as the formatter would write it at that indentation."""
    line = "True" if value is True else json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or (len(line) + indent < _WIDTH and ": true" not in line):
        return line
    space = " " * (indent + 4)
    rows = [f"{space}{json.dumps(key)}: {_python(item, indent + 4)},\n" for key, item in value.items()]
    return "{\n" + "".join(rows) + " " * indent + "}"


def _toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


_WIDTH = 100

_PYPROJECT = """[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "crmhub-{name}"
version = "0.1.0"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["crmhub"]

[project.optional-dependencies]
test = ["pytest>=9"]

[project.entry-points."crmhub.plugins"]
{name} = "{package}.plugin"

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
force-include = {{ "quality.toml" = "{package}/quality.toml" }}

[tool.pytest.ini_options]
pythonpath = ["."]
"""

_README = """# crmhub-{name}

Connects {name} with CRM Hub. Resource: `{resource}`.
{guessed}
| key | needed | default | meaning |
|---|---|---|---|
| `url` | yes | | address of the API |
| `token` | yes | | a reference to the secret token |
| `fields` | no | | native fields to read beside the standard ones |

The tests run against a stand-in that is made from the description of the API. It proves that the connector does what the
description says; it cannot prove that the description is right. Replace it in the bench by the real server, or by a sandbox.
"""

_PLUGIN = '''"""The plugin's entry point."""

from collections.abc import Mapping, Sequence
{needs}from typing import Any

{own}from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """The connector."""
    return [{connector}]


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """What the contract kit tries it on."""
    return {{"{name}.{resource}": "{package}.bench:RecordsBench"}}
'''

_BENCH = '''"""What the contract kit tries the connector on: a stand-in for the API, until there is something better."""

from typing import Any

{own}
from hub.testing.kit import StandInBench


class RecordsBench(StandInBench):
    """Records of the stand-in."""

    connector = {connector}
    resource = "{resource}"
    text = "{text}"

    def document(self, number: int) -> dict[str, Any]:
        return {{{values}}}
'''

_TEST = '''"""The contract of CRM Hub; the outcomes are those that quality.toml claims."""

from {package}.bench import RecordsBench
from hub.testing.kit import ContractKit


class TestContract(ContractKit):
    bench = RecordsBench
'''

_MAPPING = """version  = 1
system   = "{name}"
resource = "{resource}"
record   = "customer"
own_key  = "{key}"
match    = {match}

[fields]
name.full = {{ at = "{title}", required = true, placeholder = "Unknown" }}
notes     = "{note}"
{slot}
[[example]]
name   = "a person"
native = {{ {title} = "Anna Berg", {note} = "two\\nlines"{given} }}
reads  = {{ "name.full" = "Anna Berg", notes = "two\\nlines"{emails} }}

[[example]]
name   = "nobody knows the name"
native = {{ {title} = "Unknown"{given} }}
reads  = {{ "name.full" = ""{emails} }}

[[example]]
name   = "our key is no field of the customer"
native = {{ {title} = "Bo Lind", {key} = "0199-key" }}
reads  = {{ "name.full" = "Bo Lind"{none}, notes = "" }}
"""
