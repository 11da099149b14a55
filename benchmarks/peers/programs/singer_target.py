"""Singer: a target for SQLite, the SDK's own SQL sink with nothing added.

target-sqlite of PyPI (0.2.0, 2019) wants a SQLAlchemy that does not run on Python 3.10 and later.
"""

from typing import Any

from singer_sdk import SQLConnector, SQLSink, SQLTarget
from singer_sdk import typing as th


class Connector(SQLConnector):  # type: ignore[misc]  # the library is in an environment of its own
    """Where the file is."""

    allow_temp_tables = False
    allow_merge_upsert = False

    def get_sqlalchemy_url(self, config: Any) -> str:
        return f"sqlite:///{config['path']}"


class Sink(SQLSink):  # type: ignore[misc]  # the same
    """Rows in portions."""

    connector_class = Connector
    max_size = 10_000


class SqliteTarget(SQLTarget):  # type: ignore[misc]  # the same
    """The target."""

    name = "target-sqlite"
    config_jsonschema = th.PropertiesList(th.Property("path", th.StringType, required=True)).to_dict()
    default_sink_class = Sink


if __name__ == "__main__":
    SqliteTarget.cli()
