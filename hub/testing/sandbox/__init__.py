"""Faithful local servers for systems that cannot be run: the frame that all sandboxes share.

    with running(ZohoSandbox()) as zoho:
        zoho.user.create("Contacts", {"Last_Name": "Li"})
        requests.get(zoho.url + "/crm/v8/Contacts?fields=Last_Name", headers=...)

A sandbox is a starlette application over a small state (in memory, or one SQLite file that survives a restart), with a
clock that a test can move, switches that make it misbehave as real systems do, and counters of calls.  A person's
actions are methods of ``sandbox.user``; from outside, everything is under ``/_sandbox``.  Nothing but loopback is used.
"""

from hub.testing.sandbox.application import Sandbox
from hub.testing.sandbox.calls import Call, Endpoint, Handler, Refused, reply
from hub.testing.sandbox.clock import Clock
from hub.testing.sandbox.deliveries import Deliveries
from hub.testing.sandbox.index import LaggingIndex
from hub.testing.sandbox.limits import Quota
from hub.testing.sandbox.running import running, serve
from hub.testing.sandbox.state import Collection, State
from hub.testing.sandbox.switches import Count, Seconds, Switches

__all__ = [
    "Call",
    "Clock",
    "Collection",
    "Count",
    "Deliveries",
    "Endpoint",
    "Handler",
    "LaggingIndex",
    "Quota",
    "Refused",
    "Sandbox",
    "Seconds",
    "State",
    "Switches",
    "reply",
    "running",
    "serve",
]
