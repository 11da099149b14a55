"""What happened, told in full: what a run changed (``diff``) and the life of a record (``timeline``).

The functions return values; pages and the command line show them.
"""
