"""The announcement that a notice and a rule pack make: what the tenderer chooses beside them, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidding.tender.consistency import need_announceable
from bidding.tender.notice import Notice
from bidding.tender.rules import RulePack
from ledger.acts import ZERO32, Lot, TenderAnnouncement
from ledger.eip712 import Domain
from ledger.identity import tender_id


@dataclass(frozen=True)
class Choices:
    """What a tenderer chooses: ids of 32 bytes, `deadline` in seconds since 1970, the conducting city's origin first.

    `nonce` is 32 random bytes: it makes the tender's id.
    """

    tenderer: bytes
    supervisor: bytes
    nonce: bytes
    key_id: bytes
    box_key_id: bytes
    origins: Sequence[bytes]
    deadline: int
    agency: bytes = ZERO32


def announcement_of(notice: Notice, pack: RulePack, choices: Choices, book: Domain) -> TenderAnnouncement:
    """Return the act to sign, for the TenderBook of `book`; refuse a notice that does not agree with its rule pack."""
    terms = pack.terms
    act = TenderAnnouncement(
        tender=tender_id(book.chain_id, book.contract, choices.tenderer, choices.nonce),
        tenderer=choices.tenderer,
        agency=choices.agency,
        supervisor=choices.supervisor,
        nonce=choices.nonce,
        notice=notice.hash,
        rule_pack=pack.hash,
        key_id=choices.key_id,
        box_key_id=choices.box_key_id,
        origins=tuple(choices.origins),
        lots=tuple(Lot(lot.number, lot.envelope_bits) for lot in notice.lots),
        deadline=choices.deadline,
        grace=terms.grace,
        open_after=terms.open_after,
        amend_lead=terms.amend_lead,
        minimum_bidders=terms.minimum_bidders,
        committee=int(terms.committee),
        committee_after=terms.committee_after,
    )
    need_announceable(act, notice, pack)
    return act
