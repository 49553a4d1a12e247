from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from ledger import canonical
from ledger.canonical import CanonicalError, JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import FieldError
from witness.log.entry import (
    CHAIN_START,
    Body,
    ChainError,
    ChainLink,
    Disclosed,
    EntryError,
    Evidence,
    check_chain,
    commit,
)
from witness.log.kinds import ActorRole, EvidenceKind, Kind

TENDER = b"\x07" * 32
BODY = Body(
    kind=Kind.OPENING_RECORD,
    origin=b"\x01" * 32,
    occurred_at=1_767_225_600,
    actor_role=ActorRole.CENTRE,
    tender=TENDER,
    lot=0,
    seq=2,
    prev=b"\x02" * 32,
    actor=b"\x03" * 32,
    site="六安",
    seat="A-1",
    evidence=(Evidence(EvidenceKind.AV, "av/1", b"\x04" * 32),),
    act=b"\x05" * 32,
    data={"envelope": "price", "bids": [{"price": "10.00"}]},
)


def members(**changes: Any) -> JsonObject:
    return {**BODY.to_json(), **changes}


class TestBody:
    def test_reads_back(self) -> None:
        assert Body.from_bytes(BODY.to_bytes()) == BODY
        bare = Body(Kind.CREDIT_RECORDED, bytes(32), 0, ActorRole.SYSTEM)
        assert Body.from_bytes(bare.to_bytes()) == bare

    def test_the_bytes_are_canonical_json_of_the_documented_members(self) -> None:
        value = canonical.loads_object(BODY.to_bytes())
        members = "v kind origin tender lot seq prev actor_role actor site seat occurred_at evidence act data"
        assert " ".join(sorted(value)) == " ".join(sorted(members.split(" ")))
        assert value["v"] == 1
        assert value["kind"] == "E22"

    def test_every_kind_of_the_law_list_is_there_once(self) -> None:
        assert {f"E{n:02}" for n in range(1, 41)} <= {kind.value for kind in Kind}
        assert all(kind.value == f"E{n:02}" for n, kind in enumerate(Kind, start=1))

    @pytest.mark.parametrize(
        "changes",
        [
            {"v": 2},
            {"v": True},
            {"kind": "E99"},
            {"kind": None},
            {"origin": "01" * 32},
            {"origin": "0x" + "AB" * 32},
            {"origin": "0x01"},
            {"lot": "0"},
            {"lot": -1},
            {"lot": 2**32},
            {"lot": True},
            {"seq": 0},
            {"seq": 1},
            {"seq": None},
            {"prev": None},
            {"prev": "0x" + "00" * 32},
            {"tender": None},
            {"actor_role": "boss"},
            {"actor": 1},
            {"site": 1},
            {"occurred_at": None},
            {"occurred_at": -1},
            {"occurred_at": "2026"},
            {"evidence": None},
            {"evidence": [{}]},
            {"evidence": [{"kind": "AV", "uri": 1, "sha256": "0x" + "00" * 32}]},
            {"evidence": [{"kind": "TV", "uri": "", "sha256": "0x" + "00" * 32}]},
            {"evidence": [{"kind": "AV", "uri": "", "sha256": "0x00"}]},
            {"act": "0x00"},
            {"data": []},
            {"extra": 1},
        ],
    )
    def test_refuses_what_the_schema_does_not_allow(self, changes: JsonObject) -> None:
        with pytest.raises((EntryError, FieldError)):
            Body.from_json(members(**changes))

    def test_refuses_a_time_before_the_epoch(self) -> None:
        with pytest.raises(EntryError):
            replace(BODY, occurred_at=-1)

    def test_refuses_a_missing_member(self) -> None:
        for name in BODY.to_json():
            value = BODY.to_json()
            del value[name]
            with pytest.raises(FieldError):
                Body.from_json(value)

    def test_refuses_other_spellings_and_sizes(self) -> None:
        with pytest.raises(CanonicalError):
            Body.from_bytes(BODY.to_bytes() + b"\n")
        with pytest.raises(CanonicalError) as caught:
            replace(BODY, data={"text": "x" * 8192}).to_bytes()
        assert caught.value.code == "canonical.too_large"
        with pytest.raises(CanonicalError):
            replace(BODY, data={"price": 1.5}).to_bytes()  # type: ignore[dict-item]

    @pytest.mark.parametrize("name", ["origin", "tender", "prev", "actor", "act"])
    def test_ids_and_hashes_have_32_bytes(self, name: str) -> None:
        with pytest.raises(FieldError):
            replace(BODY, **{name: b"\x01" * 31})

    def test_an_event_of_no_tender_has_no_place_in_a_chain(self) -> None:
        for changes in ({"tender": None}, {"tender": None, "seq": None}, {"tender": None, "seq": None, "prev": None}):
            with pytest.raises(EntryError):
                replace(BODY, **changes)
        replace(BODY, tender=None, seq=None, prev=None, lot=None)


class TestCommitment:
    def test_is_the_hash_of_nonce_and_body(self) -> None:
        nonce = b"\x09" * 32
        entry = Disclosed(nonce, BODY).entry
        assert entry == hashlib.sha256(nonce + BODY.to_bytes()).digest()
        assert entry == commit(nonce, BODY.to_bytes())

    def test_a_nonce_has_32_bytes(self) -> None:
        with pytest.raises(FieldError):
            commit(b"\x09" * 31, b"")

    def test_disclosure_reads_back(self) -> None:
        disclosed = Disclosed(b"\x09" * 32, BODY)
        assert Disclosed.from_json(disclosed.to_json()) == disclosed
        with pytest.raises(FieldError):
            Disclosed.from_json({"body": BODY.to_json()})


def make_chain(length: int) -> list[ChainLink]:
    links: list[ChainLink] = []
    prev = CHAIN_START
    for seq in range(1, length + 1):
        disclosed = Disclosed(bytes([seq]) * 32, replace(BODY, seq=seq, prev=prev))
        prev = disclosed.entry
        links.append(ChainLink(prev, disclosed))
    return links


def hide(links: list[ChainLink], *places: int) -> list[ChainLink]:
    return [ChainLink(link.entry) if i in places else link for i, link in enumerate(links, start=1)]


class TestChain:
    def test_a_whole_chain_is_accepted(self) -> None:
        links = make_chain(5)
        assert check_chain(TENDER, links, links[-1].entry, 5) == ()
        assert check_chain(TENDER, [], CHAIN_START, 0) == ()

    def test_undisclosed_entries_are_named_by_their_successors(self) -> None:
        links = make_chain(6)
        head = links[-1].entry
        assert check_chain(TENDER, hide(links, 2, 4), head, 6) == ()
        assert check_chain(TENDER, hide(links, 6), head, 6) == ()
        assert check_chain(TENDER, hide(links, 2, 3), head, 6) == (2,)
        assert check_chain(TENDER, hide(links, 1, 2, 3, 4, 5, 6), head, 6) == (1, 2, 3, 4, 5)

    def test_an_event_left_out_is_noticed(self) -> None:
        links = make_chain(5)
        head = links[-1].entry
        for place in range(5):
            shorter = links[:place] + links[place + 1 :]
            for count in (4, 5):
                with pytest.raises(ChainError):
                    check_chain(TENDER, shorter, head, count)

    def test_an_undisclosed_stand_in_is_noticed(self) -> None:
        links = make_chain(5)
        for place in (2, 5):
            stand_in = [*links[: place - 1], ChainLink(b"\xee" * 32), *links[place:]]
            with pytest.raises(ChainError):
                check_chain(TENDER, stand_in, links[-1].entry, 5)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda links: [links[1], links[0], *links[2:]],
            lambda links: [links[0], links[0], *links[2:]],
            lambda links: [*links[:2], ChainLink(links[2].entry, links[3].disclosed), *links[3:]],
        ],
    )
    def test_wrong_order_and_wrong_bodies_are_noticed(self, damage: Any) -> None:
        links = make_chain(5)
        with pytest.raises(ChainError):
            check_chain(TENDER, damage(links), links[-1].entry, 5)

    def test_another_tender_and_another_head_are_noticed(self) -> None:
        links = make_chain(3)
        with pytest.raises(ChainError, match="another tender"):
            check_chain(b"\x08" * 32, links, links[-1].entry, 3)
        with pytest.raises(ChainError, match="not the head"):
            check_chain(TENDER, links, links[0].entry, 3)

    def test_errors_are_of_the_one_root(self) -> None:
        assert issubclass(ChainError, SunbidError)
        assert issubclass(EntryError, SunbidError)
