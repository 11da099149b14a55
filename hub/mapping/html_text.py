"""Text to HTML paragraphs and back, for systems that keep notes as HTML."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

_BREAKS = re.compile(r"<br\s*/?>|</p\s*>|</div\s*>|</li\s*>", re.IGNORECASE)
_TAGS = re.compile(r"<[a-zA-Z/!][^>]*>")


def html_to_text(native: str) -> str:
    """Paragraphs and line breaks become line ends, other tags vanish, entities are resolved."""
    flat = native.replace("\n", " ") if _TAGS.search(native) else native
    return unescape(_TAGS.sub("", _BREAKS.sub("\n", flat)))


def text_to_html(value: Any) -> str:
    """One paragraph; line ends are ``<br>``."""
    return "<p>" + escape(str(value), quote=False).replace("\n", "<br>") + "</p>"
