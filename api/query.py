"""Asking all cities about a subject's credit: this city answers itself, and asks its partners with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from api.node import CityNode
from api.trust import trust_file
from credit import repository
from credit.catalogue import shipped
from credit.domain import CreditError
from credit.models import CreditEntryRow
from credit.proven import SubjectEntries, read_subject
from ledger.chain.answers import Block
from ledger.chain.evidence.facts import StateReader
from ledger.chain.prove import state_evidence
from ledger.clock import to_unix
from ledger.errors import SunbidError
from ledger.federation.peers import PeerClient, PeerStatus
from ledger.json_fields import read_bytes, read_object, read_text, to_hex
from witness.audit.credit_answer import CreditAnswer, GivenEntry, Question
from witness.audit.credit_query import CityReply, CreditQuery, QueryVerdict, judge
from witness.log.attest import attest

NOT_YET = "credit.not_yet"
PAUSES_SECONDS = (0.2, 0.4, 0.8, 1.6)
"""Pauses between questions to a city that is behind."""


async def own_answer(node: CityNode, subject: bytes, number: int | None = None) -> CreditAnswer:
    """Return this city's answer at a final block, by default the last one.

    Refuses, `credit.not_yet`, a block that is not final here, or up to which this city has not followed the ledger.
    """
    final = await node.chain.final_block()
    if number is not None and number > final.number:
        raise CreditError("This city's node does not know that block yet.", code=NOT_YET, final=final.number)
    block = final if number in {None, final.number} else await node.chain.block(number or 0)
    async with node.database.reading() as session:
        posted = [row for row in await repository.posted(session, subject) if (row.block or 0) <= block.number]
    digests = [row.digest for row in posted]

    def compute(state: StateReader, _block: Block) -> SubjectEntries:
        return read_subject(state, node.chain.registry, subject, digests)

    try:
        evidence = await state_evidence(node.chain, compute, block)
    except CreditError as error:
        message = "This city has not followed the ledger up to that block yet. Ask again in a moment."
        raise CreditError(message, code=NOT_YET, block=block.number) from error
    return CreditAnswer(subject, evidence, tuple(map(_given, posted)))


def _given(row: CreditEntryRow) -> GivenEntry:
    shown = row.nonce is not None and row.body is not None
    return GivenEntry(row.digest, row.entry, row.nonce if shown else None, row.body if shown else None)


async def ask_all_cities(node: CityNode, subject: bytes, at: int | None) -> CreditQuery:
    """Return all cities' replies about a subject at a moment (unix seconds, by default now), by one block."""
    moment = to_unix(node.clock.now()) if at is None else at
    block = await node.chain.final_block()
    path = f"/v1/proofs/credit/{to_hex(subject)}?block={block.number}"
    own, others, signatures = await asyncio.gather(
        _own_reply(node, subject, block.number),
        node.base.peers.ask_all(lambda peer: _ask(peer, path)),
        attestations_of(node, block.number),
    )
    replies = [own, *(_reply(city, answer) for city, answer in others.items())]
    question = Question(subject, moment, block.number, block.hash)
    return CreditQuery(question, tuple(sorted(replies, key=lambda reply: reply.city)), signatures)


def verdict_of(node: CityNode, query: CreditQuery) -> QueryVerdict:
    """Return what the replies are worth by this city's trust file."""
    return judge(query, trust_file(node.settings), shipped())


async def _own_reply(node: CityNode, subject: bytes, number: int) -> CityReply:
    name = node.base.city.name

    async def answer() -> CityReply:
        try:
            return CityReply(name, (await own_answer(node, subject, number)).to_json())
        except SunbidError as error:
            return CityReply(name, code=error.code, message=error.message)

    return await _patiently(answer)


async def _ask(peer: PeerClient, path: str) -> CityReply:
    async def answer() -> CityReply:
        given = await peer.get(path)
        if given.is_success:
            return CityReply(peer.name, given.json())
        problem = read_object(given.json(), "problem")
        texts = [read_text(problem.get(name), name) for name in ("code", "detail")]
        return CityReply(peer.name, code=texts[0], message=texts[1])

    return await _patiently(answer)


async def _patiently(answer: Callable[[], Awaitable[CityReply]]) -> CityReply:
    """Ask again, for a moment, a city that has not followed the chain up to the block that was just made."""
    reply = await answer()
    for pause in PAUSES_SECONDS:
        if reply.code != NOT_YET:
            break
        await asyncio.sleep(pause)
        reply = await answer()
    return reply


def _reply(city: str, answer: CityReply | PeerStatus) -> CityReply:
    if isinstance(answer, PeerStatus):
        return CityReply(city, code=answer.error, message=answer.message)
    return answer


async def attestations_of(node: CityNode, number: int) -> tuple[bytes, ...]:
    """Return the cities' signatures of the block, as many as can be had now."""
    own, others = await asyncio.gather(
        _own_attestation(node, number), node.base.peers.get_all(f"/attestation/{number}")
    )
    found = [own, *(_signature(answer) for answer in others.values())]
    return tuple(signature for signature in found if signature is not None)


async def _own_attestation(node: CityNode, number: int) -> bytes | None:
    try:
        return (await attest(node.logs, number)).signature
    except SunbidError:
        return None  # the partners' signatures may do; if not, every answer is shown as unproven


def _signature(answer: Any | PeerStatus) -> bytes | None:
    if isinstance(answer, PeerStatus):
        return None
    try:
        return read_bytes(read_object(answer, "attestation").get("signature"), "signature")
    except SunbidError:
        return None  # a partner that sends something else has signed nothing
