"""Chain facts proven to a device that has no node: equal to the node's own, and worth nothing when bent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bidding.box.book import read_tender
from bidding.box.committee import read_key_set
from bidding.box.errors import BoxError
from bidding.box.evidence import MAX_QUESTIONS, EvidenceDesk, registry_evidence, tender_evidence
from bidding.box.facts import read_contracts
from bidding.box.proven import ProvenTender, city_of_key, read_answers
from bidding.box.proven import read_tender as read_proven
from bidding.box.registry import KeyKind, Questions, ask_registry
from bidding.tender.rules import by_id
from ledger.acts import BlockAttestation, Purpose, digest
from ledger.chain.answers import Block
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile
from ledger.db import Database
from ledger.errors import SunbidError
from tests.fixtures.box import b32
from tests.fixtures.desk import Desk
from tests.fixtures.network import Network
from tests.fixtures.tenders import notice, scored_lot


@pytest.fixture
async def desk(network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Desk:
    """A desk with an announced tender."""
    found = await Desk.open(network, devnet, database, chain)
    pack = by_id("dev-two-envelope")
    await found.announce(pack, notice(pack, scored_lot(1), scored_lot(2)))
    return found


@pytest.fixture
def trust(network: Network) -> TrustFile:
    """A trust file that pins the network's cities."""
    pinned = tuple(
        PinnedCity(name, city.keys.witness.address, (name,), name) for name, city in sorted(network.cities.items())
    )
    registry = network.deployment.city_registry
    return TrustFile(network.deployment.chain_id, registry, BlockEvidenceKind.ATTESTED, (), pinned, 1)


async def attestations(desk: Desk, number: int) -> list[bytes]:
    """Return the attestations of a block by all cities."""
    act = BlockAttestation(number, (await desk.chain.block(number)).hash)
    signed = digest(act, desk.network.deployment.domain(act.contract))
    return [city.keys.witness.sign(signed) for _, city in sorted(desk.network.cities.items())]


async def proven(desk: Desk, evidence: StateEvidence, trust: TrustFile) -> ProvenTender:
    block, state = evidence.open(trust, await attestations(desk, evidence.header.number))
    return read_proven(state, trust.chain_id, trust.city_registry, desk.tender, block.number, block.timestamp)


async def test_what_is_proven_is_what_the_node_says(desk: Desk, chain: ChainClient, trust: TrustFile) -> None:
    found = await proven(desk, await tender_evidence(chain, desk.tender), trust)
    block = await chain.block(found.at.block)
    assert found.at == await read_tender(chain, desk.tender, block)
    assert found.contracts == await read_contracts(chain)
    assert found.seal == await read_key_set(chain, found.at.view.key_id, Purpose.SEAL, block.number)
    assert found.box == await read_key_set(chain, found.at.view.box_key_id, Purpose.BOX, block.number)
    assert found.box.seal_key_id == found.seal.keys.key_id


async def test_evidence_comes_back_from_json_as_it_went(desk: Desk, chain: ChainClient, trust: TrustFile) -> None:
    evidence = await tender_evidence(chain, desk.tender)
    again = StateEvidence.from_json(evidence.to_json())
    assert again == evidence
    assert await proven(desk, again, trust) == await proven(desk, evidence, trust)


async def test_a_block_that_too_few_cities_attest_proves_nothing(
    desk: Desk, chain: ChainClient, trust: TrustFile
) -> None:
    evidence = await tender_evidence(chain, desk.tender)
    given = await attestations(desk, evidence.header.number)
    evidence.open(trust, given[:2])
    for few in ([], given[:1], [given[0], given[0]], [given[0], b"\x01" * 65]):
        with pytest.raises(EvidenceError):
            evidence.open(trust, few)
    elsewhere = await attestations(desk, evidence.header.number - 1)
    with pytest.raises(EvidenceError):
        evidence.open(trust, elsewhere)


async def test_a_proof_that_lacks_a_node_is_refused(desk: Desk, chain: ChainClient, trust: TrustFile) -> None:
    evidence = await tender_evidence(chain, desk.tender)
    given = await attestations(desk, evidence.header.number)
    short = replace(evidence, proof=replace(evidence.proof, nodes=evidence.proof.nodes[1:]))
    with pytest.raises(EvidenceError):
        short.open(trust, given)


async def test_another_tenders_proof_is_of_no_use(desk: Desk, chain: ChainClient, trust: TrustFile) -> None:
    evidence = await tender_evidence(chain, desk.tender)
    block, state = evidence.open(trust, await attestations(desk, evidence.header.number))
    with pytest.raises(SunbidError):
        read_proven(state, trust.chain_id, trust.city_registry, b32("other"), block.number, block.timestamp)


async def test_a_tender_that_was_never_announced_is_told(desk: Desk, chain: ChainClient) -> None:
    assert desk.tender
    with pytest.raises(BoxError) as refused:
        await tender_evidence(chain, b32("never announced"))
    assert refused.value.code == "tender.unknown"


async def test_one_proof_a_tender_and_block_is_made_however_many_ask(
    desk: Desk, chain: ChainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    async def counted(client: ChainClient, tender: bytes, block: Block) -> StateEvidence:
        made.append(block.number)
        return await tender_evidence(client, tender, block)

    monkeypatch.setattr("bidding.box.evidence.tender_evidence", counted)
    evidence = EvidenceDesk(chain)
    first = await asyncio.gather(*(evidence.tender(desk.tender) for _ in range(5)))
    assert all(answer == first[0] for answer in first)
    assert len(made) == 1
    await desk.devnet.mine(1)
    later = StateEvidence.from_json(await evidence.tender(desk.tender))
    assert made == [made[0], made[0] + 1]
    assert later.header.number == made[1]


async def test_a_proof_that_could_not_be_made_is_tried_again(
    desk: Desk, chain: ChainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = EvidenceDesk(chain)
    with monkeypatch.context() as broken:
        broken.setattr("bidding.box.evidence.read_tender", _refuse)
        with pytest.raises(BoxError):
            await evidence.tender(desk.tender)
    assert (await evidence.tender(desk.tender))["proof"]


def _refuse(*_: object) -> ProvenTender:
    raise BoxError("not now")


async def test_the_registry_is_proven_key_by_key(desk: Desk, chain: ChainClient, trust: TrustFile) -> None:
    city = desk.network.cities["luan"]
    keys = city.keys
    asked = Questions(frozenset({keys.issuer.address, keys.receiving.address, b"\x01" * 20}), frozenset({b32("paper")}))
    evidence = await registry_evidence(chain, asked)
    block, state = evidence.open(trust, await attestations(desk, evidence.header.number))
    assert read_answers(state, trust.city_registry, asked) == await ask_registry(chain, asked, block.number)
    now, registry = block.timestamp, trust.city_registry
    assert city_of_key(state, registry, keys.receiving.address, KeyKind.RECEIVING, now) == city.city.id32
    assert city_of_key(state, registry, keys.receiving.address, KeyKind.WITNESS, now) is None
    assert city_of_key(state, registry, keys.receiving.address, KeyKind.RECEIVING, 5) is None
    with pytest.raises(SunbidError) as refused:
        await registry_evidence(
            chain, Questions(frozenset(bytes([i]) * 20 for i in range(MAX_QUESTIONS + 1)), frozenset())
        )
    assert refused.value.code == "proof.too_large"
