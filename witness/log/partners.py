"""Asking partner cities: every answer is checked, a wrong one is named, one city's failure never stops another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ledger.errors import SunbidError
from witness.log.box_checkpoint import BoxCheckpointError, SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository
from witness.log.node import LogNode
from witness.log.ports import KeyKind, Partner
from witness.log.times import ClockOffError
from witness.log.wire import BoxPage

logger = logging.getLogger(__name__)


class PartnerFaultError(SunbidError):
    """A partner city answered, and the answer is wrong."""

    code = "partner.fault"


async def with_each_partner(node: LogNode, work: Callable[[Partner], Awaitable[bool]]) -> bool:
    """Do `work` with all partners at once and return whether any of it moved something.

    A partner that is down is logged; one whose answer is wrong is stored under its name as well. A fault of our own
    is raised after all have had their turn.
    """
    outcomes = await asyncio.gather(*(work(partner) for partner in node.partners), return_exceptions=True)
    ours: list[BaseException] = []
    for partner, outcome in zip(node.partners, outcomes, strict=True):
        if isinstance(outcome, SunbidError):
            if not isinstance(outcome, ClockOffError):
                node.times.forget(partner.city.id32)
            await _report(node, partner, outcome)
        elif isinstance(outcome, BaseException):
            ours.append(outcome)
    if ours:
        raise ours[0]
    return any(outcome is True for outcome in outcomes)


async def _report(node: LogNode, partner: Partner, error: SunbidError) -> None:
    logger.warning("partner %s: %s (%s)", partner.city.name, error.message, error.code)
    if isinstance(error, PartnerFaultError):
        async with node.database.unit_of_work() as session:
            await BoxRepository(session).note_fault(partner.city.id32, error.code, error.message, node.now)


async def fetch(partner: Partner, path: str) -> bytes:
    """Return the body of a successful answer; raise `PartnerFaultError` for any other answer."""
    answer = await partner.transport.get(path)
    if answer.status != 200:
        raise PartnerFaultError(f"{path} was answered with status {answer.status}", code="partner.refused")
    return answer.body


async def fetch_box(node: LogNode, partner: Partner, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
    """Return what the partner holds of a sealed log beyond size `after`; every signature has been checked.

    Notes how far the partner's clock is from ours. Raises `PartnerFaultError` for a malformed answer or one with a
    signature that is not by a key of the city it names.
    """
    body = await fetch(partner, f"/box/0x{origin.hex()}?after={after}")
    try:
        page = BoxPage.from_bytes(body)
    except SunbidError as error:
        raise PartnerFaultError(f"box page: {error.message}", code="partner.malformed") from error
    node.times.note(partner.city.id32, page.time - node.now)
    check = SignerCheck(node)
    for signed in page.checkpoints:
        if signed.origin != origin:
            raise PartnerFaultError("box page has a checkpoint of another origin", code="partner.malformed")
        await check(signed)
    return list(page.checkpoints)


@dataclass(frozen=True)
class _Stood:
    """A key stood from `first` to `last` at least: periods have no gaps (CityRegistry)."""

    first: int
    last: int


class SignerCheck:
    """Says whether box checkpoints are signed by keys of the cities they name; asks the chain once per key and span."""

    def __init__(self, node: LogNode) -> None:
        self._node = node
        self._cities = {p.city.sealed_origin_id: p.city.id32 for p in node.partners}
        self._cities[node.city.sealed_origin_id] = node.city.id32
        self._stood: dict[tuple[bytes, bytes, KeyKind], _Stood] = {}

    async def __call__(self, signed: SignedBoxCheckpoint) -> None:
        """Raise `PartnerFaultError` unless the origin's receiving key or another city's witness key signed."""
        owner = self._cities.get(signed.origin)
        if owner is None:
            raise BoxCheckpointError("origin is no partner's sealed log", code="log.unknown")
        kind = KeyKind.RECEIVING if signed.city == owner else KeyKind.WITNESS
        try:
            signer = signed.signer(self._node.registry)
        except SunbidError as error:
            raise PartnerFaultError(f"box checkpoint: {error.message}", code="partner.signature") from error
        place = (signer, signed.city, kind)
        stood = self._stood.get(place)
        if stood is not None and stood.first <= signed.at <= stood.last:
            return
        if await self._node.chain.city_of_key(signer, kind, signed.at) != signed.city:
            raise PartnerFaultError(
                "a box checkpoint is not signed by a key of the city that it names", code="partner.signature"
            )
        first, last = (stood.first, stood.last) if stood else (signed.at, signed.at)
        self._stood[place] = _Stood(min(first, signed.at), max(last, signed.at))
