"""A subject's entries read from CreditLedger's storage: over `ProvenState` whatever this returns is proven.

The same code runs on a live node to find the slots, on a partner city to check an answer, and offline in a verifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit.domain import CreditError
from ledger.chain.client import ContractKind
from ledger.chain.evidence.facts import StateReader
from ledger.chain.prove import storage_layout
from ledger.chain.versions import version_at

LEDGER = ContractKind.CreditLedger.name


@dataclass(frozen=True)
class PostedAct:
    """What the ledger keeps of an act: on whom, by which city, its place from 1, its block time in seconds."""

    digest: bytes
    subject: bytes
    city: bytes
    index: int
    posted_at: int
    is_decision: bool


@dataclass(frozen=True)
class SubjectEntries:
    """A subject in the ledger that CityRegistry names: count of entries, their folded head, the acts behind them."""

    ledger: bytes
    count: int
    head: bytes
    acts: tuple[PostedAct, ...]


def read_subject(state: StateReader, registry: bytes, subject: bytes, digests: Sequence[bytes]) -> SubjectEntries:
    """Return the subject's entries, whose acts are `digests` in the ledger's order.

    Refuses digests of acts that are not all of this subject's, one at each place: then an entry is missing or foreign.
    """
    ledger = version_at(state, registry, ContractKind.CreditLedger)
    layout = storage_layout(LEDGER)
    row = state.read(ledger, layout, "_subjects", subject)
    acts = tuple(_act(state, ledger, digest) for digest in digests)
    expected = [(subject, place) for place in range(1, row["count"] + 1)]
    if [(act.subject, act.index) for act in acts] != expected:
        raise CreditError(
            f"The ledger has {row['count']} entries on the subject; these acts are not all of them, in its order.",
            code="credit.incomplete",
            count=row["count"],
        )
    return SubjectEntries(ledger, row["count"], row["head"], acts)


def _act(state: StateReader, ledger: bytes, digest: bytes) -> PostedAct:
    row = state.read(ledger, storage_layout(LEDGER), "_entries", digest)
    return PostedAct(digest, row["subject"], row["city"], row["index"], row["postedAt"], row["isDecision"])
