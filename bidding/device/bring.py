"""Bringing to the contract what cities did not: cuts that hold an own slip, and slips that no cut holds.

Anybody may send these calls; the device signs them with a key that it throws away, so that the chain does not show who
looks after which tender.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bidding.box.book import OriginView, TenderAtBlock
from bidding.box.close import Cut, admission, cut_arguments
from bidding.box.lines import consistency
from bidding.box.remote import CityClient
from bidding.box.wire import CityAcknowledgement
from bidding.device.journal import Attempt
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.chain.direct import send
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from witness.log.box_checkpoint import SignedBoxCheckpoint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bringer:
    """Sends calls to TenderBook through any node; `cities` supply consistency proofs."""

    chain: ChainClient
    cities: Sequence[CityClient]

    async def bring(self, tender: TenderAtBlock, attempts: Sequence[Attempt]) -> bool:
        """Bring whatever the contract lacks for these acts; return whether anything was sent."""
        sent = False
        for attempt in attempts:
            held = attempt.read_json("in_time.json") or []
            for item in held:
                sent |= await self._bring_cut(tender, item)
            if not held:
                sent |= await self._admit(tender, attempt)
        return sent

    async def _bring_cut(self, tender: TenderAtBlock, item: dict[str, Any]) -> bool:
        by_origin = SignedBoxCheckpoint.from_json(item["byOrigin"])
        by_witness = SignedBoxCheckpoint.from_json(item["byWitness"])
        origin = next(o for o in tender.origins if o.origin == by_witness.origin)
        size = next((cut.size for cut in origin.cuts if cut.city == by_witness.city), None)
        if size is not None and size > item["index"]:
            return False
        cut = Cut(origin, by_origin, by_witness, origin.start_size if size is None else size)
        for city in self.cities:
            try:
                proof = await consistency(city, origin.origin, cut.old_size, by_witness.size)
            except SunbidError as error:
                logger.info("%s gives no proof: %s", city.name, error.message)
                continue
            if await self._send("cut", cut_arguments(tender, cut, proof)):
                return True
        return False

    async def _admit(self, tender: TenderAtBlock, attempt: Attempt) -> bool:
        given = [CityAcknowledgement.from_json(item) for item in attempt.read_json("acknowledgements.json") or []]
        origin = next((o for o in tender.origins if given and o.origin == given[0].act.origin), None)
        if origin is None or attempt.slip is None:
            return False
        return await self._send_admission(tender, origin, attempt.slip, given)

    async def _send_admission(
        self, tender: TenderAtBlock, origin: OriginView, slip: bytes, given: Sequence[CityAcknowledgement]
    ) -> bool:
        chosen = admission(origin, tender.view.q, given)
        if chosen is None:
            return False
        return await self._send("admit", (tender.tender, origin.origin, slip, chosen))

    async def _send(self, function: str, arguments: Sequence[Any]) -> bool:
        try:
            await self.chain.call("TenderBook", function, *arguments)
        except ContractRevertedError as error:
            logger.info("%s is not taken: %s", function, error.message)
            return False
        await send(self.chain, SigningKey.generate(), "TenderBook", function, *arguments)
        return True
