"""The whole deployment of three cities on a chain under test, made by the key that the chain's owner gave."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts import digest
from ledger.chain.client import ChainClient
from ledger.chain.deploy import Deployment, DeploymentPlan, deploy, register_key_sets
from ledger.chain.direct import send
from ledger.chain.evidence import attested
from ledger.chain.evidence.blocks import BlockEvidence
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile
from ledger.keys import SigningKey
from tests.chains.nets import Net
from tests.fixtures.committee import TestCommittee
from tests.fixtures.network import CITIES, NetworkCity
from tests.fixtures.people import Registrar
from witness.log.merkle import consistency_proof, leaf_hash, tree_head

LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(1000)]


@dataclass(frozen=True)
class Site:
    """The deployment with everybody's keys."""

    net: Net
    plan: DeploymentPlan
    deployment: Deployment
    cities: dict[str, NetworkCity]
    committee: TestCommittee

    @classmethod
    async def found(cls, net: Net) -> Site:
        """Deploy the contracts, register three cities and a committee's key sets.

        The cities have keys of this deployment: others send on the same chain at the same time.
        """
        salt = SigningKey.generate().address.hex()
        cities = {name: NetworkCity.named(name, salt) for name in CITIES}
        plan = DeploymentPlan.development([city.plan for city in cities.values()], net.key)
        committee = TestCommittee.of(CITIES, k=2, boxes=1)
        async with net.client() as client:
            deployment = await deploy(client, plan)
            await register_key_sets(client, deployment, plan, committee.records(deployment.domain("KeySets")))
        return cls(net, plan, deployment, cities, committee)

    def client(self) -> ChainClient:
        """Return a client of the deployment; whoever asks closes it."""
        return self.net.client(self.deployment.city_registry)

    def registrar(self, city: str) -> Registrar:
        """Return the credential issuer of a city."""
        return Registrar(self.cities[city].keys.issuer, self.deployment.domain("CityRegistry"))

    @property
    def trust(self) -> TrustFile:
        """What a verifier of this network pins; where cities attest blocks, two of them are needed."""
        pinned = tuple(
            PinnedCity(name, one.keys.witness.address, (f"log of {name}",), f"cosigner of {name}")
            for name, one in sorted(self.cities.items())
        )
        registry = self.deployment.city_registry
        return TrustFile(self.net.chain_id, registry, self.net.evidence, self.net.validators, pinned, 1)

    async def evidence(self, chain: ChainClient, header: BlockHeader) -> BlockEvidence:
        """Return what makes this block count on this network; it has to be final already."""
        match self.net.evidence:
            case BlockEvidenceKind.QBFT:
                return BlockEvidence(header)
            case BlockEvidenceKind.CLIQUE:
                numbers = range(header.number + 1, header.number + 1 + self.net.finality.depth)
                followers = tuple(BlockHeader.from_rpc(block.raw) for block in await chain.blocks(numbers))
                return BlockEvidence(header, followers)
            case BlockEvidenceKind.ATTESTED:
                signed = digest(attested.attestation(header), self.trust.domain)
                signatures = tuple(one.keys.witness.sign(signed) for one in self.cities.values())
                return BlockEvidence(header, attestations=signatures)

    async def grow(self, chain: ChainClient, city: str, by: int = 1) -> tuple[int, bytes]:
        """Anchor the city's public log, larger than before, and return the new size and root."""
        call, last = await self.growth(chain, city, by)
        await send(chain, self.cities[city].keys.submitter, "AnchorRegistry", "anchor", *call)
        return last

    async def growth(self, chain: ChainClient, city: str, by: int = 1) -> tuple[tuple[object, ...], tuple[int, bytes]]:
        """Return the arguments that anchor the city's public log larger than it is, and what it will be then."""
        origin = self.cities[city].city.public_origin_id
        size, _ = await chain.call("AnchorRegistry", "last", origin)
        larger = size + by
        root = tree_head(LEAVES[:larger])
        return (origin, larger, root, consistency_proof(LEAVES, size, larger), ()), (larger, root)
