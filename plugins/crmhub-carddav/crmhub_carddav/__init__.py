"""CardDAV address books (RFC 6352) as a source and target of CRM Hub."""
