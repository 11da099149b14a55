"""The demo: a real ERP, a real address book, a stand-in for a CRM and a CSV folder become one customer base."""
