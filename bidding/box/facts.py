"""From chain and lines to the list: what city, key-holder, device and verifier all do, in the same way.

`open_slips` and `compute_list` are pure, so a verifier calls them with facts from storage proofs; `load_contents` and
`load_list` read the caller's own chain node and any city's lines.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from bidding.box.book import TenderAtBlock, fold
from bidding.box.committee import RegisteredKeySet, read_key_set
from bidding.box.errors import BoxError
from bidding.box.lines import LineReader
from bidding.box.registry import Answers, Questions, ask_registry
from bidding.sealing.acts import ActChain, event_digest, header_hash_of, receipt_digest, signer
from bidding.sealing.box import BoxList, read_box
from bidding.sealing.facts import BoxContents, Cut, OriginBox, TenderFacts
from bidding.sealing.group import decode_scalar
from bidding.sealing.judge import VOID_REASONS
from bidding.sealing.slip import (
    KIND_BID,
    KIND_EVENT,
    NO_SIGNATURE,
    SLIP_SIZE,
    SlipBody,
    SlipKeys,
    form_fault,
    open_slip,
)
from ledger.acts import Purpose
from ledger.chain.client import ChainClient

_NOTHING = b""
"""Stands in the place of a slip that does not open, so that the others keep their places."""


@dataclass(frozen=True)
class OpenedBox:
    """A box with all slips that do not open blanked, and the bodies of those that do."""

    contents: BoxContents
    bodies: tuple[SlipBody, ...]


@dataclass(frozen=True)
class Contracts:
    """Where acts are signed: the chain and its two contracts."""

    chain_id: int
    tender_book: bytes
    city_registry: bytes


@dataclass(frozen=True)
class LoadedList:
    """A list with everything it was computed from."""

    at: TenderAtBlock
    facts: TenderFacts
    contents: BoxContents
    list: BoxList
    seal: RegisteredKeySet
    box: RegisteredKeySet

    @cached_property
    def bodies(self) -> dict[bytes, SlipBody]:
        """The slips' bodies that stand in the list, void or not, by headerHash."""
        listed = [verdict.body for verdict in self.list.verdicts if verdict.reason in VOID_REASONS]
        return {header_hash_of(body, self.facts): body for body in listed}


def base_facts(at: TenderAtBlock, contracts: Contracts, seal: RegisteredKeySet, box: RegisteredKeySet) -> TenderFacts:
    """Return the tender's facts without what the registry says, which depends on what is in the box."""
    view = at.view
    return TenderFacts(
        contracts.chain_id,
        contracts.tender_book,
        contracts.city_registry,
        at.tender,
        view.key_id,
        view.box_key_id,
        seal.keys,
        box.keys,
        at.announced_lots,
        at.notice_facts,
        view.announced_at,
        view.first_deadline,
        view.deadline,
        view.q,
        (),
        (),
    )


def open_slips(facts: TenderFacts, contents: BoxContents, box_secret: bytes) -> OpenedBox:
    """Open every slip of the box once; `box_secret` is x_b. Slips that do not open are padding or another tender's."""
    suite = facts.box_key_set.suite
    keys, secret = SlipKeys.of(facts.box_key_set.joint_key, suite), decode_scalar(suite.group, box_secret)
    bodies: dict[bytes, SlipBody | None] = {}

    def blank(slip: bytes) -> bytes:
        if slip not in bodies:
            data = open_slip(slip, keys, secret)
            bodies[slip] = None if data is None else SlipBody.decode(data)
        return _NOTHING if bodies[slip] is None else slip

    origins = tuple(
        OriginBox(o.origin, o.city, o.start, tuple(Cut(c.witness, tuple(map(blank, c.slips))) for c in o.cuts))
        for o in contents.origins
    )
    blanked = BoxContents(origins, tuple(map(blank, contents.admitted)))
    return OpenedBox(blanked, tuple(body for body in bodies.values() if body is not None))


def questions(facts: TenderFacts, opened: OpenedBox) -> Questions:
    """Return all that the list rule will want to know from the registry about these slips."""
    keys: set[bytes] = set()
    papers: set[bytes] = set()
    for body in opened.bodies:
        if form_fault(body) is None:
            keys.update(_signers(facts, opened.contents, body))
            if body.kind != KIND_EVENT:
                chain = ActChain(body, facts)
                papers.update(d for d in (chain.credential_digest, chain.delegation_digest) if d is not None)
    return Questions(frozenset(keys), frozenset(papers))


def _signers(facts: TenderFacts, contents: BoxContents, body: SlipBody) -> Iterator[bytes]:
    found: list[bytes | None] = []
    if body.kind == KIND_EVENT:
        found += [signer(event_digest(body, facts, origin.origin), body.signature) for origin in contents.origins]
    else:
        found.append(ActChain(body, facts).issuer)
    if body.kind == KIND_BID:
        digest = receipt_digest(body, facts)
        found += [signer(digest, receipt) for receipt in body.receipts if receipt != NO_SIGNATURE]
    return (address for address in found if address is not None)


def with_registry(facts: TenderFacts, answers: Answers) -> TenderFacts:
    """Return the complete facts."""
    return replace(facts, issuers=answers.issuers, receivers=answers.receivers, revocations=answers.revocations)


def compute_list(facts: TenderFacts, opened: OpenedBox, box_secret: bytes) -> BoxList:
    """Return the list; `facts` are complete. Errors as `bidding.sealing.box.read_box`."""
    return read_box(facts, opened.contents, box_secret)


# --- from the caller's own chain node ----------------------------------------------------------------------------


async def read_contracts(chain: ChainClient) -> Contracts:
    """Return where acts on tenders are signed."""
    return Contracts(chain.chain_id, await chain.contract("TenderBook"), await chain.contract("CityRegistry"))


async def load_contents(chain: ChainClient, lines: LineReader, at: TenderAtBlock) -> BoxContents:
    """Return everything that is in the box by the chain's cuts and admissions, verified against their roots."""
    return BoxContents(await lines.boxes(at), await admitted_slips(chain, at))


async def admitted_slips(chain: ChainClient, at: TenderAtBlock) -> tuple[bytes, ...]:
    """Return the admitted slips in order, from the data of the transactions that brought them; they fold to the chain's
    head of them, or `BoxError` is raised."""
    if not at.view.admitted_count:
        return ()
    logs = await chain.logs(["TenderBook"], at.view.closing_block, at.block, events=["SlipAdmitted"])
    mine = sorted((log for log in logs if log.args["tender"] == at.tender), key=lambda log: int(log.args["number"]))
    calls = await chain.calldata([log.tx_hash for log in mine])
    slips = [_slip_in(data, log.args["slip"]) for data, log in zip(calls, mine, strict=True)]
    if fold(hashlib.sha256(slip).digest() for slip in slips) != at.view.admitted_head:
        raise BoxError("The admitted slips cannot be read from the chain's transactions.", code="box.admitted")
    return tuple(slips)


def _slip_in(data: bytes, slip_hash: bytes) -> bytes:
    """Return the slip in a transaction's data, wherever a call through another contract may have put it."""
    for start in range(len(data) - SLIP_SIZE + 1):
        slip = data[start : start + SLIP_SIZE]
        if hashlib.sha256(slip).digest() == slip_hash:
            return slip
    raise BoxError("A slip was admitted by a call that hides it.", code="box.admitted", slip=slip_hash.hex())


async def load_list(chain: ChainClient, lines: LineReader, at: TenderAtBlock, box_secret: bytes) -> LoadedList:
    """Compute the tender's list from the box itself; `at` is final and CLOSED or later.

    Raises `LineError` while no city gives the slips of a cut, `BoxError` if the chain's `inputs` are not those read.
    """
    if at.inputs() != at.view.inputs:
        raise BoxError("What was read of the box is not what the contract closed.", code="box.inputs")
    contracts = await read_contracts(chain)
    seal = await read_key_set(chain, at.view.key_id, Purpose.SEAL, at.block)
    box = await read_key_set(chain, at.view.box_key_id, Purpose.BOX, at.block)
    contents = await load_contents(chain, lines, at)
    base = base_facts(at, contracts, seal, box)
    opened = await asyncio.to_thread(open_slips, base, contents, box_secret)
    facts = with_registry(base, await ask_registry(chain, questions(base, opened), at.block))
    found = await asyncio.to_thread(compute_list, facts, opened, box_secret)
    return LoadedList(at, facts, contents, found, seal, box)
