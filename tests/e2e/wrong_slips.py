"""Every slip that must not count, built by hand and carried through the door: each name says what is wrong."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.robots.people import Party
from api.stack.network import SCHEDULE
from bidding.box.wire import CityReceipt
from bidding.device.cities import DeviceCity
from bidding.sealing.device import SealedBid
from bidding.sealing.facts import TenderFacts
from bidding.sealing.slip import SlipBody
from ledger.acts import Envelope, Revocation, Role, Scope, digest
from ledger.chain.direct import send
from ledger.json_fields import to_hex
from ledger.keys import SigningKey
from tests.fixtures.slips import Forger, HighS
from witness.log.box_repository import QueueRepository


@dataclass
class WrongSlips:
    """Builds wrong slips and hands them in; whoever carries one has good papers of its own.

    `handed_in` has the hash of each slip by name, `honest` the bidders whose bids count all the same.
    """

    forger: Forger
    handed_in: dict[str, str] = field(default_factory=dict)
    honest: set[str] = field(default_factory=set)

    async def hand_in(self, names: Sequence[str]) -> None:
        """Hand in the wrong slips of these names; a bid under any other name is right in itself."""
        for name in names:
            carrier = await self.forger.carrier(name)
            self.handed_in[name] = await self._put(carrier, await self._body(name, carrier))

    async def hand_in_to_another_box(self, name: str) -> None:
        """Hand in a bid that is right in itself, sealed to a box key that nobody announced."""
        carrier = await self.forger.carrier(name)
        body = await self._body(name, carrier)
        self.handed_in[name] = await self._put(carrier, body, to_another_box=True)

    async def _put(self, carrier: DeviceCity, body: SlipBody, *, to_another_box: bool = False) -> str:
        facts = self.forger.in_another_box() if to_another_box else self.forger.facts
        given = await self.forger.hand_in(carrier, self.forger.slip(body, facts))
        assert len(given.by) == 2
        return to_hex(given.slip_hash)

    async def _body(self, name: str, carrier: DeviceCity) -> SlipBody:
        forger, party = self.forger, party_for(self.forger, name)
        sealed, facts = self._sealed(name, party)
        header, receipts = sealed.header, await self._receipts(name, carrier, sealed)
        match name:
            case "copied under another label":
                header = replace(header, label=forger.label(party.organisation, facts).encode())
            case "signed by another's key":
                return forger.body(party, header, receipts, key=SigningKey.generate())
            case "for a notice of nobody":
                return forger.body(party, header, receipts, notice=secrets.token_bytes(32))
            case "for a superseded notice":
                return forger.body(party, header, receipts, notice=facts.notices[0].notice)
            case "with a signature that is not canonical":
                return forger.body(party, header, receipts, key=HighS(party.key.secret))
            case "by a revoked key":
                await revoke(forger, party)
            case "with a sequence used before":
                await self._honest_first(carrier, party)
        return forger.body(party, header, receipts, facts=facts)

    def _sealed(self, name: str, party: Party) -> tuple[SealedBid, TenderFacts]:
        """Return the sealed bid, and the facts that its act is signed for."""
        forger, bidder = self.forger, party.organisation
        match name:
            case "sealed to another key set":
                return forger.seal(bidder, forger.under_another_key_set()), forger.facts
            case "signed for another tender":
                other = forger.of_another_tender()
                return forger.seal(bidder, other), other
            case "for another lot":
                return forger.seal(bidder, lot=7), forger.facts
            case "for another envelope":
                return forger.seal(bidder, envelope=Envelope.TECHNICAL), forger.facts
            case _:
                return forger.seal(bidder), forger.facts

    async def _receipts(self, name: str, carrier: DeviceCity, sealed: SealedBid) -> tuple[CityReceipt, ...]:
        given = await self.forger.receipts(carrier, sealed)
        match name:
            case "without receipts":
                return ()
            case "with one city's receipt twice":
                return given[0], given[0]
            case "with receipts of another stream":
                return await self.forger.receipts(carrier, self.forger.seal(secrets.token_bytes(32)))
            case _:
                return given

    async def _honest_first(self, carrier: DeviceCity, party: Party) -> None:
        """Hand in another bid under the same sequence, and let the box take it before the next one comes."""
        sealed = self.forger.seal(party.organisation)
        body = self.forger.body(party, sealed.header, await self.forger.receipts(carrier, sealed))
        self.handed_in["with this sequence first"] = await self._put(carrier, body)
        self.honest.add(to_hex(party.organisation))
        await self._until_merged(self.handed_in["with this sequence first"])

    async def _until_merged(self, slip_hash: str) -> None:
        """Let ticks pass until the box log of Lu'an has the slip: those handed in before go first."""
        town = self.forger.square.town
        log = town.cities["luan"].node.logs
        while True:
            await town.advance_to(await town.now() + SCHEDULE.fast_seconds)
            await town.settle()
            async with log.database.reading() as session:
                queued = await QueueRepository(session).find(bytes.fromhex(slip_hash.removeprefix("0x")))
            if queued is not None and queued.index is not None:
                return


def party_for(forger: Forger, name: str) -> Party:
    """Return the bidder of a wrong act: its papers are as the name says, else good."""
    registrar = forger.square.registrar
    party = registrar.party(name, Role.BIDDER)
    match name:
        case "by an expired key":
            credential = replace(party.chain.credential, valid_to=forger.facts.first_deadline - 1)
            signature = registrar.issuer.sign(digest(credential, forger.facts.registry_domain))
            return replace(party, chain=replace(party.chain, credential=credential, credential_signature=signature))
        case "by a delegate without the scope":
            return registrar.delegate(party, name, Scope.OPEN)
        case _:
            return party


async def revoke(forger: Forger, party: Party) -> None:
    """Have the organisation revoke its credential on the chain."""
    node = forger.square.town.cities["luan"].node
    papers = party.chain
    target = digest(papers.credential, forger.facts.registry_domain)
    act = Revocation(target, await forger.square.town.now())
    arguments = (act, party.sign(act, node.base.domains), papers, papers.credential, papers.credential_signature)
    await send(node.chain, SigningKey.generate(), "CityRegistry", "revoke", *arguments)
