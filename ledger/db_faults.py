"""What a database says when it is away or full, in the product's own errors: a city answers 503 or 507, not 500."""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

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


def _connect(dialect: Dialect, _record: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return dialect.connect(*args, **options)
    except (OSError, asyncpg.PostgresError) as error:  # raised past SQLAlchemy: no connection, no context
        raise _away() from error


def _handle(context: ExceptionContext) -> BaseException | None:
    if context.is_pre_ping:  # SQLAlchemy looks whether a pooled connection still lives, and opens another if not
        return None
    error = context.original_exception
    state = getattr(error, "sqlstate", None) or ""
    name = getattr(error, "sqlite_errorname", None) or ""
    if state == _DISK_FULL or name in _SQLITE_FULL:
        return StorageFullError(NO_ROOM)
    if context.is_disconnect or state.startswith(_AWAY) or name.startswith(_SQLITE_AWAY):
        return _away()
    return None


def _away() -> DatabaseUnavailableError:
    return DatabaseUnavailableError("This city's database does not answer. Nothing was kept; try again in a moment.")
