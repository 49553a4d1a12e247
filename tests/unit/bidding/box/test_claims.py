"""Keys, box and list as a verifier claims them: computed from proven facts, named where the evidence is another one.

The list is the known-answer one of sealing.md: two origins, one of them forked, every reason for a drop and every void.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bidding.box.book import BookState, CutView, OriginView, TenderAtBlock
from bidding.box.claims import (
    ListInputs,
    ListStatement,
    ProvenList,
    SignedShare,
    TenderKeys,
    inputs_claim,
    keys_claim,
    list_claim,
    opened_claim,
)
from bidding.box.committee import Member, RegisteredKeySet
from bidding.box.errors import BoxError
from bidding.box.facts import Contracts, open_slips
from bidding.box.proven import KeyRecord
from bidding.box.registry import Answers, Questions
from bidding.sealing.boxkey import decode_box_share
from bidding.sealing.facts import BoxContents, TenderFacts
from ledger.acts import BidList, BoxShare, Lot, LotCount, Purpose, digest
from ledger.claims import Claim
from ledger.eip712 import Domain
from tests.fixtures.box import b32, lot_view, tender_at
from tests.fixtures.people import key_named
from tests.unit.bidding.box.test_facts import VECTORS, known

BOOK = b"\x02" * 20
HOLDERS = [key_named(f"holder {i}") for i in range(1, 6)]
MEMBERS = tuple(Member(key.address, b32(f"city {i}"), b32(f"body {i}")) for i, key in enumerate(HOLDERS))


def name_of(city: bytes) -> str:
    """Return a name for a city's id."""
    names = {b32(f"city {i}"): f"city-{i}" for i in range(6)}
    return names.get(city, city.hex()[:6])


@cache
def facts() -> TenderFacts:
    """The facts of the known list."""
    return known()[1]


def keys(transcript: bytes = b32("ceremony"), members: tuple[Member, ...] = MEMBERS, **record: Any) -> TenderKeys:
    """Return the tender's key sets."""
    seal = RegisteredKeySet(facts().key_set, Purpose.SEAL, members, bytes(32))
    box = RegisteredKeySet(facts().box_key_set, Purpose.BOX, members, facts().key_id)
    spent = KeyRecord(transcript, record.get("spent_by", facts().tender), record.get("spender", BOOK))
    return TenderKeys(seal, record.get("box", box), KeyRecord(transcript, bytes(32), bytes(20)), spent)


@cache
def at() -> TenderAtBlock:
    """The tender of the known list on chain, listed."""
    record, f = known()[0], facts()
    lots = tuple(
        lot_view(number=lot.number, envelopes=lot.envelopes, bidders=count["bidders"])
        for lot, count in zip(f.lots, record["counts"], strict=True)
    )
    superseded = sum(notice.superseded for notice in f.notices)
    draft = tender_at(
        tender=f.tender, notices=tuple(n.notice for n in f.notices), superseded=superseded, notice_count=len(f.notices),
        lots=lots, key_id=f.key_id, box_key_id=f.box_key_id, announced_at=f.announced, deadline=f.deadline,
        first_deadline=f.first_deadline, q=f.q, state=BookState.LISTED, listed_at=f.deadline + 9,
        list_root=bytes.fromhex(record["root"]), list_count=len(record["entries"]),
    )  # fmt: skip
    draft = replace(draft, view=replace(draft.view, inputs=draft.inputs()))
    return replace(draft, view=replace(draft.view, list=digest(stated_act(draft), Domain(f.chain_id, f.tender_book))))


def stated_act(tender: TenderAtBlock) -> BidList:
    """Return the list that holders sign."""
    record = known()[0]
    counts = tuple(LotCount(c["lot"], c["bidders"]) for c in record["counts"])
    return BidList(tender.tender, tender.view.inputs, bytes.fromhex(record["root"]), len(record["entries"]), counts)


def statement(*holders: int, **changes: Any) -> ListStatement:
    """Return the list as these holders signed it."""
    act = replace(stated_act(at()), **changes)
    signed = digest(act, Domain(facts().chain_id, facts().tender_book))
    entries = [bytes.fromhex(entry) for entry in known()[0]["entries"]]
    return ListStatement(act, [HOLDERS[i - 1].sign(signed) for i in holders or (1, 2, 3)], entries)


def ask(questions: Questions) -> Answers:
    """Answer from the known registry."""
    f = facts()
    return Answers(
        tuple(key for key in f.issuers if key.address in questions.keys),
        tuple(key for key in f.receivers if key.address in questions.keys),
        {paper: since for paper, since in f.revocations.items() if paper in questions.papers},
    )


def inputs(contents: BoxContents | None = None, *, whole: bool = True) -> ListInputs:
    """Return all that the list is computed from."""
    _, f, box, secret = known()
    contracts = Contracts(f.chain_id, f.tender_book, f.city_registry)
    return ListInputs(contracts, keys(), contents or box, secret, ask, whole)


def listed(
    read: Callable[[], ListInputs] = inputs, stated: ListStatement | None = None, tender: TenderAtBlock | None = None
) -> tuple[Claim, ProvenList | None]:
    return list_claim(tender or at(), read, stated or statement(), name_of, "block 7")


# --- keys --------------------------------------------------------------------------------------------------------


def key_claim(given: TenderKeys) -> Claim:
    return keys_claim(at(), BOOK, lambda: given, name_of, "block 7")[0]


def test_keys_of_one_committee_for_this_tender() -> None:
    claim = key_claim(keys())
    assert claim.holds
    assert (
        "any 3 of 5 holders can open them (holders: 1 city-0, 2 city-1, 3 city-2, 4 city-3, 5 city-4)" in claim.text_en
    )
    assert "dealer" not in claim.text_en
    assert "One dealer made these keys and knew them all: development only." in key_claim(keys(bytes(32))).text_en


@pytest.mark.parametrize(
    "given",
    [
        lambda: keys(spent_by=b32("another tender")),
        lambda: keys(spender=b"\x09" * 20),
        lambda: keys(box=RegisteredKeySet(facts().box_key_set, Purpose.BOX, MEMBERS, b32("another seal set"))),
        lambda: keys(members=(*MEMBERS[:2], *(replace(m, city=b32("city 1")) for m in MEMBERS[2:]))),
        lambda: keys(members=(*MEMBERS[:2], *(replace(m, organisation=b32("body 1")) for m in MEMBERS[2:]))),
    ],
    ids=["another tender's", "another contract's", "another committee's", "one city's", "one organisation's"],
)
def test_keys_that_are_not_the_tenders_own_are_named(given: Callable[[], TenderKeys]) -> None:
    assert not key_claim(given()).holds


# --- inputs ------------------------------------------------------------------------------------------------------


def closed(**view: Any) -> TenderAtBlock:
    """Return a closed tender with one cut."""
    cut = CutView(b32("city 1"), 9, b32("root"))
    made = tender_at(origins=(OriginView(b32("origin"), b32("city 0"), 0, bytes(32), (cut,)),), state=BookState.CLOSED)
    return replace(made, view=replace(made.view, **{"inputs": made.inputs(), **view}))


def test_the_box_is_what_the_contract_closed_with() -> None:
    claim, contents = inputs_claim(closed(), lambda: BoxContents(()), name_of, "block 7")
    assert (claim.holds, contents) == (True, BoxContents(()))
    assert "1 checkpoints of 1 logs" in claim.text_en
    assert "(city-1)" in claim.text_en


@pytest.mark.parametrize(
    ("tender", "contents"),
    [
        (lambda: closed(inputs=b32("others")), BoxContents(())),
        (lambda: closed(state=BookState.CLOSING), BoxContents(())),
        (closed, BoxContents((), (b"a slip",))),
    ],
)
def test_a_box_with_other_contents_is_named(tender: Callable[[], TenderAtBlock], contents: BoxContents) -> None:
    assert not inputs_claim(tender(), lambda: contents, name_of, "block 7")[0].holds


# --- shares ------------------------------------------------------------------------------------------------------


@cache
def scalars() -> dict[int, bytes]:
    """The known shares of the box key."""
    shares = json.loads(VECTORS.read_text())["box"]["shares"]
    return dict(decode_box_share(bytes.fromhex(share)) for share in shares)


REGISTRY = Domain(1, b"\x01" * 20)


def share(holder: int, key: int | None = None, **members: Any) -> SignedShare:
    """Return a holder's share, signed."""
    act = BoxShare(facts().tender, facts().box_key_id, 1, holder, scalars()[holder])
    act = replace(act, **members)
    return SignedShare(act, HOLDERS[(key or holder) - 1].sign(digest(act, REGISTRY)))


def shares_claim(*shares: SignedShare) -> tuple[Claim, bytes | None]:
    return opened_claim(at(), keys, shares, REGISTRY, name_of)


def test_enough_shares_give_the_secret_of_the_box() -> None:
    first, second, third = sorted(scalars())[:3]
    claim, secret = shares_claim(share(first), share(second), share(third))
    assert (claim.holds, secret) == (True, known()[3])
    assert f"holders {first} city-{first - 1}, " in claim.text_en


@pytest.mark.parametrize(
    "third",
    [
        lambda i: [],
        lambda i: [share(min(scalars()))],
        lambda i: [share(i, key=i % 5 + 1)],
        lambda i: [share(i, tender=b32("another"))],
        lambda i: [share(i, box_key_id=b32("another"))],
        lambda i: [share(i, epoch=2)],
        lambda i: [share(i, scalar=b32("another"))],
    ],
    ids=["too few", "twice", "signed by another", "tender", "box", "epoch", "scalar"],
)
def test_a_share_that_is_not_the_holders_own_opens_nothing(third: Callable[[int], list[SignedShare]]) -> None:
    one, two, i = sorted(scalars())[:3]
    claim, secret = shares_claim(share(one), share(two), *third(i))
    assert (claim.holds, secret) == (False, None)


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_known_list_comes_out_of_the_box() -> None:
    claim, found = listed()
    assert (claim.holds, claim.problem) == (True, "")
    assert found is not None
    assert [entry.encode().hex() for entry in found.list.entries] == known()[0]["entries"]
    assert set(found.bodies) == {entry.header_hash for entry in found.list.entries}
    assert "whole box, so that no bid was left out" in claim.text_en


def test_without_the_box_completeness_is_the_holders_word() -> None:
    _, f, contents, secret = known()
    shown = open_slips(replace(f, issuers=(), receivers=(), revocations={}), contents, secret).contents
    claim, _ = listed(lambda: inputs(shown, whole=False))
    assert claim.holds
    assert "is the word of holders 1 city-0, 2 city-1, 3 city-2, who scanned it" in claim.text_en
    assert "that the box key does not open" in listed(lambda: inputs(whole=False))[0].problem


def no_inputs() -> ListInputs:
    raise BoxError("nothing", code="box.missing")


@pytest.mark.parametrize(
    "claim",
    [
        lambda: list_claim(at(), inputs, None, name_of, "block 7"),
        lambda: listed(no_inputs),
        lambda: listed(stated=statement(count=1)),
        lambda: listed(stated=replace(statement(), entries=statement().entries[1:])),
        lambda: listed(stated=statement(1, 2)),
        lambda: listed(stated=statement(1, 2, 2)),
        lambda: listed(stated=replace(statement(), signatures=[*statement().signatures[:2],
                                                               key_named("eve").sign(b32("x"))])),
        lambda: listed(tender=replace(at(), view=replace(at().view, list=b32("another")))),
        lambda: listed(tender=replace(at(), view=replace(at().view, list_root=b32("another")))),
        lambda: listed(tender=replace(at(), lots=(replace(at().lots[0], bidders=1), *at().lots[1:]))),
        lambda: listed(lambda: inputs(replace(known()[2], admitted=known()[2].admitted[1:]))),
    ],
    ids=["no list", "no inputs", "another count", "an entry less", "too few holders", "a holder twice", "a stranger",
         "another digest on chain", "another root on chain", "another count on chain", "a slip less"],
)  # fmt: skip
def test_another_list_is_named(claim: Callable[[], tuple[Claim, ProvenList | None]]) -> None:
    found, proven = claim()
    assert (found.holds, proven) == (False, None)


def test_lots_of_the_known_list_are_the_announced_ones() -> None:
    assert at().announced_lots == tuple(Lot(lot.number, lot.envelopes) for lot in facts().lots)
