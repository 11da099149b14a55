"""The hub's state: SQLAlchemy Core tables with alembic migrations, reached only through the protocol in ``protocol``."""
