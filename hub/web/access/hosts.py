"""Which names the pages answer to: a foreign name that points at this machine (DNS rebinding) gets nothing."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether an address or name can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The host in a Host header, without its port; "" if it is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_ours(header: str, public_url: str, listen: str) -> bool:
    """Whether a Host header names this service: an IP address (no name can be rebound to it), localhost, the name that
    it listens on, or that of ``public_url``."""
    host = host_of(header)
    if not host or any(char in header for char in "/@\\?# "):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in {"localhost", listen, urlsplit(public_url).hostname}
    return True


def is_same_origin(origin: str, header: str, public_url: str) -> bool:
    """Whether an Origin header is that of these pages."""
    parts = urlsplit(origin)
    if public_url and origin == "{0.scheme}://{0.netloc}".format(urlsplit(public_url)):
        return True
    return parts.scheme in ("http", "https") and parts.netloc == header
