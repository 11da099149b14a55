"""What ``crmhub serve`` answers over HTTP: webhooks, health and metrics, pages."""
