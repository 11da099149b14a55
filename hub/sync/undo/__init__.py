"""Undoing a run: a compensating plan through the same merge (docs/decisions/0018-undo.md).

``written`` is what a run did to a record, ``compare`` finds out what of it still stands, ``spelling`` gives back the very
bytes, ``moves`` changes the golden record, ``customer`` and ``plan`` put it together, ``carry`` stores the decisions, and
``accept`` leaves systems alone that differ on purpose.
"""
