"""Who may read an opened envelope: a price anybody, the others only those whose task it is (ZTBF 38, 44)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening import repository
from bidding.opening.errors import OpeningError
from bidding.opening.models import ListedBid, OpenedBidRow
from bidding.panel import repository as panels
from bidding.tender import repository as tenders
from ledger.acts import Envelope, Role
from ledger.errors import SunbidError


class SecretEnvelopeError(SunbidError):
    """An envelope that holds trade secrets and personal data, asked for by somebody whose task it is not."""

    code = "access.envelope"


async def price_document(session: AsyncSession, tender: bytes, header_hash: bytes) -> bytes:
    """Return the document of an opened price envelope; refuse every other envelope."""
    entry, opened = await _opened(session, tender, header_hash)
    if entry.envelope != Envelope.PRICE:
        raise SecretEnvelopeError("Only price envelopes are public. Sign in if it is your task to read this one.")
    return _document(opened)


async def document_for(
    session: AsyncSession, tender: bytes, header_hash: bytes, key: bytes, organisations: Mapping[Role, bytes]
) -> bytes:
    """Return the document of any opened envelope to a reader whose task it is.

    That is the tenderer, the supervisor that the announcement names, an expert with a seat on the panel, and the bidder
    itself; `organisations` are those that the signed-in `key` acts for by role.
    """
    entry, opened = await _opened(session, tender, header_hash)
    if entry.envelope != Envelope.PRICE and not await _may_read(session, entry, key, organisations):
        raise SecretEnvelopeError("This envelope is for tenderer, panel, supervisor and its bidder only.")
    return _document(opened)


async def _may_read(session: AsyncSession, entry: ListedBid, key: bytes, organisations: Mapping[Role, bytes]) -> bool:
    row = await tenders.get(session, entry.tender)
    named = {Role.TENDERER: row.tenderer, Role.SUPERVISOR: row.supervisor, Role.BIDDER: entry.bidder}
    if any(organisations.get(role) == organisation for role, organisation in named.items()):
        return True
    seats = await panels.seat_rows(session, entry.tender) if Role.EXPERT in organisations else ()
    return any(seat.key == key and not seat.conflicted for seat in seats)


async def _opened(session: AsyncSession, tender: bytes, header_hash: bytes) -> tuple[ListedBid, OpenedBidRow]:
    entry = await repository.entry(session, tender, header_hash)
    opened = await repository.opened(session, header_hash)
    if entry is None or opened is None:
        raise OpeningError("No bid with this header was opened.", code="document.not_found")
    return entry, opened


def _document(opened: OpenedBidRow) -> bytes:
    if opened.document is None:
        raise OpeningError("This bid is void: it holds no document.", code="document.not_found")
    return opened.document
