"""One computation, on a live node and on the proof of what it read there, gives one result."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import canonical
from ledger.acts import digest
from ledger.chain import prove as module
from ledger.chain.client import REGISTRY, ChainClient, ContractKind
from ledger.chain.evidence import attested
from ledger.chain.evidence.blocks import BlockEvidence, verify_block
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.facts import StateProof, StateReader
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile
from ledger.chain.prove import prove, storage_layout
from tests.fixtures.network import Network


def names_of(network: Network) -> list[str]:
    return sorted(network.cities)


def registry_facts(network: Network, state: StateReader) -> dict[str, Any]:
    """Read cities, keys and versions as a verifier would."""
    registry, layout = network.deployment.city_registry, storage_layout(REGISTRY)
    cities = {name: network.cities[name] for name in names_of(network)}
    return {
        "count": state.read(registry, layout, "_cityCount"),
        "keys": {n: state.read(registry, layout, "_keys", c.keys.witness.address) for n, c in cities.items()},
        "stranger": state.read(registry, layout, "_keys", b"\x0e" * 20),
        "versions": [state.read(registry, layout, "_currentVersion", int(kind)) for kind in ContractKind],
        "origins": {n: state.read(registry, layout, "_origins", c.city.public_origin_id) for n, c in cities.items()},
    }


async def test_a_registry_is_read_live_and_offline(chain: ChainClient, network: Network) -> None:
    block = await chain.block()
    proven = await prove(chain, BlockEvidenceKind.ATTESTED, block, lambda state: registry_facts(network, state))
    assert proven.header.keccak == block.hash
    assert proven.result["count"] == len(network.cities)
    assert proven.result["stranger"] == {
        "city": bytes(32),
        "kind": 0,
        "roles": 0,
        "from": 0,
        "to": 0,
        "compromisedAt": 0,
    }
    for kind, version in zip(ContractKind, proven.result["versions"], strict=True):
        assert version == await chain.contract(kind.name)
    text = canonical.dumps(proven.proof.to_json(), max_size=1 << 22)
    offline = StateProof.from_json(canonical.loads(text, max_size=1 << 22)).open(proven.header.state_root)
    assert registry_facts(network, offline) == proven.result


async def test_the_block_counts_once_the_cities_attest_it(chain: ChainClient, network: Network) -> None:
    block = await chain.block()
    proven = await prove(chain, BlockEvidenceKind.ATTESTED, block, lambda state: registry_facts(network, state))
    cities = tuple(
        PinnedCity(name, network.cities[name].keys.witness.address, (f"log of {name}",), f"cosigner of {name}")
        for name in names_of(network)
    )
    registry = network.deployment.city_registry
    trust = TrustFile(chain.chain_id, registry, BlockEvidenceKind.ATTESTED, (), cities, 2)
    signed = digest(attested.attestation(proven.header), trust.domain)
    signatures = [network.cities[name].keys.witness.sign(signed) for name in names_of(network)]
    found = verify_block(trust, BlockEvidence(proven.header, attestations=tuple(signatures[:2])))
    assert registry_facts(network, proven.proof.open(found.state_root)) == proven.result
    with pytest.raises(EvidenceError):
        verify_block(trust, BlockEvidence(proven.header, attestations=tuple(signatures[:1])))


async def test_many_slots_are_asked_for_in_parts(
    chain: ChainClient, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOTS_A_REQUEST", 2)
    block = await chain.block()
    proven = await prove(chain, BlockEvidenceKind.ATTESTED, block, lambda state: registry_facts(network, state))
    assert registry_facts(network, proven.proof.open(proven.header.state_root)) == proven.result


async def test_what_the_computation_raises_is_raised(chain: ChainClient) -> None:
    def fail(state: StateReader) -> None:
        raise EvidenceError(f"not from {type(state).__name__}")

    with pytest.raises(EvidenceError, match="RecordingState"):
        await prove(chain, BlockEvidenceKind.ATTESTED, await chain.block(), fail)
