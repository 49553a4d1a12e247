"""The public bundle of a tender with the verdict on it, made once for what is public now.

The page shows the verdict on the very file that is offered for download, so the two cannot disagree. A new entry of
the tender, or a new word of the chain on it, makes both anew when somebody next asks.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from api.bundles import make_bundle
from api.live import version
from api.node import CityNode
from api.trust import trust_file
from ledger.claims import Claim
from ledger.errors import SunbidError
from ledger.keyring import write_private
from witness.audit.bundle import Bundle
from witness.audit.parts import Profile
from witness.audit.verify import Verdict, verify

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0
"""How long a page waits for a verdict that is being made."""
MAX_KEPT = 64
"""Verdicts in memory, hundreds of claims each; one that was dropped is made again when somebody asks."""


@dataclass(frozen=True)
class Kept:
    """A bundle's file with the verdict on it, and the version of the tender that it is of."""

    version: str
    path: Path
    verdict: Verdict


@dataclass(frozen=True)
class Verification:
    """What a page says of the verification: the claims; or why there are none yet, with the refusal's code."""

    claims: tuple[Claim, ...] = ()
    ok: bool = False
    code: str = ""
    problem: str = ""


@dataclass
class Verdicts:
    """The verdicts that one process keeps; the files lie in the city's folder."""

    node: CityNode
    _kept: dict[bytes, Kept] = field(default_factory=dict)
    _making: dict[bytes, asyncio.Task[Kept]] = field(default_factory=dict)

    async def get(self, tender: bytes) -> Kept:
        """Return bundle and verdict for what is public now; raises what making a bundle raises."""
        async with self.node.database.reading() as session:
            wanted = await version(session, self.node.base.public_log, tender)
        known = self._kept.get(tender)
        if known is not None and known.version == wanted:
            return known
        task = self._making.get(tender)
        if task is None:
            task = asyncio.create_task(self._make(tender, wanted))
            self._making[tender] = task
            task.add_done_callback(lambda done: self._forget(tender, done))
        return await asyncio.shield(task)

    async def show(self, tender: bytes) -> Verification:
        """Return what a page says; one that would take too long is announced, and is there at the next look."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                verdict = (await self.get(tender)).verdict
        except TimeoutError:
            return Verification(code="bundle.being_made")
        except SunbidError as error:
            return Verification(code=error.code, problem=error.message)
        return Verification(verdict.claims, verdict.ok)

    def _forget(self, tender: bytes, done: asyncio.Task[Kept]) -> None:
        self._making.pop(tender, None)
        if not done.cancelled() and isinstance(done.exception(), SunbidError):
            logger.info("no bundle of %s yet: %s", tender.hex(), done.exception())

    async def _make(self, tender: bytes, wanted: str) -> Kept:
        bundle = await make_bundle(self.node, tender, Profile.PUBLIC, with_box=False)
        kept = await asyncio.to_thread(self._judge, tender, wanted, bundle)
        while len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[tender] = kept
        return kept

    def _judge(self, tender: bytes, wanted: str, bundle: Bundle) -> Kept:
        content = bundle.to_bytes()
        path = self.node.settings.data_dir / "bundles" / f"{tender.hex()}.zip"
        write_private(path, content)
        return Kept(wanted, path, verify(content, trust_file(self.node.settings)))


def get_verdicts(request: Request) -> Verdicts:
    """Return the verdicts that this process keeps."""
    return cast("Verdicts", request.app.state.verdicts)


KeptVerdicts = Annotated[Verdicts, Depends(get_verdicts)]
