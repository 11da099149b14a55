"""The demo: a real ERP, a real address book and a CSV folder become one customer base before your eyes."""
