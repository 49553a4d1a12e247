"""Documents of a bundle: those that an act, an event or a named document names by hash or root; nothing else."""

from __future__ import annotations

import hashlib
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from bidding.evaluation.report import Report
from bidding.panel.domain import Snapshot
from ledger import canonical
from ledger.acts import ZERO32, Act, EvaluationReport, TenderSuspension
from ledger.authority import ActChain
from ledger.canonical import JsonValue
from ledger.json_fields import to_hex
from ledger.signed import Signed
from tests.fixtures.box import b32
from witness.audit.named import _hashes, named_documents
from witness.audit.parts import LoggedEntry
from witness.log.entry import Body, Disclosed, Evidence
from witness.log.kinds import ActorRole, EvidenceKind, Kind

TENDER = b32("tender")
REASON = b"A complaint is looked into."


def signed(act: Act) -> Signed:
    return Signed(act, bytes(65), cast("ActChain", None))


def suspension(reason: bytes) -> Signed:
    return signed(TenderSuspension(TENDER, sha256(reason), 0))


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def paper(**names: JsonValue) -> bytes:
    return canonical.dumps({"kind": "paper", **names})


def named(*documents: bytes, acts: tuple[Signed, ...] = (), entries: tuple[LoggedEntry, ...] = ()) -> list[bytes]:
    return list(named_documents(acts, entries, {sha256(content): content for content in documents}).values())


def entry(evidence: bytes, *, disclosed: bool = True) -> LoggedEntry:
    shown = Evidence(EvidenceKind.FILE, "document", sha256(evidence))
    body = Body(
        Kind.CLARIFICATION_PUBLISHED, b32("log"), 0, ActorRole.TENDERER, TENDER, seq=1, prev=ZERO32, evidence=(shown,)
    )
    return LoggedEntry(0, ZERO32, Disclosed(ZERO32, body) if disclosed else None, 0, ())


def test_an_act_names_its_document_by_hash() -> None:
    assert named(REASON, b"something else", acts=(suspension(REASON),)) == [REASON]
    assert named(REASON) == []


def test_an_event_names_its_evidence_once_it_is_disclosed() -> None:
    assert named(REASON, entries=(entry(REASON),)) == [REASON]
    assert named(REASON, entries=(entry(REASON, disclosed=False),)) == []


def test_reports_and_snapshots_are_named_by_their_roots() -> None:
    report, snapshot = (
        Report("evaluation-report", ({"kind": "evaluation", "lot": 0},)),
        Snapshot(TENDER, (b32("seat"),)),
    )
    acts = (signed(EvaluationReport(TENDER, 0, report.root, ZERO32)), signed(snapshot.request()))
    other = Report("evaluation-report", ({"kind": "evaluation", "lot": 1},))
    assert named(report.to_bytes(), snapshot.to_bytes(), other.to_bytes(), acts=acts) == [
        report.to_bytes(),
        snapshot.to_bytes(),
    ]


def test_a_named_document_names_others_wherever_it_says_so() -> None:
    drawing = b"%PDF-"
    plan = paper(drawings=[{"sha256": to_hex(sha256(drawing))}])
    letter = paper(plan=sha256(plan).hex())
    stranger = paper(letter=to_hex(sha256(letter)))
    assert named(letter, plan, drawing, stranger, acts=(suspension(letter),)) == [letter, plan, drawing]
    assert named(plan, drawing, stranger, acts=(suspension(letter),)) == []


def test_what_is_no_canonical_json_names_nothing() -> None:
    letter = b'{ "plan": "' + sha256(REASON).hex().encode() + b'" }'
    assert named(letter, REASON, acts=(suspension(letter),)) == [letter]


@given(st.lists(st.binary(max_size=40), unique=True))
def test_whatever_is_named_stays_as_it_is(contents: list[bytes]) -> None:
    documents = {sha256(content): content for content in contents}
    assert named_documents([suspension(content) for content in contents], (), documents) == documents
    assert named_documents((), (), documents) == {}


def _by_walking(value: JsonValue) -> list[bytes]:
    """Return what whole texts name, found by a walk through the value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [found for item in value for found in _by_walking(item)]
    digits = value.removeprefix("0x") if isinstance(value, str) else ""
    return [bytes.fromhex(digits)] if len(digits) == 64 and set(digits) <= set("0123456789abcdef") else []


HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
BESIDE = st.sampled_from(['"', '\\"', "\\", "a", ":", ""])
TEXTS = st.one_of(
    HASHES,
    HASHES.map("0x".__add__),
    st.builds(
        "{}{}{}".format, st.sampled_from(['"', '\\"', "\\", "a", ":", ""]), HASHES, st.sampled_from(['"', "\\", ""])
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    TEXTS | st.integers(0, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HASHES | st.text("abc", max_size=2), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_texts_are_found_in_json_as_by_a_walk(value: JsonValue) -> None:
    assert sorted(_hashes(value)) == sorted(_by_walking(value))
