"""The composition root: from a configuration to engines that are ready to run.

    app = App(read_config(Path("config.toml")))
    with app, app.writing():
        result = app.engine("customers").sync()

Everything is opened lazily, so that what needs no database or network does not load them.
"""

from hub.bootstrap.app import App
from hub.bootstrap.parts import UsageProblem, uuid7
from hub.bootstrap.storage import DATABASE, SERVE

__all__ = ["DATABASE", "SERVE", "App", "UsageProblem", "uuid7"]
