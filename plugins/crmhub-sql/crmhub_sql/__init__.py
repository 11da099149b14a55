"""Tables and views of SQL databases for CRM Hub."""
