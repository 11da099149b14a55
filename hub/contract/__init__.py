"""The plugin contract: the connector class, its values and its error tree.  Plugins import it through ``hub.plugin``."""
