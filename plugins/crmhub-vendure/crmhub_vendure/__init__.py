"""CRM Hub connector for Vendure e-shops (3.x): customers with their addresses, over the admin API (GraphQL)."""
