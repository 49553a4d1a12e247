"""The bundle with all envelopes over HTTP: for the supervisor whom the announcement names; its making is an event."""

from __future__ import annotations

import hashlib

import pytest

from api.robots.people import Party
from ledger.acts import Role
from ledger.canonical import JsonObject
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from tests.fixtures.town import Square
from witness.audit.bundle import Bundle
from witness.audit.parts import Profile
from witness.audit.verify import verify
from witness.log.kinds import Kind
from witness.log.proof_file import ProofFile


async def ask(square: Square, party: Party | None, city: str = "luan", tender: bytes | None = None) -> bytes | str:
    """Return the bundle that somebody gets at a city, or the refusal's code."""
    async with square.town.api(city) as client:
        if party is not None:
            await party.sign_in(client)
        try:
            return await client.get_bytes(f"/v1/tenders/{to_hex(tender or square.tender)}/bundle/full")
        except SunbidError as error:
            return error.code


async def ask_until_logged(square: Square, party: Party) -> Bundle:
    """Return the bundle once the tender's last events are anchored: asking hurries them."""
    for _ in range(5):
        if isinstance(found := await ask(square, party), bytes):
            return Bundle.from_bytes(found)
        assert found == "bundle.not_yet"
        await square.town.settle()
    pytest.fail("the log is never anchored")


async def entries(square: Square) -> list[JsonObject]:
    """Return every disclosed entry of Lu'an's public log, as anybody reads them."""
    found: list[JsonObject] = []
    async with square.town.api("luan") as client:
        while (answer := await client.http.get(f"/log/public/entry/{len(found)}")).is_success:
            found.append(answer.json())
    assert answer.json()["code"] == "entry.not_found"
    return found


def made(logged: list[JsonObject]) -> list[JsonObject]:
    bodies = [entry["body"] for entry in logged]
    return [body for body in bodies if isinstance(body, dict) and body["kind"] == Kind.BUNDLE_MADE]


def trust_of(square: Square) -> TrustFile:
    return TrustFile.from_bytes(square.town.stack.trust_path.read_bytes())


async def test_only_the_named_supervisor_gets_it(square: Square) -> None:
    parties, registrar = square.conduct.parties, square.registrar
    foreign = registrar.party("another supervision", Role.SUPERVISOR)
    refused = {
        "nobody": await ask(square, None),
        "a bidder": await ask(square, registrar.party("a bidder", Role.BIDDER)),
        "an expert": await ask(square, registrar.party("an expert", Role.EXPERT)),
        "the tenderer": await ask(square, parties.tenderer),
        "the centre": await ask(square, parties.centre),
        "another supervision": await ask(square, foreign),
        "the supervisor, elsewhere": await ask(square, parties.supervisor, city="hefei"),
        "the supervisor, of no tender": await ask(square, parties.supervisor, tender=bytes(32)),
    }
    assert refused == {
        "nobody": "session.required",
        "a bidder": "access.role",
        "an expert": "access.role",
        "the tenderer": "access.role",
        "the centre": "access.role",
        "another supervision": "access.role",
        "the supervisor, elsewhere": "tender.elsewhere",
        "the supervisor, of no tender": "tender.unknown",
    }
    await square.town.settle()
    assert made(await entries(square)) == []


async def test_that_it_was_made_is_witnessed(square: Square) -> None:
    supervisor = square.conduct.parties.supervisor
    bundle = await ask_until_logged(square, supervisor)
    assert (bundle.manifest.profile, bundle.manifest.tender) == (Profile.FULL, square.tender)
    assert verify(bundle.to_bytes(), trust_of(square)).ok
    await square.town.settle()
    logged = await entries(square)
    [event] = made(logged)
    assert (event["tender"], event["actor_role"], event["actor"]) == (
        to_hex(square.tender),
        "supervisor",
        to_hex(supervisor.organisation),
    )
    assert event["seq"] == len(bundle.entries) + 1
    index = next(i for i, entry in enumerate(logged) if entry["body"] == event)
    async with square.town.api("luan") as client:
        proof = ProofFile.parse(await client.get_bytes(f"/log/public/proof/{index}"))
    assert len({line.name for line in proof.note.signatures}) >= 2  # the log and at least one other city


async def test_a_bundle_made_in_mid_tender_is_in_the_next_one(square: Square) -> None:
    supervisor = square.conduct.parties.supervisor
    before = await ask_until_logged(square, supervisor)
    await square.conduct.suspend(supervisor, "A complaint is looked into.")
    await square.town.settle()
    after = await ask_until_logged(square, supervisor)
    kinds = [entry.disclosed.body.kind for entry in after.entries if entry.disclosed is not None]
    assert kinds[len(before.entries) :] == [Kind.BUNDLE_MADE, Kind.TENDER_SUSPENDED]
    assert hashlib.sha256(b"A complaint is looked into.").digest() in after.documents
    verdict = verify(after.to_bytes(), trust_of(square))
    assert [(claim.code, claim.problem) for claim in verdict.failed] == []
