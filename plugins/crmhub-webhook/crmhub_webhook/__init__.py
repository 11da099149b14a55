"""Notices as signed webhooks."""
