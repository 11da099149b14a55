"""Mailboxes over IMAP, and notices by mail over SMTP, for CRM Hub."""
