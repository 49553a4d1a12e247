"""`python -m bidding.keyholder FOLDER` runs a key-holder: without database, without web server, without the rest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from bidding.keyholder.daemon import run


def main(folder: Path) -> None:
    """Work until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_run(folder))


async def _run(folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(folder, stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
