"""Merging what a system shows into the golden record: pure decisions over the values of hub.state."""
