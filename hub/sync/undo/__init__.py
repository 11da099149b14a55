"""Undoing a run: a compensating plan through the same merge (docs/decisions/0018-undo.md).

``compare`` finds out, for one record, what of a write still stands; ``spelling`` gives back the very bytes; ``golden``
moves the golden record; ``plan`` puts it together for a run and ``carry`` stores the decisions.
"""
