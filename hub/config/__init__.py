"""The configuration file: reading it, and saying everything that is wrong with it in one pass."""

from hub.config.model import Config, Connection, Hub, InvalidConfig, Problem, Sync
from hub.config.read import read_config

__all__ = ["Config", "Connection", "Hub", "InvalidConfig", "Problem", "Sync", "read_config"]
