"""Looking after an installation: copies of the store, a check-up, and a bundle for people who help."""
