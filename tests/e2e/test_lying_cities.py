"""Cities and holders that lie are caught and named, and the tender comes to the award on record all the same.

Hefei cosigns with a key that is not its own. Nanjing signs another root than that of Lu'an's box, answers questions
with false proofs, and its key-holder signs false shares.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.robots.sample import SampleRun
from api.stack.stage import open_stage
from api.stack.town import Town, open_town
from bidding.device.chain import ProvenChain
from bidding.tender.samples import load_sample
from ledger.acts import Purpose
from ledger.chain.evidence.trust import TrustFile
from ledger.json_fields import to_hex
from tests.fixtures.liars import FalseHolder, false_box_checkpoint, false_cosignature, false_proof, let_lie
from tests.fixtures.town import open_network
from tests.fixtures.verdicts import verdict_on
from witness.audit.verify import Verdict

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")


@dataclass(frozen=True)
class Outcome:
    """What came of the tender, and what everybody found out about the liars."""

    winner: str | None
    verdict: Verdict
    partner_faults: dict[str, list[dict[str, Any]]]
    opening: dict[str, Any]
    holder_codes: dict[str, set[str]]
    device_faults: dict[str, str]
    query: dict[str, Any]
    in_time: list[str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run the tender once; each test looks at one lie."""
    return asyncio.run(_run(tmp_path_factory.mktemp("liars")))


async def _run(folder: Path) -> Outcome:
    async with open_network(folder) as stack, open_town(stack) as town:
        await town.settle()
        hefei, nanjing, luan = (town.cities[name].node.logs for name in ("hefei", "nanjing", "luan"))
        let_lie(town, "hefei", false_cosignature(hefei))
        let_lie(
            town,
            "nanjing",
            false_box_checkpoint(nanjing, luan.city.sealed_origin_id),
            false_proof("/evidence"),
            false_proof("/v1/proofs/"),
        )
        async with open_stage(stack, town, folder / "robots", transports=town.wires) as stage:
            run = await SampleRun.announce(stage, SAMPLE)
            holder = FalseHolder.instead_of(town, "nanjing", run.conduct.tender)
            await run.hand_in()
            await run.wait_until_in_time()
            watched = [one for bidder in run.bidders.values() for one in await bidder.device.watch(run.conduct.tender)]
            await run.close()
            await run.record_opening()
            winner = await run.award(*await run.evaluate())
            opening: Any = await run.conduct.city.get(f"{run.conduct.path}/opening")
            return Outcome(
                winner,
                await verdict_on(stage, run.conduct),
                {name: await faults_seen_by(town, name) for name in stack.cities},
                opening,
                holder.codes,
                await faults_seen_by_a_device(run),
                await run.conduct.city.get(f"/v1/query/credit/{to_hex(run.conduct.announcement.tenderer)}"),
                [status.sentence for status in watched],
            )


async def faults_seen_by(town: Town, city: str) -> list[dict[str, Any]]:
    """Return what a city says of its partners."""
    async with town.api(city) as api:
        shown: Any = await api.get("/witness/faults")
    found: list[dict[str, Any]] = shown["faults"]
    return found


async def faults_seen_by_a_device(run: SampleRun) -> dict[str, str]:
    """Return which cities' proofs do not hold for a bidder's device, which has the tender proven all the same."""
    device = next(iter(run.bidders.values())).device
    trust = TrustFile.from_bytes(run.stage.around.trust.to_bytes())
    chain = ProvenChain(trust, [city.reading for city in device.cities])
    proven = await chain.tender(run.conduct.tender)
    assert proven.seal.purpose is Purpose.SEAL
    return chain.faults


class TestCities:
    @pytest.mark.parametrize("city", ["luan", "nanjing"])
    def test_false_cosignature_is_named(self, outcome: Outcome, city: str) -> None:
        named = [fault for fault in outcome.partner_faults[city] if fault["code"] == "partner.cosignature"]
        assert [fault["city"] for fault in named] == ["hefei"]
        assert "false cosignature" in named[0]["message"]

    def test_false_box_checkpoint_is_named(self, outcome: Outcome) -> None:
        named = [fault for fault in outcome.partner_faults["luan"] if fault["code"] == "partner.false_checkpoint"]
        assert [fault["city"] for fault in named] == ["nanjing"]
        assert "of our log that we never made" in named[0]["message"]

    def test_false_proof_of_a_tender_is_named_by_the_device(self, outcome: Outcome) -> None:
        assert outcome.device_faults.keys() == {"nanjing"}
        assert outcome.device_faults["nanjing"]

    def test_false_answer_to_a_query_is_named(self, outcome: Outcome) -> None:
        found = {city["city"]: city["status"] for city in outcome.query["verdict"]["cities"]}
        assert found == {"luan": "proven", "hefei": "proven", "nanjing": "false"}

    def test_the_honest_are_not_accused(self, outcome: Outcome) -> None:
        accused = {fault["city"] for faults in outcome.partner_faults.values() for fault in faults}
        assert accused == {"hefei", "nanjing"}


class TestHolders:
    @pytest.mark.parametrize("what", ["box share", "seat of a box share", "share", "header of a share"])
    def test_false_act_is_refused_by_every_city(self, outcome: Outcome, what: str) -> None:
        assert outcome.holder_codes[what] == {"opening.false_record"}

    def test_every_false_act_is_evidence_against_its_holder(self, outcome: Outcome) -> None:
        evidence = outcome.opening["faults"]
        assert {fault["holder"] for fault in evidence} == {3}
        assert sorted(fault["type"] for fault in evidence) == ["BoxShare", "BoxShare", "ShareRelease", "ShareRelease"]
        assert all(fault["fault"] and fault["signature"] for fault in evidence)

    def test_bids_are_opened_without_the_false_holder(self, outcome: Outcome) -> None:
        [envelope] = outcome.opening["envelopes"]
        assert {(bid["status"], tuple(bid["sharesOf"])) for bid in envelope["bids"]} == {("opened", (1, 2))}


class TestTheTender:
    def test_bids_are_attested_by_who_tells_the_truth(self, outcome: Outcome) -> None:
        assert set(outcome.in_time) == {"sealed, attested by hefei, in time"}

    def test_award_is_the_one_on_record_and_verifies(self, outcome: Outcome) -> None:
        assert outcome.winner == SAMPLE.winner
        assert outcome.verdict.failed == ()
        assert outcome.verdict.ok
