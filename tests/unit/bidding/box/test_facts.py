from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bidding.box.book import fold
from bidding.box.committee import RegisteredKeySet
from bidding.box.errors import BoxError
from bidding.box.facts import (
    Contracts,
    LoadedList,
    OpenedBox,
    admitted_slips,
    base_facts,
    compute_list,
    open_slips,
    questions,
    with_registry,
)
from bidding.box.registry import Answers
from bidding.sealing.facts import BoxContents, TenderFacts
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.keyset import KeySet
from bidding.sealing.vectors.lists import read_contents, read_facts
from bidding.sealing.vectors.report import points
from ledger.acts import Purpose
from tests.fixtures.box import b32, tender_at

VECTORS = Path(__file__).parents[3] / "vectors" / "tdh2-0x01.json"


@cache
def known() -> tuple[dict[str, Any], TenderFacts, BoxContents, bytes]:
    """The whole list of the known answers: its record, facts, box and x_b."""
    document = json.loads(VECTORS.read_text())
    box, record = document["box"], document["keysets"]["n5k3"]
    seal = KeySet(record["n"], record["k"], bytes.fromhex(record["Y"]), points(record["h"]))
    keys = KeySet(box["n"], box["k"], bytes.fromhex(box["Y"]), points(box["h"]), suite=TDH2_SECP256K1)
    slips = {slip["name"]: bytes.fromhex(slip["slip"]) for slip in box["slips"]}
    contents = read_contents(box["list"], slips)
    return box["list"], read_facts(box["list"], {"n5k3": seal}, keys), contents, bytes.fromhex(box["x"])


@cache
def opened() -> OpenedBox:
    _, facts, contents, secret = known()
    return open_slips(replace(facts, issuers=(), receivers=(), revocations={}), contents, secret)


def test_the_registry_is_asked_for_all_that_the_list_needs() -> None:
    record, facts, _, secret = known()
    base = replace(facts, issuers=(), receivers=(), revocations={})
    asked = questions(base, opened())
    answers = Answers(
        tuple(key for key in facts.issuers if key.address in asked.keys),
        tuple(key for key in facts.receivers if key.address in asked.keys),
        {paper: since for paper, since in facts.revocations.items() if paper in asked.papers},
    )
    found = compute_list(with_registry(base, answers), opened(), secret)
    assert found.root.hex() == record["root"]
    assert [entry.encode().hex() for entry in found.entries] == record["entries"]
    assert set(facts.revocations) <= asked.papers


def test_without_the_registry_no_bid_counts() -> None:
    _, facts, _, secret = known()
    base = replace(facts, issuers=(), receivers=(), revocations={})
    assert compute_list(base, opened(), secret).entries == ()


def test_blanked_slips_leave_the_others_their_places() -> None:
    _, facts, contents, secret = known()
    whole = compute_list(facts, OpenedBox(contents, ()), secret)
    blanked = compute_list(facts, opened(), secret)
    assert blanked == whole
    cut = opened().contents.origins[0].cuts[0].slips
    assert len(cut) == len(contents.origins[0].cuts[0].slips)
    assert b"" in cut


def test_listed_bodies_are_found_by_their_header() -> None:
    _, facts, contents, secret = known()
    found = compute_list(facts, opened(), secret)
    loaded = LoadedList(None, facts, contents, found, None, None)  # type: ignore[arg-type]
    assert set(loaded.bodies) == {entry.header_hash for entry in found.entries}
    for entry in found.entries:
        assert loaded.bodies[entry.header_hash].bidder == entry.bidder


def test_facts_come_from_the_chain_alone() -> None:
    _, facts, _, _ = known()
    seal = RegisteredKeySet(facts.key_set, Purpose.SEAL, (), bytes(32))
    box = RegisteredKeySet(facts.box_key_set, Purpose.BOX, (), facts.key_id)
    at = tender_at(key_id=facts.key_id, box_key_id=facts.box_key_id, deadline=9, first_deadline=8, announced_at=7, q=2)
    base = base_facts(at, Contracts(1, b"\x01" * 20, b"\x02" * 20), seal, box)
    assert (base.deadline, base.first_deadline, base.announced, base.q) == (9, 8, 7, 2)
    assert (base.tender, base.key_set, base.box_key_set) == (at.tender, facts.key_set, facts.box_key_set)
    assert (base.issuers, base.receivers, dict(base.revocations)) == ((), (), {})


SLIPS = tuple(hashlib.sha256(f"slip {i}".encode()).digest() * 28 for i in range(2))


class Admissions:
    """Two admissions of the tender and one of another, as the chain client gives them."""

    def __init__(self, inputs: dict[bytes, bytes]) -> None:
        self.inputs = inputs

    async def logs(self, contracts, start, end, *, events):
        assert (list(contracts), list(events)) == (["TenderBook"], ["SlipAdmitted"])
        hashes = [hashlib.sha256(slip).digest() for slip in SLIPS]
        mine = [
            SimpleNamespace(args={"tender": b32("tender"), "number": i, "slip": slip}, tx_hash=bytes([i]) * 32)
            for i, slip in enumerate(hashes)
        ]
        other = SimpleNamespace(args={"tender": b32("other"), "number": 0, "slip": hashes[0]}, tx_hash=bytes(32))
        return [mine[1], other, mine[0]]

    async def calldata(self, hashes):
        return [self.inputs[one] for one in hashes]


def admitted_tender(count: int = 2):
    head = fold(hashlib.sha256(slip).digest() for slip in SLIPS[:count])
    return tender_at(admitted_count=count, admitted_head=head)


async def test_admitted_slips_are_read_from_the_calls_that_brought_them() -> None:
    inputs = {bytes([i]) * 32: b"call" + bytes(i) + slip + b"rest" for i, slip in enumerate(SLIPS)}
    assert await admitted_slips(Admissions(inputs), admitted_tender()) == SLIPS  # type: ignore[arg-type]
    assert await admitted_slips(Admissions({}), tender_at()) == ()  # type: ignore[arg-type]


async def test_a_hidden_slip_and_a_wrong_fold_are_told() -> None:
    hidden = {bytes([i]) * 32: b"nothing here" for i in range(2)}
    with pytest.raises(BoxError, match="hides"):
        await admitted_slips(Admissions(hidden), admitted_tender())  # type: ignore[arg-type]
    inputs = {bytes([i]) * 32: slip for i, slip in enumerate(SLIPS)}
    with pytest.raises(BoxError) as refused:
        await admitted_slips(Admissions(inputs), admitted_tender(1))  # type: ignore[arg-type]
    assert refused.value.code == "box.admitted"
