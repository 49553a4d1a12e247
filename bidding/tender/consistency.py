"""Notice, rule pack, announcement and amendment say the same, or the first that disagrees is named before signing."""

from __future__ import annotations

from decimal import Decimal

from bidding.tender.notice import Notice, NoticeError
from bidding.tender.rules import RulePack
from ledger.acts import Envelope, TenderAmendment, TenderAnnouncement
from ledger.json_fields import to_hex


def need_consistent(notice: Notice, pack: RulePack) -> None:
    """Refuse a notice that says otherwise than its rule pack."""
    terms = pack.terms
    _agree("rulePack", notice.rule_pack, pack.hash)
    _agree("unopened", notice.unopened, terms.committee.name.lower())
    _agree("minimumBidders", notice.minimum_bidders, terms.minimum_bidders)
    _agree("ties", notice.ties, tuple(tie.value for tie in terms.ties))
    for lot in notice.lots:
        if Envelope.PRICE not in lot.envelopes:
            raise NoticeError(
                "a lot has a price envelope, which is opened last", code="notice.envelopes", lot=lot.number
            )
        points = sum((c.maximum for c in lot.criteria), Decimal(0))
        expected = pack.scoring.technical_weight if pack.scoring else Decimal(0)
        if points != expected:
            raise NoticeError(
                f"the criteria of lot {lot.number} give {points} points, the rule pack wants {expected}",
                code="notice.weights", lot=lot.number,
            )  # fmt: skip


def need_announceable(announcement: TenderAnnouncement, notice: Notice, pack: RulePack) -> None:
    """Refuse an announcement that does not carry this notice and the parameters of this pack."""
    need_consistent(notice, pack)
    terms = pack.terms
    _agree("notice", announcement.notice, notice.hash)
    _agree("rulePack", announcement.rule_pack, pack.hash)
    _agree("grace", announcement.grace, terms.grace)
    _agree("openAfter", announcement.open_after, terms.open_after)
    _agree("amendLead", announcement.amend_lead, terms.amend_lead)
    _agree("minimumBidders", announcement.minimum_bidders, terms.minimum_bidders)
    _agree("committee", announcement.committee, int(terms.committee))
    _agree("committeeAfter", announcement.committee_after, terms.committee_after)
    _agree(
        "lots",
        [(lot.number, lot.envelopes) for lot in announcement.lots],
        [(lot.number, lot.envelope_bits) for lot in notice.lots],
    )


def need_amendable(amendment: TenderAmendment, notice: Notice, last: Notice, pack: RulePack) -> None:
    """Refuse an amended notice that changes lots or rules (that is another tender), or does not name the last one."""
    need_consistent(notice, pack)
    _agree("notice", amendment.notice, notice.hash)
    if notice.hash == last.hash:
        return
    _agree("replaces", notice.replaces, last.hash)
    _agree(
        "lots",
        [(lot.number, lot.envelopes) for lot in notice.lots],
        [(lot.number, lot.envelopes) for lot in last.lots],
    )


def _agree(name: str, stated: object, expected: object) -> None:
    if stated != expected:
        raise NoticeError(f"{name} disagrees: {_show(stated)}, where {_show(expected)} is expected",
                          code="notice.disagrees", member=name)  # fmt: skip


def _show(value: object) -> str:
    return to_hex(value) if isinstance(value, bytes) else str(value)
