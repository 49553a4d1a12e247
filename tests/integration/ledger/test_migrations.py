"""The steps make exactly the tables that the models describe, on an empty database and on an old one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
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


class TestUpgrade:
    async def test_gives_what_the_models_describe(self, database_url: str) -> None:
        import_models()
        await upgrade(database_url)
        database = Database(database_url)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await database.close()

    async def test_twice_and_at_once_is_once(self, database_url: str) -> None:
        await asyncio.gather(upgrade(database_url), upgrade(database_url))
        await upgrade(database_url)
        database = Database(database_url)
        await require_current(database)
        await database.close()

    def test_from_the_shell(self, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([database_url]) == 0
        assert main([]) == 2
        assert "say which database" in capsys.readouterr().err


class TestRequireCurrent:
    async def test_an_empty_database_is_refused_with_the_remedy(self, database_url: str) -> None:
        database = Database(database_url)
        with pytest.raises(MigrationError, match="another schema"):
            await require_current(database)
        await database.close()


class TestSteps:
    def test_form_one_line(self) -> None:
        scripts = ScriptDirectory.from_config(config())
        assert len(scripts.get_heads()) == 1
        assert len(scripts.get_bases()) == 1

    async def test_every_step_can_be_taken_back(self, database_url: str) -> None:
        from alembic import command

        await upgrade(database_url)
        database = Database(database_url)
        async with database.engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await database.close()
        assert tables == ["alembic_version"]
