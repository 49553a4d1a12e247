"""What a database says when it is away or full, in the product's own errors: a city answers 503 or 507, not 500."""

from __future__ import annotations

import time
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.errors import SunbidError
from ledger.storage import NO_ROOM, StorageFullError

_DISK_FULL = "53100"
"""SQLSTATE disk_full (PostgreSQL 18, appendix A)."""

_AWAY = ("08", "57P")
"""SQLSTATE of lost connections, and of a server that is shut down or starts up."""

_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
_SQLITE_AWAY = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")


class DatabaseUnavailableError(SunbidError):
    """The database does not answer, or its disk does not."""

    code = "database.unavailable"


def name_faults(engine: AsyncEngine) -> None:
    """Have `engine` raise `DatabaseUnavailableError` and `StorageFullError` where its driver fails for those reasons.

    The driver's own error is the cause of ours, so that logs keep every word of it.
    """
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _handle, retval=True)


RESTED_SECONDS = 1.0
"""A pooled connection that was used later than this ago is taken as it is, unless its socket is known to be closed."""


def ask_the_rested(engine: AsyncEngine) -> None:
    """Have `engine` look whether a pooled connection that rested still lives, and open another if not.

    SQLAlchemy's own `pool_pre_ping` asks before every unit of work, which takes three round trips each time. A server
    that goes closes its sockets, which the driver notices by itself; only one that vanishes has to be asked for.
    """
    dialect = engine.sync_engine.dialect

    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: Any) -> None:
        used = record.info.get("used")
        if used is None:  # it is new
            return
        if record.driver_connection is None or record.driver_connection.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - used > RESTED_SECONDS:
            _ask(dialect, connection)

    event.listen(engine.sync_engine, "checkin", note)
    event.listen(engine.sync_engine, "checkout", look)


def _ask(dialect: Dialect, connection: DBAPIConnection) -> None:
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        if dialect.is_disconnect(error, connection, None):
            raise InvalidatePoolError from error
        raise


def _connect(dialect: Dialect, _record: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return dialect.connect(*args, **options)
    except (OSError, asyncpg.PostgresError) as error:  # raised past SQLAlchemy: no connection, no context
        raise _away() from error


def _handle(context: ExceptionContext) -> BaseException | None:
    error = context.original_exception
    if not isinstance(error, Exception):  # a cancelled task: SQLAlchemy drops its connection, but nothing is wrong
        return None
    state = getattr(error, "sqlstate", None) or ""
    name = getattr(error, "sqlite_errorname", None) or ""
    if state == _DISK_FULL or name in _SQLITE_FULL:
        return StorageFullError(NO_ROOM)
    if context.is_disconnect or state.startswith(_AWAY) or name.startswith(_SQLITE_AWAY):
        return _away()
    return None


def _away() -> DatabaseUnavailableError:
    return DatabaseUnavailableError("This city's database does not answer. Nothing was kept; try again in a moment.")
