"""The verdict on a single slip of the tender, apart from what other slips do to it (sealing.md, "The list")."""

from __future__ import annotations

from enum import StrEnum

from bidding.sealing.acts import ActChain, header_of, receipt_digest, signer
from bidding.sealing.errors import FormatError, HeaderProofError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.slip import KIND_BID, NO_SIGNATURE, SlipBody
from bidding.sealing.stream import PRICE_BLOCK
from bidding.sealing.tdh2 import verify_header
from ledger.acts import Envelope, Scope


class Reason(StrEnum):
    """What became of a slip of the tender; each slip that opens has exactly one."""

    LISTED = "listed"
    VOID_HEADER = "void 1"
    VOID_NOTICE = "void 2"
    VOID_RECEIPTS = "void 3"
    WITHDRAWAL = "withdrawal"
    OUTDONE = "outdone"
    REPEAT = "repeat"
    EVENT = "event"
    FORM = "form"
    LOT = "lot"
    NOTICE = "notice"
    DELEGATION = "delegation"
    CREDENTIAL = "credential"
    REVOKED = "revoked"


VOID_REASONS = (Reason.LISTED, Reason.VOID_HEADER, Reason.VOID_NOTICE, Reason.VOID_RECEIPTS)
"""The reason of an entry, by its `void` code."""


def drop_reason(chain: ActChain) -> Reason | None:
    """Return the first reason to drop a well-formed bid or withdrawal, None if its act counts."""
    body, facts = chain.body, chain.facts
    if not facts.has_envelope(body.lot, body.envelope):
        return Reason.LOT
    if body.kind == KIND_BID and body.notice not in {known.notice for known in facts.notices}:
        return Reason.NOTICE
    if chain.is_delegated and not _delegation_counts(chain):
        return Reason.DELEGATION
    if not _credential_counts(chain):
        return Reason.CREDENTIAL
    digests = (chain.credential_digest, chain.delegation_digest)
    if any(digest is not None and facts.is_revoked(digest) for digest in digests):
        return Reason.REVOKED
    return None


def _delegation_counts(chain: ActChain) -> bool:
    body = chain.body
    return (
        chain.delegation is not None
        and body.delegation_to >= chain.facts.first_deadline
        and bool(body.delegation_scope & Scope.SUBMIT)
        and body.subject == body.bidder
    )


def _credential_counts(chain: ActChain) -> bool:
    body, facts = chain.body, chain.facts
    is_in_force = body.valid_from <= facts.deadline and body.valid_to >= facts.first_deadline
    return is_in_force and chain.issuer is not None and facts.issuer_stands(chain.issuer)


def void_reason(body: SlipBody, facts: TenderFacts) -> Reason:
    """Return LISTED for a bid that can be opened, else the first reason why its entry is void."""
    if not _has_sound_header(body, facts):
        return Reason.VOID_HEADER
    if any(known.notice == body.notice and known.superseded for known in facts.notices):
        return Reason.VOID_NOTICE
    return Reason.LISTED if len(receipt_cities(body, facts)) > facts.q else Reason.VOID_RECEIPTS


def _has_sound_header(body: SlipBody, facts: TenderFacts) -> bool:
    if body.envelope == Envelope.PRICE and (body.length == 0 or body.length % PRICE_BLOCK):
        return False
    try:
        verify_header(header_of(body, facts), facts.key_set)
    except (FormatError, HeaderProofError):
        return False
    return True


def receipt_cities(body: SlipBody, facts: TenderFacts) -> frozenset[bytes]:
    """Return the cities whose receiving keys signed a receipt for the bid's stream."""
    digest = receipt_digest(body, facts)
    signers = (signer(digest, receipt) for receipt in body.receipts if receipt != NO_SIGNATURE)
    cities = (facts.receiving_city(address) for address in signers if address is not None)
    return frozenset(city for city in cities if city is not None)
