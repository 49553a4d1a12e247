"""What never counts in the box, and why `explain` says so; and that a bidder's own device sends none of it.

One tender, in which every wrong slip is handed in by hand beside two honest bids: the door cannot see inside.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bidding.tender import rules
from bidding.tender.notice import NoticeLot, notice_for
from ledger.acts import Envelope
from ledger.json_fields import to_hex
from tests.e2e.wrong_devices import WrongDevices
from tests.e2e.wrong_slips import WrongSlips
from tests.fixtures.slips import Forger
from tests.fixtures.tenders import TITLE
from tests.fixtures.town import Square, open_network, open_square

PRICE = Envelope.PRICE

EXPLAINED = {
    "copied under another label": ("void 1", "its proof fails"),
    "sealed to another key set": ("void 1", "its proof fails"),
    "signed by another's key": ("credential", "no issuer of bidders' credentials signed it for this key and act"),
    "signed for another tender": ("credential", "no issuer of bidders' credentials signed it for this key and act"),
    "for another lot": ("lot", "the tender has no such lot and envelope"),
    "for another envelope": ("lot", "the tender has no such lot and envelope"),
    "for a notice of nobody": ("notice", "the tender never had the notice that it answers"),
    "for a superseded notice": ("void 2", "a notice that an amendment superseded"),
    "by an expired key": ("credential", "the credential is out of force"),
    "by a revoked key": ("revoked", "revoked by the deadline"),
    "by a delegate without the scope": ("delegation", "lacks the scope to submit"),
    "without receipts": ("void 3", "0 of 2 cities"),
    "with one city's receipt twice": ("void 3", "1 of 2 cities"),
    "with receipts of another stream": ("void 3", "0 of 2 cities"),
    "with a signature that is not canonical": ("form", "a signature is not canonical"),
    "with a sequence used before": ("outdone", "the same sequence and an earlier place"),
    "late": ("late", "after the deadline"),
}
"""Each wrong slip with the reason that is shown, and words that a person reads."""

REFUSED = {
    "copied under another label": "bid.header",
    "copied with its label": "bid.credential",
    "sealed to another key set": "bid.wrong_key_set",
    "signed by another's key": "bid.credential",
    "signed for another tender": "bid.wrong_tender",
    "for another lot": "bid.wrong_lot",
    "for another envelope": "bid.wrong_lot",
    "for a notice of nobody": "bid.wrong_notice",
    "for a superseded notice": "bid.superseded_notice",
    "by an expired key": "bid.credential",
    "by a revoked key": "bid.revoked",
    "by a delegate without the scope": "bid.delegation",
    "without receipts": "bid.receipts",
    "with a signature that is not canonical": "bid.malformed",
    "with a sequence used before": "bid.sequence",
    "late": "bid.late",
}
"""Each wrong act with the code under which the bidder's own device refuses it."""


@dataclass(frozen=True)
class Outcome:
    """What came of it all: slips' hashes by name, what each city explains, what is listed and opened, the refusals."""

    slips: dict[str, str]
    explained: dict[str, dict[str, dict[str, Any]]]
    listed: dict[str, Any]
    opening: dict[str, Any]
    honest: set[str]
    refused: dict[str, str]
    carried: list[str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run the tender once; each test looks at one thing that came of it."""
    return asyncio.run(_run(tmp_path_factory.mktemp("refusals")))


async def _run(folder: Path) -> Outcome:
    async with open_network(folder) as stack, open_square(stack) as square, AsyncExitStack() as resources:
        await supersede_notice(square)
        forger = await Forger.of(square)
        slips, devices = WrongSlips(forger), WrongDevices(forger, resources)
        slips.honest |= await hand_in_honestly(square)
        await slips.hand_in([name for name in EXPLAINED if name != "late"])
        await slips.hand_in_to_another_box("in another box")
        await devices.refuse([name for name in REFUSED if name != "late"])
        await devices.prepare_late()
        await square.near_deadline()
        await square.town.advance_to(forger.facts.deadline + 1)
        await devices.refuse_late()
        await slips.hand_in(["late"])
        await square.pass_deadline()
        explained = {city: await explained_by(square, city) for city in stack.cities}
        listed, opening = await square.shown("list"), await square.shown("opening")
        return Outcome(slips.handed_in, explained, listed, opening, slips.honest, devices.refused, devices.carried)


async def explained_by(square: Square, city: str) -> dict[str, dict[str, Any]]:
    """Return what a city says of each slip of the tender, by the slip's hash."""
    shown: Any = await square.shown("explain", city)
    return {slip["slip"]: slip for slip in shown["slips"]}


async def supersede_notice(square: Square) -> None:
    """Have the tenderer replace the notice, so that the first one is superseded."""
    pack = rules.by_id("dev-international")
    lots = (NoticeLot(0, {**TITLE, "en": TITLE["en"] + ", revised"}, "CNY", (PRICE,)),)
    notice = replace(notice_for(pack, TITLE, "Lu'an", lots), replaces=square.conduct.announcement.notice)
    await square.conduct.amend(notice, (await square.at()).view.deadline, supersedes=True)
    await square.town.settle()


async def hand_in_honestly(square: Square) -> set[str]:
    """Have two bidders with devices hand in, and a thief hand in the very slip of one of them at another city."""
    devices = [await square.device(name) for name in ("ann", "bob")]
    for device, price in zip(devices, ("CNY 100.00", "CNY 101.00"), strict=True):
        await device.submit(square.tender, 0, PRICE, square.price(price))
    [attempt] = devices[0].journal(square.tender).sent()
    assert attempt.slip is not None
    thief = next(city for city in (await square.device("thief")).cities if city.name == "hefei")
    await thief.account.upload_slip(square.town.cities["hefei"].node.base.city.sealed_origin_id, attempt.slip)
    return {to_hex(device.signer.bidder) for device in devices}


class TestTheBox:
    @pytest.mark.parametrize("name", EXPLAINED)
    def test_says_why_a_slip_does_not_count(self, outcome: Outcome, name: str) -> None:
        reason, words = EXPLAINED[name]
        shown = outcome.explained["luan"][outcome.slips[name]]
        assert shown["reason"] == reason
        assert words in shown["because"]

    def test_says_the_same_in_every_city(self, outcome: Outcome) -> None:
        placed = {
            city: {slip: (one["reason"], one["index"]) for slip, one in shown.items() if one["index"] is not None}
            for city, shown in outcome.explained.items()
        }
        assert placed["luan"] == placed["hefei"] == placed["nanjing"]

    def test_lists_honest_bids_only(self, outcome: Outcome) -> None:
        valid = [entry for entry in outcome.listed["entries"] if entry["void"] == 0]
        assert {entry["bidder"] for entry in valid} == outcome.honest
        assert outcome.listed["counts"] == [{"lot": 0, "bidders": len(outcome.honest)}]

    def test_of_two_acts_with_one_sequence_the_earlier_place_counts(self, outcome: Outcome) -> None:
        shown = outcome.explained["luan"]
        first = shown[outcome.slips["with this sequence first"]]
        second = shown[outcome.slips["with a sequence used before"]]
        assert (first["reason"], second["reason"]) == ("listed", "outdone")
        assert first["index"] < second["index"]

    def test_a_stolen_slip_is_its_owners_bid_once(self, outcome: Outcome) -> None:
        """The thief handed in the same bytes at another city: one slip, one place, the owner's entry."""
        assert [slip["reason"] for slip in outcome.explained["luan"].values()].count("listed") == len(outcome.honest)
        assert "repeat" not in {slip["reason"] for slip in outcome.explained["luan"].values()}

    def test_of_a_slip_in_another_box_nobody_can_say_anything(self, outcome: Outcome) -> None:
        assert all(outcome.slips["in another box"] not in shown for shown in outcome.explained.values())

    def test_opens_no_bid_that_does_not_count(self, outcome: Outcome) -> None:
        [envelope] = outcome.opening["envelopes"]
        opened = {bid["bidder"] for bid in envelope["bids"] if bid["status"] == "opened"}
        assert opened == outcome.honest
        void = [bid for bid in envelope["bids"] if bid["bidder"] not in outcome.honest]
        assert {bid["status"] for bid in void} == {"void 1", "void 2", "void 3"}
        assert [bid["sharesOf"] for bid in void] == [[]] * len(void)


class TestTheDevice:
    @pytest.mark.parametrize("name", REFUSED)
    def test_refuses_before_it_sends(self, outcome: Outcome, name: str) -> None:
        assert outcome.refused[name] == REFUSED[name]

    def test_sends_no_slip_of_what_it_refused(self, outcome: Outcome) -> None:
        assert "/v1/slips" not in outcome.carried
