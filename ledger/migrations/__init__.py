"""The database's schema, step by step: `upgrade` brings a database of any age to the newest one.

`python -m ledger.migrations [DATABASE_URL]` does the same from a shell. A step is written by
`python -m scripts.migration "what changes"`, read by a person, and never changed once released.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.db import Database
from ledger.errors import SunbidError

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Alembic keeps what it works on in module globals: one upgrade at a time in a process."""


class MigrationError(SunbidError):
    """The database is not at the schema that this version of the product needs."""

    code = "database.schema"


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; with a connection, its commands run on that."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.set_main_option("path_separator", "os")
    found.attributes["connection"] = connection
    return found


async def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database to the newest schema, or an older one; one that is there already is left alone.

    Safe to run twice at once.
    """
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    database = Database(database_url)
    try:
        async with turn, database.engine.begin() as connection:
            await connection.run_sync(lambda sync: command.upgrade(config(sync), revision))
    finally:
        await database.close()


async def require_current(database: Database) -> None:
    """Refuse a database that `upgrade` would change, so that no process runs on a schema it does not know."""
    async with database.engine.connect() as connection:
        found = await connection.run_sync(_revision)
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if found != newest:
        raise MigrationError("the database has another schema: run `python -m ledger.migrations`", found=found)


def _revision(connection: Any) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
