"""Key-holders at work in a town: what they release when, what survives a restart, and what a false one is worth."""

from __future__ import annotations

import json

import pytest

from bidding.box.book import BookState
from bidding.keyholder.journal import Journal, Kind
from ledger.acts import BoxShare, Envelope, ShareRelease, digest
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from tests.fixtures.town import Square


async def work_of_cities(square: Square) -> None:
    """Let the cities work until they are done, while all holders rest."""
    moved = True
    while moved:
        moved = False
        for city in square.town.cities.values():
            for task in city.worker.tasks:
                moved |= await task.run(city.node)


async def close(square: Square) -> None:
    """Bring the tender to CLOSED before any holder looks."""
    await square.near_deadline()
    deadline = (await square.at()).view.deadline
    for seconds in (1, 4):
        await square.town.advance_to(deadline + seconds)
        await work_of_cities(square)
    assert (await square.at()).view.state is BookState.CLOSED


async def hand_in(square: Square, act: BoxShare | ShareRelease, key: SigningKey, city: str = "luan") -> None:
    node = square.town.cities[city].node
    signature = key.sign(digest(act, node.base.domains.domain(act.contract)))
    body: JsonObject = {"type": act.name(), "act": act.to_json(), "signature": "0x" + signature.hex()}
    async with square.town.api(city) as client:
        await client.post(f"{square.conduct.path}/records", body)


async def box_share(square: Square, holder: int, scalar: bytes) -> BoxShare:
    return BoxShare(square.tender, (await square.at()).view.box_key_id, 1, holder, scalar)


async def test_nothing_leaves_a_holder_before_the_box_is_closed(square: Square) -> None:
    await (await square.device("ann")).submit(square.tender, 0, Envelope.PRICE, square.price("CNY 100.00"))
    await square.near_deadline()
    for city in square.town.cities.values():
        assert not await city.holder.step()
        assert list(city.holder.journal.records()) == []


async def test_a_suspended_tender_stays_shut(square: Square) -> None:
    await close(square)
    supervisor = square.conduct.parties.supervisor
    await square.conduct.suspend(supervisor, "a complaint is heard")
    await work_of_cities(square)
    assert (await square.at()).view.is_suspended
    for city in square.town.cities.values():
        assert not await city.holder.step()
        assert [refusal.code for refusal in city.holder.refusals] == ["holder.suspended"]
        assert list(city.holder.journal.records()) == []

    await square.conduct.resume(supervisor, "it was unfounded")
    await square.pass_deadline()
    assert (await square.at()).view.state in {BookState.LISTED, BookState.DONE}


async def test_a_share_whose_record_says_another_purpose_is_never_used(square: Square) -> None:
    await close(square)
    folder = square.town.stack.holder_folder("luan") / "shares"
    path = next(folder.glob(f"{(await square.at()).view.box_key_id.hex()}-1.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "purpose": "seal"}))
    holder = square.town.cities["luan"].holder
    assert not await holder.step()
    assert [refusal.code for refusal in holder.refusals] == ["holder.wrong_purpose"]
    await square.pass_deadline()
    assert (await square.at()).view.state in {BookState.LISTED, BookState.DONE}
    assert holder.journal.find(Kind.BOX_SHARE, (await square.at()).view.box_key_id) is None


async def test_a_restarted_holder_repeats_itself_to_the_byte(square: Square) -> None:
    await (await square.device("ann")).submit(square.tender, 0, Envelope.PRICE, square.price("CNY 100.00"))
    await square.pass_deadline()
    before = square.town.stack.holder_folder("hefei") / "journal.jsonl"
    data, shown = before.read_bytes(), await square.shown("opening")
    assert {record.kind for record in Journal(before).records()} >= {Kind.BOX_SHARE, Kind.SHARE}

    await square.town.stop("hefei")
    await square.town.start("hefei")
    await square.town.settle()

    assert before.read_bytes() == data
    assert await square.shown("opening") == shown


async def test_a_false_box_share_is_evidence_and_stops_nobody(square: Square) -> None:
    await close(square)
    liar = square.town.cities["nanjing"].holder.signing
    with pytest.raises(SunbidError) as refused:
        await hand_in(square, await box_share(square, 3, b"\x01" * 32), liar)
    assert refused.value.code == "opening.false_record"
    [fault] = (await square.shown("opening"))["faults"]
    assert (fault["holder"], fault["type"]) == (3, "BoxShare")

    await square.pass_deadline()
    assert (await square.at()).view.state in {BookState.LISTED, BookState.DONE}
    assert (await square.shown("opening"))["faults"] == [fault]


async def test_a_share_by_a_stranger_is_not_kept(square: Square) -> None:
    await close(square)
    with pytest.raises(SunbidError) as refused:
        await hand_in(square, await box_share(square, 1, b"\x01" * 32), SigningKey.generate())
    assert refused.value.code == "opening.not_a_holder"
    opening = await square.shown("opening")
    assert (opening["boxShares"], opening["faults"]) == ([], [])


async def test_a_share_signed_for_anothers_seat_is_evidence_against_its_signer(square: Square) -> None:
    await close(square)
    for holder in (square.town.cities[name].holder for name in ("luan", "hefei", "nanjing")):
        await holder.step()
    shown = (await square.shown("opening"))["boxShares"]
    theirs = next(BoxShare.from_json(one["act"]) for one in shown if one["holder"] == 2)
    with pytest.raises(SunbidError) as refused:
        await hand_in(square, theirs, square.town.cities["nanjing"].holder.signing)
    assert refused.value.code == "opening.false_record"
    [fault] = (await square.shown("opening"))["faults"]
    assert (fault["holder"], fault["type"]) == (3, "BoxShare")
    assert (await square.shown("opening"))["boxShares"] == shown


async def test_no_share_of_a_box_is_taken_before_it_is_closed(square: Square) -> None:
    holder = square.town.cities["luan"].holder
    with pytest.raises(SunbidError) as refused:
        await hand_in(square, await box_share(square, 1, b"\x01" * 32), holder.signing)
    assert refused.value.code == "opening.not_yet"


async def test_a_false_share_of_a_bid_is_evidence_and_the_bid_opens_all_the_same(square: Square) -> None:
    await (await square.device("ann")).submit(square.tender, 0, Envelope.PRICE, square.price("CNY 100.00"))
    await square.pass_deadline()
    [entry] = (await square.shown("list"))["entries"]
    shown = await square.shown("opening")
    good = next(ShareRelease.from_json(one["act"]) for one in shown["shares"] if one["holder"] == 1)
    liar = square.town.cities["hefei"].holder.signing
    with pytest.raises(SunbidError) as refused:
        await hand_in(square, good, liar)
    assert refused.value.code == "opening.false_record"
    opening = await square.shown("opening")
    assert [(fault["holder"], fault["act"]["headerHash"]) for fault in opening["faults"]] == [(2, entry["headerHash"])]
    assert opening["envelopes"][0]["bids"][0]["status"] == "opened"
