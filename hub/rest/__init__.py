"""Connectors from a description of an API: one interpreter for descriptions in Python and in TOML.

spec, template, paths, paging, progress, batches, classify, fields: pure.  connector, reading, writing: the shell.
manifest: descriptions in TOML.
"""
