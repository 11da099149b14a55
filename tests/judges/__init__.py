"""Clients that others wrote, mostly the vendors, judge the sandboxes: what they cannot read is not faithful."""
