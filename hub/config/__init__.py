"""The configuration file: reading it, and saying everything that is wrong with it in one pass.

``hub.config.read.read_config`` reads it, ``hub.config.model`` is what it says, ``hub.config.examine`` checks it with
plugins, secrets and mappings.  Nothing is imported here, so that the command line starts quickly.
"""
