"""Tokens of logins: encrypted on disk, one file a connection, locked across threads and processes."""
