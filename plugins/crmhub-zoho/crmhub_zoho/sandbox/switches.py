"""The switches of the Zoho sandbox: first of all where the vendor's documentation leaves two answers open."""

from __future__ import annotations

from typing import Literal

from hub.testing.sandbox import Count, Switches


class ZohoSwitches(Switches):
    """In addition to those of every sandbox.

    time_zone:          of the user whose token is used; all times are shown with its offset
    unique_fields:      more fields without duplicates, as "Contacts.Email" (an admin's choice per organisation)
    trims:              texts lose white space at their ends (unverified)
    mixed_status:       the HTTP status of a batch with good and bad records (documented 207; older answers say 200)
    missing_status:     what a record that does not exist answers with: 204, or 400 with INVALID_DATA
    restore_touches:    restoring from the recycle bin moves Modified_Time
    merged_away_as:     how the deleted feed tells the records that a merge has used up
    notify_own_changes: changes made by the API notify, too
    shifting_pages:     page tokens count rows, so that rows that move meanwhile shift the pages
    recycled_values_block: values of unique fields stay taken while their record is in the recycle bin
    duplicates_are:     duplicate errors name the other record by its id only, or also as duplicate_record
    """

    one_second_clock: bool = True
    concurrency: Count | None = 20
    quota: Count | None = 100_000
    time_zone: str = "Asia/Shanghai"
    unique_fields: tuple[str, ...] = ()
    trims: bool = True
    mixed_status: Literal[200, 207] = 207
    missing_status: Literal[204, 400] = 204
    restore_touches: bool = False
    merged_away_as: Literal["permanent", "recycle", "absent"] = "permanent"
    notify_own_changes: bool = True
    shifting_pages: bool = False
    recycled_values_block: bool = False
    duplicates_are: Literal["id", "duplicate_record"] = "duplicate_record"
