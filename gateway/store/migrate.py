"""Brings a database to the newest revision, and says whether it differs from the tables.

Run by `hotline init` and at every start. Not here: the revisions (gateway/store/migrations).
"""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from gateway.store.tables import METADATA
from risk.domain.errors import PermanentFailure

MIGRATIONS = Path(__file__).parent / "migrations"


class StoreTooNew(PermanentFailure):
    """The file was written by a newer release; this one does not know its shape."""

    code = "store.too_new"


def migrate(engine: Engine) -> None:
    """Run the missing revisions in one transaction; does nothing when there are none."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        connection = connection.execution_options(hotline_writes=True)
        with connection.begin():
            present = MigrationContext.configure(connection).get_current_revision()
            if present == script.get_current_head():
                return
            known = {revision.revision for revision in script.walk_revisions()}
            if present is not None and present not in known:
                raise StoreTooNew(
                    f"the store {engine.url.database} has revision {present}, which this release"
                    " does not know: start the release that wrote it, or restore a backup"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def drift(engine: Engine) -> list[object]:
    """Return how the database differs from the tables; empty when it does not."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))
