"""The steps make exactly the tables that the models describe, on an empty database and on an old one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from ledger.db import Base, Database
from ledger.migrations import MigrationError, config, require_current, upgrade
from ledger.migrations.__main__ import main
from scripts.migration import import_models


def differences(connection: Any) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    """A database without tables."""
    database = Database(database_url)
    yield database
    await database.close()


class TestUpgrade:
    async def test_gives_what_the_models_describe(self, empty: Database) -> None:
        import_models()
        await upgrade(empty.url)
        async with empty.engine.connect() as connection:
            assert await connection.run_sync(differences) == []

    async def test_twice_and_at_once_is_once(self, empty: Database) -> None:
        await asyncio.gather(upgrade(empty.url), upgrade(empty.url))
        await upgrade(empty.url)
        await require_current(empty)

    def test_from_the_shell(self, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([database_url]) == 0
        assert main([]) == 2
        assert "say which database" in capsys.readouterr().err


class TestRequireCurrent:
    async def test_an_empty_database_is_refused_with_the_remedy(self, empty: Database) -> None:
        with pytest.raises(MigrationError, match="another schema"):
            await require_current(empty)


class TestSteps:
    def test_form_one_line(self) -> None:
        scripts = ScriptDirectory.from_config(config())
        assert len(scripts.get_heads()) == 1
        assert len(scripts.get_bases()) == 1

    async def test_every_step_can_be_taken_back(self, empty: Database) -> None:
        await upgrade(empty.url)
        async with empty.engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert tables == ["alembic_version"]
