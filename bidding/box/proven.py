"""Tender, key sets and registry read from the contracts' storage: with proofs, under a block that counts.

The same values as `book`, `committee` and `registry` read from an own node, for those who have none (a bidder's device)
and those who believe none (a bundle's verifier). Each function takes a `StateReader`; over `ProvenState` whatever it
returns is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from bidding.box.book import BookState, CutView, LotState, LotView, OriginView, TenderAtBlock, TenderView
from bidding.box.committee import Member, RegisteredKeySet
from bidding.box.errors import BoxError
from bidding.box.facts import Contracts
from bidding.box.registry import Answers, KeyKind, Questions, answer
from bidding.sealing.keyset import KeySet
from ledger.acts import Committee, Envelope, Purpose
from ledger.chain.client import ContractKind
from ledger.chain.evidence.facts import StateReader
from ledger.chain.prove import storage_layout

_SNAKE = {"from": "from_"}


@dataclass(frozen=True)
class ProvenTender:
    """A tender with its key sets, all read at one block."""

    contracts: Contracts
    at: TenderAtBlock
    seal: RegisteredKeySet
    box: RegisteredKeySet


def contract_at(state: StateReader, registry: bytes, kind: ContractKind) -> bytes:
    """Return the address of the version that CityRegistry named last."""
    address: bytes = state.read(registry, storage_layout("CityRegistry"), "_currentVersion", int(kind))
    return address


def read_tender(
    state: StateReader, chain_id: int, registry: bytes, tender: bytes, block: int, time: int
) -> ProvenTender:
    """Return the tender at this block; `block` and `time` are the block's. Raises `BoxError` for an unknown tender."""
    book = contract_at(state, registry, ContractKind.TenderBook)
    key_sets = contract_at(state, registry, ContractKind.KeySets)
    at = read_book(state, book, tender, block, time)
    seal = read_key_set(state, key_sets, at.view.key_id, Purpose.SEAL)
    box = read_key_set(state, key_sets, at.view.box_key_id, Purpose.BOX)
    return ProvenTender(Contracts(chain_id, book, registry), at, seal, box)


def read_book(state: StateReader, book: bytes, tender: bytes, block: int, time: int) -> TenderAtBlock:
    """Return what this TenderBook holds of the tender; raise `BoxError` if it never was announced there."""
    layout = storage_layout("TenderBook")
    row = _snake(state.read(book, layout, "_tenders", tender))
    view_state, committee = BookState(row.pop("state")), Committee(row.pop("committee"))
    origins = [
        OriginView(
            origin["origin"],
            origin["city"],
            origin["startSize"],
            origin["startRoot"],
            tuple(CutView(**cut) for cut in state.read(book, layout, "_cuts", tender, origin["origin"])),
        )
        for origin in state.read(book, layout, "_origins", tender)
    ]
    numbers = state.read(book, layout, "_lotNumbers", tender)
    lots = [_lot(state.read(book, layout, "_lots", tender, number)) for number in numbers]
    if view_state is BookState.UNKNOWN:
        raise BoxError("The chain knows no such tender.", code="tender.unknown")
    view = TenderView(state=view_state, committee=committee, **row)
    notices = state.read(book, layout, "_notices", tender)
    return TenderAtBlock(tender, block, time, view, tuple(notices), tuple(origins), tuple(lots))


def read_key_set(state: StateReader, key_sets: bytes, key_id: bytes, purpose: Purpose) -> RegisteredKeySet:
    """Return the current epoch of a key set, its polynomial checked; refuse an unknown one or another purpose."""
    layout = storage_layout("KeySets")
    found = state.read(key_sets, layout, "_sets", key_id)
    epoch = state.read(key_sets, layout, "_epochs", key_id, found["epoch"])
    is_box = purpose is Purpose.BOX
    of, at = (found["sealKeyId"], epoch["sealEpoch"]) if is_box else (key_id, found["epoch"])
    state.expect(key_sets, layout, [("_points", key_id, found["epoch"], index) for index in range(epoch["n"] + 1)])
    state.expect(key_sets, layout, [("_members", of, at, index) for index in range(1, epoch["n"] + 1)])
    points = [state.read(key_sets, layout, "_points", key_id, found["epoch"], index) for index in range(epoch["n"] + 1)]
    members = [state.read(key_sets, layout, "_members", of, at, index) for index in range(1, epoch["n"] + 1)]
    if found["epoch"] == 0 or found["purpose"] != purpose:
        raise BoxError(f"No {purpose.name.lower()} key set has this id.", code="box.key_set", key_id=key_id.hex())
    encoded = [bytes([point["prefix"]]) + point["x"] for point in points]
    keys = KeySet(epoch["n"], epoch["k"], encoded[0], tuple(encoded[1:]), found["epoch"], key_id)
    holders = tuple(Member(m["signer"], m["city"], m["organisation"]) for m in members)
    return RegisteredKeySet(keys, purpose, holders, found["sealKeyId"])


def read_excluded(
    state: StateReader, book: bytes, tender: bytes, lot: LotView, before: Envelope, bidders: Iterable[bytes]
) -> frozenset[bytes]:
    """Return which of these bidders stand excluded after an envelope of the lot earlier than `before`."""
    layout = storage_layout("TenderBook")
    earlier = [e for e in Envelope if e < before and lot.envelopes & e.bit]
    rounds = {e: state.read(book, layout, "_exclusions", tender, lot.number, int(e), "round") for e in earlier}

    def is_out(bidder: bytes, envelope: Envelope) -> bool:
        named = state.read(book, layout, "_rounds", tender, lot.number, int(envelope), bidder)
        return named != 0 and bool(named == rounds[envelope])

    return frozenset(bidder for bidder in bidders if any(is_out(bidder, envelope) for envelope in earlier))


@dataclass(frozen=True)
class KeyRecord:
    """What KeySets says of a set besides its keys: the ceremony's transcript (zero for a dealer), who spent it."""

    transcript: bytes
    spent_by: bytes
    spender: bytes


def read_key_record(state: StateReader, key_sets: bytes, key_id: bytes) -> KeyRecord:
    """Return the record of a set's current epoch."""
    layout = storage_layout("KeySets")
    found = state.read(key_sets, layout, "_sets", key_id)
    transcript = state.read(key_sets, layout, "_epochs", key_id, found["epoch"], "transcript")
    return KeyRecord(transcript, found["spentBy"], found["spender"])


def read_answers(state: StateReader, registry: bytes, questions: Questions) -> Answers:
    """Return what CityRegistry holds about these keys and papers."""
    layout = storage_layout("CityRegistry")
    state.expect(registry, layout, [("_keys", key) for key in sorted(questions.keys)])
    state.expect(registry, layout, [("_revokedFrom", paper) for paper in sorted(questions.papers)])
    keys = {k: SimpleNamespace(**_snake(_key(state, registry, k))) for k in sorted(questions.keys)}
    revoked = {paper: state.read(registry, layout, "_revokedFrom", paper) for paper in sorted(questions.papers)}
    return answer(keys, revoked)


def city_of_key(state: StateReader, registry: bytes, address: bytes, kind: KeyKind, at: int) -> bytes | None:
    """Return the city whose key of this kind stood at the time `at` and is not marked compromised, else None."""
    row = _key(state, registry, address)
    stands = row["kind"] == kind and row["from"] <= at <= row["to"] and not row["compromisedAt"]
    return row["city"] if stands else None


def _key(state: StateReader, registry: bytes, address: bytes) -> dict[str, Any]:
    found: dict[str, Any] = state.read(registry, storage_layout("CityRegistry"), "_keys", address)
    return found


def _lot(row: Mapping[str, Any]) -> LotView:
    values = _snake(row)
    return LotView(state=LotState(values.pop("state")), **values)


def _snake(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a struct's members under the names that the Python values have."""
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in _SNAKE.get(n, n)): v for n, v in row.items()}
