"""`python -m ledger.migrations [DATABASE_URL]`; without a URL the one in SUNBID_DATABASE_URL."""

from __future__ import annotations

import asyncio
import os
import sys

from ledger.migrations import upgrade


def main(arguments: list[str]) -> int:
    """Upgrade the database and return the exit code; 2 if no URL is given."""
    url = arguments[0] if arguments else os.environ.get("SUNBID_DATABASE_URL", "")
    if not url:
        sys.stderr.write("say which database: python -m ledger.migrations sqlite+aiosqlite:///path/to/city.sqlite3\n")
        return 2
    asyncio.run(upgrade(url))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
