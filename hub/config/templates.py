"""What `crmhub init` writes."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Final

SECRETS: Final = """\
# Secrets of CRM Hub.  Only you may read this file (mode 0600).  Load it with:  set -a; . ./secrets.env; set +a
ERP_PASSWORD=
BOOK_PASSWORD=
MAIL_PASSWORD=
"""

_TRYTON_CARDDAV: Final = """\
# CRM Hub: customers of a Tryton ERP and an address book.  Every key is explained in config.example.toml.

[hub]
region = "DE"                                  # the country of phone numbers written without +49

[connections.erp]
plugin = "tryton"
url = "https://erp.example:8000"
database = "prod"
user = "crmhub"
password = { env = "ERP_PASSWORD" }            # secrets are references, never texts

[connections.book]
plugin = "carddav"
url = "https://cloud.example/remote.php/dav/"
user = "office"
password = { env = "BOOK_PASSWORD" }

[syncs.customers]
systems = ["erp", "book"]                      # in order of trust: the first wins ties
"""

_FILES: Final = """\
# CRM Hub: two tables kept in step.  Every key is explained in config.example.toml.

[hub]
region = "DE"                                  # the country of phone numbers written without +49

[connections.office]
plugin = "files"
path = "office/customers.csv"
write = "update"

[connections.shop]
plugin = "files"
path = "shop/customers.csv"
write = "update"

[syncs.customers]
systems = ["office", "shop"]                   # in order of trust: the first wins ties
"""


def template_text(name: str) -> str:
    """The configuration that a template starts with.  Raises KeyError for an unknown one."""
    if name == "full":
        return example_text()
    return {"tryton-carddav": _TRYTON_CARDDAV, "files": _FILES}[name]


def example_text() -> str:
    """``config.example.toml``: inside the package when installed, at the top of the source tree otherwise."""
    inside = importlib.resources.files("hub.config") / "config.example.toml"
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(__file__).resolve().parents[2] / "config.example.toml").read_text(encoding="utf-8")
