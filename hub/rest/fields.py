"""The fields of a resource as its API describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.contract.records import Field
from hub.rest.paths import any_fits, at, fits, rows_at, text_at
from hub.rest.spec import Describe


def described(spec: Describe, data: Any) -> Sequence[Field]:
    """Fields from the answer; those without a name are left out."""
    return [_field(spec, row) for row in rows_at(data, spec.records) if text_at(row, spec.name)]


def _field(spec: Describe, row: Any) -> Field:
    length = at(row, spec.max_length) if spec.max_length else None
    values = rows_at(row, spec.values) if spec.values else []
    shown = [text for item in values if (text := text_at(item, spec.value))]
    return Field(
        text_at(row, spec.name),
        spec.types.get(text_at(row, spec.type), "text"),
        text_at(row, spec.label),
        required=bool(spec.required) and fits(row, spec.required),
        read_only=any_fits(row, spec.read_only),
        max_length=length if isinstance(length, int) and length > 0 else None,
        values=shown or None,
        custom=bool(spec.custom) and fits(row, spec.custom),
    )
