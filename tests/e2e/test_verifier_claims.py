"""By the trust file alone, the verifier names the claim whose evidence was replaced: well formed, re-signed, repacked.

One tender with everything in it is acted out once; all forgeries are made of its bundle with everybody's real keys.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.verify import COMMANDS
from ledger.acts import (
    AwardDecision,
    ConflictDeclaration,
    DrawRequest,
    Envelope,
    EnvelopeExclusion,
    EvaluationReport,
    OpeningRecord,
    Role,
    ScoreSheet,
    SeatAcceptance,
    TenderAmendment,
    TenderAnnouncement,
    TenderSuspension,
)
from ledger.authority import ActChain
from ledger.chain.evidence.trust import PinnedCity, TrustFile
from ledger.city import CityKeys
from ledger.claims import RestsOnError, need
from ledger.eip712 import digest
from ledger.keys import SigningKey
from ledger.signed import Signed
from tests.e2e.forgeries import LOT, Forger
from tests.fixtures.finished import Finished
from witness.audit.bundle import Bundle
from witness.audit.report import summary, verdict_json, verdict_lines
from witness.audit.shown import ShownEnvelope
from witness.audit.verify import Verdict, verify
from witness.log.note import Algorithm, Vkey

LOT_CLAIMS = ("acts", "record", "exclusions", "evaluation", "award")


@pytest.fixture(scope="session")
def forger(finished: Finished) -> Forger:
    """Somebody with everybody's keys."""
    return Forger(finished)


def failing(verdict: Verdict) -> set[str]:
    """Return the claims that do not hold for a reason of their own."""
    return {claim.code for claim in verdict.failed if not claim.problem.startswith("it rests on")}


# --- the truth ---------------------------------------------------------------------------------------------------


def test_the_true_bundles_verify(finished: Finished) -> None:
    for data in (finished.public, finished.boxed, finished.full, finished.other):
        verdict = verify(data, finished.trust)
        assert [(claim.code, claim.problem) for claim in verdict.failed] == []
        assert verdict.ok


def test_every_claim_is_made_once(finished: Finished) -> None:
    codes = [claim.code for claim in verify(finished.public, finished.trust).claims]
    assert len(codes) == len(set(codes))
    assert set(codes) == {
        "bundle.form", "bundle.whole", "block.counts", "contracts.named", "log.complete", "log.acts", "log.agrees",
        "tender.announced", "tender.rules", "tender.acts", "tender.notices", "acts.signed",
        "keys.registered", "box.inputs", "box.opened", "list.recomputed", "secrecy", "time",
        "opening.1.qualification", "opening.1.technical", "opening.1.price", "panel.drawn", "panel.seated",
        *(f"{claim}.1" for claim in LOT_CLAIMS), "acts.2", "record.2", "exclusions.2", "award.2",
    }  # fmt: skip


def test_packing_what_was_read_gives_the_same_file(finished: Finished) -> None:
    for data in (finished.public, finished.boxed, finished.full):
        assert Bundle.from_bytes(data).to_bytes() == data


def test_the_verdict_is_told_in_words(finished: Finished) -> None:
    verdict = verify(finished.public, finished.trust)
    english, chinese = "\n".join(verdict_lines(verdict)), "\n".join(verdict_lines(verdict, "zh"))
    assert "secret unless 2 of the 3 named holders (1 luan, 2 hefei, 3 nanjing) colluded" in english
    assert "no independent time" in english
    assert "One dealer made these keys and knew them all: development only." in english
    assert "The decision for" in english
    assert "fell before (abandoned: The winner gave the award up in writing.)" in english
    assert "标段 2 流标：too_few_bidders。" in chinese
    assert summary(verdict).startswith("All 32 claims are proven")
    assert verdict_json(verdict)["ok"] is True


def test_only_the_bundle_with_the_box_proves_that_no_bid_was_left_out(finished: Finished) -> None:
    def words(data: bytes) -> str:
        return next(c.text_en for c in verify(data, finished.trust).claims if c.code == "list.recomputed")

    assert "so that no bid was left out" in words(finished.boxed)
    assert "is the word of holders" in words(finished.public)


# --- forgeries ---------------------------------------------------------------------------------------------------


def forgeries(f: Forger) -> dict[str, tuple[set[str], Callable[[], Bundle]]]:
    """Return each forgery with the claims that must fail because of it."""
    done = f.finished
    strangers = [SigningKey.generate() for _ in range(3)]
    witnesses = [keys.witness for keys in done.cities.values()]
    bundle = f.bundle
    unlogged = {"acts.signed", "log.acts"}
    other = f.other
    price = Envelope.PRICE

    def papers_of_nobody() -> Bundle:
        place = f.find(OpeningRecord)[0]
        signed = bundle.acts[place]
        credential = signed.chain.credential
        by = strangers[0].sign(digest(credential, f.registry))
        return f.with_act(place, Signed(signed.act, signed.signature, ActChain(credential, by)))

    def announced(**members: object) -> Bundle:
        acts = list(bundle.acts)
        for place in f.find(TenderAnnouncement):
            party = done.centre if acts[place].chain.credential.role == Role.CENTRE else done.tenderer
            acts[place] = f.sign(party, replace(acts[place].act, **members))  # type: ignore[arg-type]
        return replace(bundle, acts=tuple(acts))

    def taken_by_another() -> Bundle:
        place = f.find(SeatAcceptance)[0]
        return f.with_act(place, f.sign(done.experts[1], bundle.acts[place].act))

    def suspended() -> Bundle:
        act = TenderSuspension(bundle.manifest.tender, hashlib.sha256(b"").digest(), 9)
        return replace(bundle, acts=(*bundle.acts, f.sign(done.supervisor, act)))

    def without_document(sha256: bytes) -> Bundle:
        return replace(bundle, documents={h: c for h, c in bundle.documents.items() if h != sha256})

    def called_unreadable(shown: ShownEnvelope) -> ShownEnvelope:
        place = shown.statuses.index("opened")
        return replace(shown, statuses=(*shown.statuses[:place], "unreadable", *shown.statuses[place + 1 :]))

    announcement = bundle.acts[f.find(TenderAnnouncement)[0]].act
    assert isinstance(announcement, TenderAnnouncement)
    bidder = next(iter(done.bidders))
    box = next(key_id for key_id in done.holders[1].boxes if key_id != announcement.box_key_id)

    return {
        # the block and what is proven under it
        "a block attested by an attacker's cities": ({"block.counts"}, lambda: f.attested_by(strangers)),
        "a block attested by one city": ({"block.counts"}, lambda: f.attested_by(witnesses[:1])),
        "a header with another state": ({"block.counts"}, f.another_state),
        "another tender's proof": ({"contracts.named"}, lambda: replace(bundle, anchor=other.anchor)),
        "a contract that nobody named": ({"contracts.named"}, lambda: replace(
            bundle, manifest=replace(bundle.manifest, tender_book=bundle.manifest.key_sets))),
        "another chain's name": ({"bundle.form"}, lambda: replace(
            bundle, manifest=replace(bundle.manifest, chain_id=1))),
        # the log
        "the last event left out": ({"log.complete"}, lambda: f.without_entry(-1 % len(bundle.entries))),
        "an event left out": ({"log.complete"}, lambda: f.without_entry(5)),
        "another tender's event": ({"log.complete"}, lambda: f.with_entries(
            (*bundle.entries[:-1], other.entries[0]))),
        "an event rewritten and its log signed again": ({"log.complete"}, f.rewritten),
        "an act of the panel left out": ({"log.acts"}, lambda: f.without_acts(f.find(ConflictDeclaration)[0])),
        # what belongs to no step
        "a stream of nobody": ({"bundle.whole"}, lambda: replace(bundle, streams={**bundle.streams, bytes(32): b""})),
        "an envelope that nobody opened": ({"bundle.whole"}, lambda: replace(
            bundle, openings=(*bundle.openings, ShownEnvelope(2, price, ())))),
        "a document that nobody named": ({"bundle.whole"}, lambda: replace(bundle, documents=f.documents(b"{}"))),
        "a score sheet exchanged": ({"bundle.whole"}, f.sheet_exchanged),
        "lines of a box beside its slips": ({"bundle.whole"}, lambda: replace(bundle, lines=f.boxed.lines)),
        # who signed
        "an act told twice": ({"acts.signed"}, lambda: replace(
            bundle, acts=(*bundle.acts, bundle.acts[f.find(EvaluationReport)[-1]]))),
        "papers of an issuer that nobody registered": ({"acts.signed"}, papers_of_nobody),
        # the tender
        "another announcement": ({"tender.announced", "tender.rules", "log.acts"}, lambda: announced(
            minimum_bidders=9)),
        "another tender's announcement": (
            {"tender.announced", "acts.signed", "log.acts"},
            lambda: replace(bundle, acts=(*other.acts[:2], *bundle.acts[2:]))),
        "a rule pack left out": ({"tender.rules", "tender.notices"}, lambda: without_document(announcement.rule_pack)),
        "an amendment left out": ({"tender.acts", "tender.notices", "log.acts"}, lambda: f.without_acts(
            *f.find(TenderAmendment))),
        "an amendment that supersedes nothing": (
            {"tender.acts", "tender.notices", *unlogged},
            lambda: f.changed(TenderAmendment, done.tenderer, supersedes=False)),
        "a suspension that never was": ({"tender.acts", "acts.signed"}, suspended),
        # keys, box, list
        "the proof of the key sets left out": ({"keys.registered"}, lambda: f.without_proof_of(
            bundle.manifest.key_sets)),
        "a slip at another place": ({"box.inputs"}, f.moved_slip),
        "an admitted slip that nobody admitted": ({"box.inputs"}, lambda: replace(
            bundle, box=replace(f.bundle.box, admitted=(*f.bundle.box.admitted, f.bundle.box.slips[0])))),  # type: ignore[arg-type,union-attr]
        "a slip kept out of the box": ({"box.inputs"}, f.slip_kept_out_of_the_box),
        "one share of the box key": ({"box.opened"}, lambda: f.with_shares(1)),
        "shares of another box": ({"box.opened"}, lambda: f.with_shares(1, 2, box=box)),
        "another tender's slip": ({"list.recomputed"}, f.foreign_slip),
        "a bid kept out of the list": ({"list.recomputed"}, f.bid_kept_out),
        # openings
        "the streams of two bids exchanged": ({"opening.1.price"}, f.swapped_streams),
        "another r, signed by the bidder": ({"opening.1.price", "log.acts"}, f.another_r),
        "a bid that nobody opened": ({"opening.1.qualification", "log.acts", "bundle.whole"}, f.shares_left_out),
        "shares of another bid": ({"opening.1.qualification", "log.acts"}, f.shares_of_another_bid),
        "a record with other words on a bid": ({"record.1"}, lambda: f.with_envelope(
            bundle, Envelope.QUALIFICATION, called_unreadable)),
        "a price envelope by the record's word alone": (
            {"opening.1.price", "log.acts", "bundle.whole"}, lambda: f.with_envelope(
            bundle, price, lambda e: replace(e, bids=(), statuses=("opened",) * 3))),
        "another opening record": ({"acts.1", "record.1", *unlogged}, lambda: f.changed(
            OpeningRecord, done.tenderer, root=bytes(32))),
        # panel, evaluation, award
        "a panel that only the centre drew": ({"panel.drawn"}, lambda: f.without_acts(
            *(i for i in f.find(DrawRequest) if bundle.acts[i].chain.credential.role == Role.TENDERER))),
        "a seat taken by another expert": ({"panel.seated"}, taken_by_another),
        "a bidder excluded whom the panel kept": (
            {"acts.1", "exclusions.1", "evaluation.1", "award.1", *unlogged},
            lambda: f.changed(EnvelopeExclusion, done.tenderer, excluded=(bidder,))),
        "the panel's examination left out": ({"exclusions.1"}, f.without_examination),
        "a score sheet left out": ({"evaluation.1", "award.1", "log.acts"}, lambda: f.without_acts(
            f.find(ScoreSheet)[0])),
        "another ranking, signed by every expert": (
            {"evaluation.1", "award.1", "acts.1", *unlogged}, f.another_ranking),
        "another winner": ({"award.1", "acts.1", *unlogged}, f.another_winner),
        "a decision left out": ({"award.1", "acts.1", "log.acts"}, lambda: f.without_acts(
            f.find(AwardDecision, lot=LOT)[0])),
    }  # fmt: skip


def test_every_forgery_is_named(forger: Forger) -> None:
    wrong = {}
    for name, (expected, forge) in forgeries(forger).items():
        verdict = verify(forge().to_bytes(), forger.finished.trust)
        named = failing(verdict)
        if verdict.ok or named != expected:
            wrong[name] = (named, expected, [(c.code, c.problem) for c in verdict.failed])
    assert wrong == {}


def test_every_claim_has_a_forgery(forger: Forger) -> None:
    named = set().union(*(expected for expected, _ in forgeries(forger).values()))
    made = {claim.code for claim in verify(forger.finished.public, forger.finished.trust).claims}
    elsewhere = {"log.agrees", "secrecy", "time"}  # tests/unit/witness/audit: they need a city that lies in its own log
    of_the_same_rule = {"opening.1.technical", "acts.2", "record.2", "exclusions.2", "award.2"}
    assert made - named == elsewhere | of_the_same_rule


# --- another network ---------------------------------------------------------------------------------------------


def network_of_an_attacker(trust: TrustFile) -> TrustFile:
    """Return the trust file of other cities with the same names, on the same chain id and registry address."""
    cities = []
    for city in trust.cities:
        keys = CityKeys.generate()
        logs = tuple(str(Vkey(Vkey.parse(log).name, Algorithm.ED25519, keys.log_public)) for log in city.logs)
        cosigner = str(Vkey(Vkey.parse(city.cosigner).name, Algorithm.COSIGNATURE, keys.cosigner_public))
        cities.append(PinnedCity(city.name, keys.witness.address, logs, cosigner))
    return replace(trust, cities=tuple(cities))


def test_a_bundle_of_other_cities_is_refused_whole(finished: Finished) -> None:
    attacked = network_of_an_attacker(finished.trust)
    assert failing(verify(finished.public, attacked)) == {"bundle.form"}
    cities = [
        replace(own, logs=known.logs, cosigner=known.cosigner)
        for own, known in zip(attacked.cities, finished.trust.cities, strict=True)
    ]
    assert failing(verify(finished.public, replace(attacked, cities=tuple(cities)))) == {"block.counts"}


def test_the_verifier_says_how_many_witnesses_it_wants(finished: Finished) -> None:
    assert verify(finished.public, replace(finished.trust, cosignatures=2)).ok
    unmet = verify(finished.public, replace(finished.trust, cosignatures=3))
    assert "threshold 3 is not from 1 to 2" in unmet.failed[0].problem  # a city's own witness does not count


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def command(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `sunbid verify` on a bundle with this network's trust file and these options; no socket can be opened."""
    (tmp_path / "trust.json").write_bytes(finished.trust.to_bytes() + b"\n")
    monkeypatch.setenv("SUNBID_TRUST", str(tmp_path / "trust.json"))

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the verifier opened a socket")

    monkeypatch.setattr(socket, "socket", no_network)

    def run(bundle: bytes, *options: str) -> Result:
        (tmp_path / "bundle.zip").write_bytes(bundle)
        return CliRunner().invoke(COMMANDS["verify"], [str(tmp_path / "bundle.zip"), *options])

    return run


def test_the_command_exits_by_the_verdict(finished: Finished, forger: Forger, command: Callable[..., Result]) -> None:
    for bundle in (finished.public, finished.boxed, finished.full):
        told = command(bundle, "--offline")
        assert (told.exit_code, told.stderr) == (0, "")
        assert "NOT PROVEN" not in told.stdout
        assert told.stdout.splitlines()[-1].startswith("All ")
    wrong = {
        "award.1": forger.another_winner(),
        "list.recomputed": forger.bid_kept_out(),
        "block.counts": forger.attested_by([SigningKey.generate() for _ in range(3)]),
        "bundle.form": None,
    }
    for code, forged in wrong.items():
        told = command(forged.to_bytes() if forged else finished.public[:-1], "--offline")
        assert told.exit_code == 1
        assert f"[NOT PROVEN] {code}" in told.stdout
        last = told.stdout.splitlines()[-1]
        assert "not proven" in last
        assert code in last


def test_the_command_tells_programs_the_same(
    finished: Finished, forger: Forger, command: Callable[..., Result]
) -> None:
    true, false = command(finished.public, "--json"), command(forger.another_winner().to_bytes(), "--json", "--offline")
    told = json.loads(true.stdout)
    assert (true.exit_code, told) == (0, verdict_json(verify(finished.public, finished.trust)))
    assert (told["ok"], {claim["holds"] for claim in told["claims"]}) == (True, {True})
    refused = json.loads(false.stdout)
    assert (false.exit_code, refused["ok"]) == (1, False)
    assert {"acts.1", "award.1"} <= {claim["code"] for claim in refused["claims"] if not claim["holds"]}


def test_what_rests_on_a_claim_says_so() -> None:
    with pytest.raises(RestsOnError, match=r"it rests on list\.recomputed"):
        need(None, "list.recomputed")
