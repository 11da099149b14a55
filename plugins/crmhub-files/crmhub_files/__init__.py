"""CSV, JSON Lines and Excel files as a source and target of CRM Hub."""
