"""Found a whole network in one folder: chain, contracts, three cities, a committee, the trust file.

<folder>/chain/            the development chain's state
<folder>/stack.json        where everything is; what `sunbid demo` and robots read
<folder>/trust.json        what a verifier pins
<folder>/offices/*.json    keys of governors and of the deployer: in production cold, in different hands
<folder>/cities/<name>/    a city's settings, keys, trust file, database and files
<folder>/holders/<name>/   a key-holder's folder
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from api.stack.committee import Committee
from bidding.keyholder.config import HeldShare, HolderConfig, HolderFolder
from ledger import loopback
from ledger.chain.client import ChainClient, Finality
from ledger.chain.deploy import BoxSchedule, CityPlan, Deployment, DeploymentPlan, deploy, register_key_sets
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile
from ledger.city import City, CityKeys, write_secret
from ledger.errors import SunbidError
from ledger.identity import organisation_id
from ledger.keyring import dump_json, write_private
from ledger.keys import SigningKey
from ledger.settings import TRUST_FILE, CitySettings, ClockKind
from witness.log.note import Algorithm, Vkey
from witness.log.ports import witness_name

CITIES = ("luan", "hefei", "nanjing")
"""Lu'an (六安) and two partners of the Yangtze delta."""

SUPERVISION = {"luan": "11341500MB0000001Y", "hefei": "11340100MB00000021", "nanjing": "11320100MB0000003U"}
"""Illustrative codes of the supervising bodies: well-formed, of nobody."""

SCHEDULE = BoxSchedule(slow_slips=2, slow_seconds=3600, fast_slips=16, fast_seconds=60, fast_lead=900)
"""Small enough that a notice period of weeks passes in a second; production's is in ledger.chain.deploy."""

HOLDERS_NEEDED = 2


class StackError(SunbidError):
    """A folder that holds no network, or one already."""

    code = "stack.invalid"


@dataclass(frozen=True)
class Stack:
    """Where a founded network is."""

    folder: Path
    rpc_url: str
    deployment: Deployment
    cities: Mapping[str, str]
    seal_key_id: bytes
    box_key_ids: tuple[bytes, ...]

    @property
    def trust_path(self) -> Path:
        """The trust file that verifiers of this network use."""
        return self.folder / "trust.json"

    def city_folder(self, name: str) -> Path:
        """A city's data folder."""
        return self.folder / "cities" / name

    def holder_folder(self, name: str) -> Path:
        """The folder of the key-holder in a city."""
        return self.folder / "holders" / name

    def save(self) -> None:
        """Write `stack.json`."""
        value = {
            "rpcUrl": self.rpc_url,
            "deployment": self.deployment.to_json(),
            "cities": dict(self.cities),
            "sealKeyId": self.seal_key_id.hex(),
            "boxKeyIds": [key_id.hex() for key_id in self.box_key_ids],
        }
        write_private(self.folder / "stack.json", dump_json(value))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the network in `folder`; refuse a folder without one."""
        path = folder / "stack.json"
        if not path.exists():
            raise StackError(f"{folder} holds no network. Start one: sunbid up.", code="stack.not_found")
        value = json.loads(path.read_text())
        return cls(
            folder,
            value["rpcUrl"],
            Deployment.from_json(value["deployment"]),
            value["cities"],
            bytes.fromhex(value["sealKeyId"]),
            tuple(bytes.fromhex(key_id) for key_id in value["boxKeyIds"]),
        )


@dataclass(frozen=True)
class Ground:
    """The chain that a network is founded on: its nodes, what makes its blocks count, whose time is followed.

    `nodes` are the URLs of each city's nodes in the order in which it asks them, its own first; `validators` are the
    addresses that a verifier pins where blocks are sealed; `schedule` is how the cities' boxes grow.
    """

    chain_id: int
    nodes: Mapping[str, tuple[str, ...]]
    finality: Finality = field(default_factory=lambda: Finality(0))
    evidence: BlockEvidenceKind = BlockEvidenceKind.ATTESTED
    validators: tuple[bytes, ...] = ()
    clock: ClockKind = ClockKind.CHAIN
    schedule: BoxSchedule = SCHEDULE

    @property
    def first_nodes(self) -> tuple[str, ...]:
        """The nodes that the contracts are deployed through: those of the first city, its own before the others."""
        return next(iter(self.nodes.values()))


@dataclass(frozen=True)
class _Office:
    """A city before it is founded: name, address, keys."""

    city: City
    base_url: str
    keys: CityKeys
    governor: SigningKey

    def plan(self, schedule: BoxSchedule) -> CityPlan:
        supervisors = (organisation_id(SUPERVISION[self.city.name]),)
        return CityPlan.of(
            self.city, self.keys, self.governor, self.base_url, supervisors=supervisors, schedule=schedule
        )


async def found(folder: Path, rpc_url: str, chain_id: int, ports: Mapping[str, int], boxes: int = 16) -> Stack:
    """Found the network on the empty development chain at `rpc_url`; otherwise as `found_on`."""
    return await found_on(folder, Ground(chain_id, dict.fromkeys(ports, (rpc_url,))), ports, boxes)


async def found_on(folder: Path, ground: Ground, ports: Mapping[str, int], boxes: int = 16) -> Stack:
    """Found the network on this chain and return where it is; refuse a folder that holds one.

    `ports` says where each city will listen; `boxes` is the stock of box keys, one for each tender.
    """
    if (folder / "stack.json").exists():
        raise StackError(f"{folder} holds a network already. Choose another folder or remove it.", code="stack.exists")
    offices = [
        _Office(
            City(name, f"{name}.sunbid.example"), f"http://127.0.0.1:{port}", CityKeys.generate(), SigningKey.generate()
        )
        for name, port in ports.items()
    ]
    deployer = SigningKey.generate()
    plan = DeploymentPlan.development([office.plan(ground.schedule) for office in offices], deployer)
    committee = Committee.deal([office.city for office in offices], HOLDERS_NEEDED, boxes)
    async with ChainClient(ground.first_nodes, ground.chain_id, bytes(20), finality=ground.finality) as client:
        deployment = await deploy(client, plan)
        records = committee.records(deployment.domain("KeySets"))
        await register_key_sets(client, deployment, plan, records)
    box_ids = tuple(box.keys.key_id for box in committee.boxes)
    cities = {office.city.name: office.base_url for office in offices}
    stack = Stack(folder, ground.first_nodes[0], deployment, cities, committee.seal.keys.key_id, box_ids)
    _write_offices(stack, offices, deployer)
    _write_cities(stack, ground, offices)
    _write_holders(stack, ground, committee)
    _write_trust(stack, trust_of(stack, ground, offices).to_bytes() + b"\n")
    stack.save()
    return stack


def trust_of(stack: Stack, ground: Ground, offices: Sequence[_Office]) -> TrustFile:
    """Return what a verifier of this network pins; where nobody seals blocks the cities attest them."""
    pinned = tuple(
        PinnedCity(
            office.city.name,
            office.keys.witness.address,
            tuple(
                str(Vkey(line, Algorithm.ED25519, office.keys.log_public))
                for line in (office.city.public_origin, office.city.sealed_origin)
            ),
            str(Vkey(witness_name(office.city), Algorithm.COSIGNATURE, office.keys.cosigner_public)),
        )
        for office in offices
    )
    registry = stack.deployment.city_registry
    return TrustFile(ground.chain_id, registry, ground.evidence, ground.validators, pinned, 1)


def _write_trust(stack: Stack, trust: bytes) -> None:
    """Write the trust file for this network's verifiers, and for each city to publish and to check answers with."""
    for path in (stack.trust_path, *(stack.city_folder(name) / TRUST_FILE for name in stack.cities)):
        write_private(path, trust)


def _write_offices(stack: Stack, offices: Sequence[_Office], deployer: SigningKey) -> None:
    write_secret(stack.folder / "offices" / "deployer.json", "secp256k1", deployer.secret)
    for office in offices:
        write_secret(stack.folder / "offices" / f"{office.city.name}.json", "secp256k1", office.governor.secret)


def _write_cities(stack: Stack, ground: Ground, offices: Sequence[_Office]) -> None:
    for office in offices:
        name = office.city.name
        settings = CitySettings(
            city=name,
            data_dir=stack.city_folder(name),
            rpc_urls=ground.nodes[name],
            chain_id=ground.chain_id,
            registry=stack.deployment.city_registry,
            base_url=office.base_url,
            port=int(office.base_url.rsplit(":", 1)[1]),
            peers={other: url for other, url in stack.cities.items() if other != name},
            finality=str(ground.finality),
            clock=ground.clock,
        )
        settings.save()
        office.keys.save(settings.keys_dir)


def _write_holders(stack: Stack, ground: Ground, committee: Committee) -> None:
    for index, holder in enumerate(committee.holders, 1):
        config = HolderConfig(
            holder.city.name,
            ground.chain_id,
            stack.deployment.city_registry,
            ground.nodes[holder.city.name],
            ground.finality,
            dict(stack.cities),
            poll_seconds=1,
        )
        folder = HolderFolder.create(stack.holder_folder(holder.city.name), config, holder.signing)
        for dealt in (committee.seal, *committee.boxes):
            folder.add_share(HeldShare(dealt.purpose, dealt.keys.key_id, 1, index, dealt.secrets[index - 1]))


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """Return a free loopback port for each name; they differ."""
    return dict(zip(names, loopback.free_ports(len(names)), strict=True))
