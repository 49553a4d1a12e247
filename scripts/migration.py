"""Write the next step of the database's schema from the models: `python -m scripts.migration "what changes"`.

The step compares the models with a database that all steps before have made. Read it before it is committed.
"""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from ledger.db import Database
from ledger.migrations import config, upgrade

ROOT = Path(__file__).parent.parent
VERSIONS = ROOT / "ledger" / "migrations" / "versions"
PACKAGES = ("ledger", "witness", "bidding", "credit", "api")


def import_models() -> None:
    """Import every module of the product that defines a table."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "__tablename__" in path.read_text():
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


async def write(message: str) -> None:
    """Write the step with Alembic's autogeneration, into ledger/migrations/versions."""
    import_models()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'schema.sqlite3'}"
        await upgrade(url)
        database = Database(url)
        number = f"{len(list(VERSIONS.glob('*.py'))) + 1:04}"
        async with database.engine.begin() as connection:
            await connection.run_sync(
                lambda sync: command.revision(config(sync), message, autogenerate=True, rev_id=number)
            )
        await database.close()


def tidy() -> None:
    """Bring the written step into the house's form."""
    for step in (("format",), ("check", "--fix"), ("format",)):
        subprocess.run([sys.executable, "-m", "ruff", *step, "--quiet", str(VERSIONS)], check=True)


if __name__ == "__main__":
    asyncio.run(write(" ".join(sys.argv[1:])))
    tidy()
