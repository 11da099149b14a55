"""Identity: which native records are the same customer.  Pure."""
