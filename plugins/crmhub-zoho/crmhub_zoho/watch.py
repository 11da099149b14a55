"""Notification channels: Zoho tells an address which records changed, for one week at most (API v8, Notifications).

A channel carries no signature, only the token of its subscription; it ends without a word, so it is renewed every day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from hub import plugin

if TYPE_CHECKING:
    from crmhub_zoho.connector import ZohoConnector

WEEK = timedelta(days=7) - timedelta(minutes=5)
"""The longest life of a channel, less what clocks may differ; beyond seven days Zoho gives one hour."""
RENEW = timedelta(days=6)
"""A channel that ends sooner than this is renewed."""
SCOPE = "ZohoCRM.notifications.ALL"
PAGE = 200

_LIST = plugin.Call(path="/actions/watch", params={"page": "{page}", "per_page": PAGE})
_MAKE = plugin.Call(method="POST", path="/actions/watch", body={"watch": "{watch}"})
_RENEW = plugin.Call(method="PUT", path="/actions/watch", body={"watch": "{watch}"})
_REMOVE = plugin.Call(method="DELETE", path="/actions/watch", params={"channel_ids": "{ids}"})


class Channels:
    """The channels of one connection to an address; one of them tells about all modules."""

    def __init__(self, connector: ZohoConnector, modules: Sequence[str]) -> None:
        self._connector = connector
        self._events = [f"{module}.all" for module in modules]
        self._now = connector.context.clock

    def all(self, url: str) -> list[plugin.Subscription]:
        found: dict[str, plugin.Subscription] = {}
        page = 1
        while True:
            answer = self._connector.call(_LIST, {"page": page}, doing="read", what="listing the channels")
            content = answer.data if isinstance(answer.data, Mapping) else {}  # 204 without content: there are none
            for row in content.get("watch") or ():
                if row.get("notify_url") == url:
                    item = self._shown(row)
                    before = found.get(item.id)
                    topics = sorted({*item.topic.split(), *(before.topic.split() if before else ())})
                    found[item.id] = replace(item, topic=" ".join(topics))
            if not (content.get("info") or {}).get("more_records"):
                return [found[key] for key in sorted(found)]
            page += 1

    def mend(self, url: str, token: str) -> list[plugin.Subscription]:
        known = self.all(url)
        mine = next((item for item in known if item.id == channel_of(url)), None)
        wanted = sorted(self._events)
        if mine is not None and mine.active and mine.topic.split() == wanted and mine.expires is not None:
            if mine.expires - self._now() >= RENEW:
                return known
        end = (self._now() + WEEK).isoformat(timespec="seconds")
        watch = {"channel_id": channel_of(url), "events": wanted, "notify_url": url, "token": token}
        call, what = (_MAKE, "making a channel") if mine is None else (_RENEW, "renewing a channel")
        self._send(call, {"watch": [{**watch, "channel_expiry": end}]}, what)
        mended: Literal["made", "renewed"] = "made" if mine is None or not mine.active else "renewed"
        return [replace(item, mended=mended) if item.id == channel_of(url) else item for item in self.all(url)]

    def remove(self, url: str) -> int:
        known = self.all(url)
        if known:
            self._send(_REMOVE, {"ids": ",".join(item.id for item in known)}, "ending channels")
        return len(known)

    def _send(self, call: plugin.Call, values: Mapping[str, Any], what: str) -> None:
        """Raises Rejected with Zoho's own words if one of the outcomes is an error."""
        answer = self._connector.call(call, values, doing="write", what=what)
        content = answer.data if isinstance(answer.data, Mapping) else {}
        rows = content.get("watch") or [content]
        wrong = [row for row in rows if row.get("status") != "success"]
        if wrong:
            words = str(wrong[0].get("message") or "no outcome")
            code = str(wrong[0].get("code") or "")
            raise plugin.Rejected(
                f"{what}: {words}", where=self._connector.context.connection, remote_code=code, remote_text=words
            )

    def _shown(self, row: Mapping[str, Any]) -> plugin.Subscription:
        expires = _moment(row.get("channel_expiry"))
        active = expires is None or expires > self._now()
        events = " ".join(sorted(str(item) for item in row.get("events") or ()))
        return plugin.Subscription(
            str(row.get("channel_id")), events, str(row.get("notify_url")), active, "" if active else "expired", expires
        )


def channel_of(url: str) -> str:
    """The number of the channel to an address: the same whenever it is asked for."""
    return str(10**12 + int(hashlib.sha256(url.encode()).hexdigest()[:9], 16))


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
