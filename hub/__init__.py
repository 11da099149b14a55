"""CRM Hub: one trustworthy customer across systems.  The command is ``crmhub``; plugin authors import ``hub.plugin``."""

__version__ = "0.1.0"
