"""CRM Hub connector for the Tryton ERP (series 7.0 to 8.2): parties with everything that belongs to them."""
