"""BottleCRM as a source and target of CRM Hub."""
