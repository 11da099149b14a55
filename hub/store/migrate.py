"""Bringing a database to the newest schema with alembic, one migration per transaction."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hub.store.driver import Driver
from hub.store.schema import SCHEMA


def upgrade(connection: Connection, driver: Driver) -> None:
    """Run all missing migrations; a kill in between leaves the last complete one."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    script = ScriptDirectory.from_config(config)

    def steps(revision: object, _context: object) -> object:
        return script._upgrade_revs("head", revision)  # type: ignore[arg-type]  # alembic's documented way to embed it

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True, transaction_per_migration=False)
        connection.exec_driver_sql(driver.begin)
        try:
            driver.prepare(connection)
            environment.run_migrations()
            driver.note_version(connection, SCHEMA)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
