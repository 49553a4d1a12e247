"""Alembic's entry: runs the steps on the connection that it is given, one migrating process at a time."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import text

from ledger.db import Base, UtcDateTime

LOCK_TIMEOUT = "10s"
"""A step that cannot get its locks gives up, so that it never stops the requests behind it."""


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write released steps in SQLAlchemy's own types: they must not change when ours do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def run() -> None:
    """Run the steps inside the caller's transaction."""
    connection = context.config.attributes["connection"]
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('sunbid.migrations'))"))
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
