"""Who may see and do what on the pages: passwords, sessions, roles, and where a request may come from."""
