"""Decisions on a lot: who wins under which report, who comes next when a decision falls, when a lot has no award.

Under `rank_first` the decision names the first recommended candidate for whom nothing speaks; a later one follows
only when the decision before it has fallen on a ground of REG 55. The grounds stand in a basis document, whose
SHA-256 is the `basis` of `AwardDecision` and `LotFailure`: nobody is passed over without a stated reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bidding.evaluation.domain import Candidate, FailureReason, Outcome, Ranking
from bidding.tender.rules import Terms
from ledger import canonical
from ledger.acts import ZERO32
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_enum, read_integer, read_maybe, read_members, read_text, to_hex

VERSION = 1
_KEYS = ("v", "kind", "tender", "lot", "report", "rank", "reason", "ground", "text", "document", "replaces")


class AwardError(SunbidError):
    """A decision that the report, the rule pack or the decisions before it do not support."""

    code = "award.refused"


class Ground(StrEnum):
    """Why this decision is taken: the first one on the report, a later one because the one before fell (REG 55)."""

    REPORT = "report"
    ABANDONED = "abandoned"
    FORCE_MAJEURE = "force_majeure"
    NO_PERFORMANCE_BOND = "no_performance_bond"
    UNLAWFUL = "unlawful"


@dataclass(frozen=True)
class Basis:
    """The reasons of one decision: `rank` of the winner, or `reason` of a failure; `replaces` zero for the first.

    `report` is the root of the evaluation report, zero where a lot fails before there is one; `document` the SHA-256
    of a paper that shows the ground.
    """

    tender: bytes
    lot: int
    report: bytes
    rank: int | None
    reason: FailureReason | None
    ground: Ground = Ground.REPORT
    text: str = ""
    document: bytes | None = None
    replaces: bytes = ZERO32

    def __post_init__(self) -> None:
        if (self.rank is None) == (self.reason is None):
            raise AwardError("a decision names a rank or a reason of failure", code="award.basis")
        if (self.ground is Ground.REPORT) != (self.replaces == ZERO32):
            raise AwardError("a decision that replaces another says why that one fell", code="award.basis")

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the basis document."""
        value: JsonObject = {
            "v": VERSION,
            "kind": "award-basis",
            "tender": to_hex(self.tender),
            "lot": self.lot,
            "report": to_hex(self.report),
            "rank": self.rank,
            "reason": int(self.reason) if self.reason else None,
            "ground": self.ground.value,
            "text": self.text,
            "document": to_hex(self.document) if self.document else None,
            "replaces": to_hex(self.replaces),
        }
        return canonical.dumps(value)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the document: the act's `basis`."""
        return hashlib.sha256(self.to_bytes()).digest()


def parse_basis(data: bytes) -> Basis:
    """Return the basis of canonical bytes; refuse another form."""
    value = read_members(canonical.loads(data), "award basis", _KEYS)
    if (value["v"], value["kind"]) != (VERSION, "award-basis"):
        raise AwardError(f"this is no award basis of version {VERSION}", code="award.basis")
    reason = read_maybe(read_integer, value["reason"], "reason")
    if reason is not None and reason not in set(FailureReason):
        raise AwardError(f"{reason} is no reason of failure", code="award.basis")
    return Basis(
        read_b32(value["tender"], "tender"),
        read_integer(value["lot"], "lot"),
        read_b32(value["report"], "report"),
        read_maybe(read_integer, value["rank"], "rank"),
        None if reason is None else FailureReason(reason),
        read_enum(Ground, value["ground"], "ground"),
        read_text(value["text"], "text"),
        read_maybe(read_b32, value["document"], "document"),
        read_b32(value["replaces"], "replaces"),
    )


def due_decision(outcome: Outcome, fallen: Sequence[bytes], terms: Terms) -> Candidate | FailureReason:
    """Return what is to be decided after the decisions for the bidders in `fallen` fell.

    It is the first recommended candidate not among them, WITHDRAWN when all of them are, or the report's own reason.
    """
    if not isinstance(outcome, Ranking):
        return outcome.reason
    for candidate in outcome.candidates[: terms.candidates]:
        if candidate.bidder not in fallen:
            return candidate
    return FailureReason.WITHDRAWN


def need_decision(outcome: Outcome, fallen: Sequence[bytes], terms: Terms, winner: bytes, basis: Basis) -> Candidate:
    """Return the candidate that `winner` and `basis` name, or refuse: another one is due (REG 55)."""
    due = due_decision(outcome, fallen, terms)
    if isinstance(due, FailureReason):
        raise AwardError(f"no award is due on this lot: {due.text}", code="award.none_due", reason=due.text)
    if (winner, basis.rank) != (due.bidder, due.rank):
        raise AwardError(
            f"the candidate ranked {due.rank} is due, not the one named", code="award.not_due",
            due=to_hex(due.bidder), rank=due.rank,
        )  # fmt: skip
    return due


def need_failure(outcome: Outcome | None, fallen: Sequence[bytes], terms: Terms, basis: Basis) -> FailureReason:
    """Return the failure that `basis` names, or refuse it.

    What the bids alone give (no valid bid, not comparable) must be what the report gives, if there is one. A tenderer
    may also reject all (12号令 27) or withdraw (REG 31), saying why.
    """
    reason = basis.reason
    if reason is None or reason is FailureReason.TOO_FEW_BIDDERS:
        raise AwardError("a tenderer fails a lot for a reason other than too few bidders", code="award.reason")
    if reason in {FailureReason.ALL_REJECTED, FailureReason.WITHDRAWN}:
        if not basis.text:
            raise AwardError("say in the basis why all bids are rejected or the lot is withdrawn", code="award.reason")
        return reason
    due = due_decision(outcome, fallen, terms) if outcome is not None else None
    if due is not reason:
        raise AwardError(f"the bids do not give {reason.text}", code="award.reason", reason=reason.text)
    return reason
