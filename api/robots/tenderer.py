"""The tenderer's side of a tender, the trading centre that announces with it, and the supervisor."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.client import CityApi
from api.robots.people import Party
from bidding.tender.announcement import Choices, announcement_of
from bidding.tender.notice import Notice
from bidding.tender.rules import RulePack
from ledger.acts import (
    ZERO32,
    Act,
    Contract,
    Envelope,
    EnvelopeExclusion,
    TenderAmendment,
    TenderAnnouncement,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.signed import Domains


@dataclass(frozen=True)
class KeyChoice:
    """The key set that bids are sealed to, and a box key from the stock that no tender has used."""

    seal: bytes
    box: bytes


@dataclass(frozen=True)
class Parties:
    """Who conducts a tender; `host` signs the tenderer's acts: the tenderer itself or its agency under delegation."""

    tenderer: Party
    centre: Party
    supervisor: Party
    agency: Party | None = None

    @property
    def host(self) -> Party:
        """Who signs what an agency may sign."""
        return self.agency or self.tenderer


@dataclass
class TenderConduct:
    """One tender as its tenderer conducts it, at the city of the first origin; `domains` are the contracts'."""

    city: CityApi
    domains: Domains
    parties: Parties
    announcement: TenderAnnouncement

    @property
    def tender(self) -> bytes:
        """The tender's id."""
        return self.announcement.tender

    @property
    def path(self) -> str:
        """The tender's address at its city."""
        return f"/v1/tenders/0x{self.tender.hex()}"

    async def state(self) -> dict[str, Any]:
        """Return the tender as its city shows it."""
        value: dict[str, Any] = await self.city.get(self.path)
        return value

    async def lot(self, number: int) -> dict[str, Any]:
        """Return one lot as the city shows it."""
        return next(lot for lot in (await self.state())["lots"] if lot["number"] == number)

    async def bids(self, lot: int, envelope: Envelope) -> list[dict[str, Any]]:
        """Return the bids of an envelope that are in the list and not void there, in its order."""
        for group in (await self.city.get(f"{self.path}/opening"))["envelopes"]:
            if (group["lot"], group["envelope"]) == (lot, envelope.text):
                return [bid for bid in group["bids"] if not bid["status"].startswith("void ")]
        return []

    async def excluded(self, lot: int, before: Envelope) -> set[bytes]:
        """Return the bidders that stand excluded after an envelope earlier than `before`."""
        acts = (await self.city.get(f"{self.path}/records"))["acts"]
        shown = [act["act"] for act in acts if act["type"] == EnvelopeExclusion.name()]
        acts_on_lot = [act for act in map(EnvelopeExclusion.from_json, shown) if act.lot == lot]
        standing = {act.envelope: act.excluded for act in acts_on_lot if act.envelope < before}
        return {bidder for excluded in standing.values() for bidder in excluded}

    async def amend(self, notice: Notice, deadline: int, *, supersedes: bool) -> None:
        """Replace the notice, move the deadline, or both."""
        step = (await self.state())["tendererSteps"]
        act = TenderAmendment(self.tender, notice.hash, deadline, supersedes, step)
        await self.act(self.parties.host, act, notice.to_bytes())

    async def suspend(self, by: Party, reason: str) -> None:
        """Stop the clock, as the tenderer's side or as the supervisor."""
        await self._flag(by, TenderSuspension, reason)

    async def resume(self, by: Party, reason: str) -> None:
        """Let the clock run again."""
        await self._flag(by, TenderResumption, reason)

    async def terminate(self, by: Party, reason: str) -> None:
        """End the tender without an award."""
        await self._flag(by, TenderTermination, reason)

    async def _flag(
        self, by: Party, kind: type[TenderSuspension | TenderResumption | TenderTermination], reason: str
    ) -> None:
        state = await self.state()
        is_supervisor = by.organisation == self.parties.supervisor.organisation
        step = state["supervisorSteps" if is_supervisor else "tendererSteps"]
        document = reason.encode()
        await self.act(by, kind(self.tender, hashlib.sha256(document).digest(), step), document)

    async def act(self, by: Party, act: Act, *documents: bytes) -> None:
        """Sign an act for TenderBook and send it in with the documents that it names."""
        await self.city.post_act(
            f"{self.path}/acts", act, by.sign(act, self.domains), by.chain, documents=encoded(documents)
        )

    async def record(self, by: Party, act: Act, *documents: bytes) -> None:
        """Sign an act that no contract checks and send it in with the documents that it names."""
        await self.city.post_act(
            f"{self.path}/records", act, by.sign(act, self.domains), by.chain, documents=encoded(documents)
        )


async def announce(
    city: CityApi,
    domains: Domains,
    parties: Parties,
    notice: Notice,
    pack: RulePack,
    keys: KeyChoice,
    origins: Sequence[bytes],
    deadline: int,
) -> TenderConduct:
    """Announce a tender under a rule pack, signed by the tenderer's side and the trading centre."""
    choices = Choices(
        tenderer=parties.tenderer.organisation,
        supervisor=parties.supervisor.organisation,
        nonce=secrets.token_bytes(32),
        key_id=keys.seal,
        box_key_id=keys.box,
        origins=origins,
        deadline=deadline,
        agency=ZERO32 if parties.agency is None else hashlib.sha256(parties.agency.name.encode()).digest(),
    )
    announcement = announcement_of(notice, pack, choices, domains.domain(Contract.TENDER_BOOK))
    body = {
        "announcement": announcement.to_json(),
        "signature": "0x" + parties.host.sign(announcement, domains).hex(),
        "chain": parties.host.chain.to_json(),
        "centreSignature": "0x" + parties.centre.sign(announcement, domains).hex(),
        "centreChain": parties.centre.chain.to_json(),
        "documents": encoded([notice.to_bytes(), pack.body]),
    }
    await city.post("/v1/tenders", body)
    return TenderConduct(city, domains, parties, announcement)


def encoded(documents: Sequence[bytes]) -> list[str]:
    """Return documents as requests carry them."""
    return [b64encode(document).decode() for document in documents]
