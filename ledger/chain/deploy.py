"""A whole deployment from a plan: five contracts, named and filled by the governors' own proposals.

The order is fixed and so are all addresses, because they follow from the deployer's nonce. Every change after the
foundation goes through `propose` and `confirm`, as it will in production: nobody has a shortcut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ledger.acts import ZERO32, KeySetRegistration, Purpose, Role
from ledger.chain.client import REGISTRY, At, ChainClient, ContractKind
from ledger.chain.contracts import artifact
from ledger.chain.direct import Outgoing, outgoing, send_all
from ledger.chain.rpc import to_bytes, to_hex
from ledger.chain.transactions import created_address
from ledger.city import City, CityKeys
from ledger.eip712 import Domain, digest
from ledger.encoding import enc, u32
from ledger.errors import SunbidError
from ledger.keys import SigningKey

ALL_ROLES = sum(1 << role for role in Role)
POINT_SIZE = 33
_ORDER = (REGISTRY, "AnchorRegistry", "KeySets", "CreditLedger", "TenderBook")
_CREATION_GAS = 12_000_000
_CALLS_A_PROPOSAL = 40
_GAS_A_CALL = 450_000
_KEY_SET_GAS = 1_000_000
_KEY_SET_GAS_A_MEMBER = 600_000
_SUBMITTER, _WITNESS, _RECEIVING, _ISSUER = 2, 3, 4, 5
_LOG_NOTE, _WITNESS_NOTE = 1, 2
_PUBLIC, _SEALED = 1, 2


class DeploymentError(SunbidError):
    """A plan that cannot be carried out, or a record of a deployment that is none."""

    code = "deployment.invalid"


@dataclass(frozen=True)
class BoxSchedule:
    """How a sealed log grows: slips every so many seconds, and faster from `fast_lead` seconds before a deadline."""

    slow_slips: int
    slow_seconds: int
    fast_slips: int
    fast_seconds: int
    fast_lead: int


PRODUCTION_SCHEDULE = BoxSchedule(8, 60, 16, 2, 900)
DEVELOPMENT_SCHEDULE = BoxSchedule(8, 10, 16, 2, 30)
_NO_SCHEDULE = BoxSchedule(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class CityPlan:
    """A founding city: its governor's key signs the proposals, of all others only the public part is needed."""

    city: City
    governor: SigningKey
    base_url: str
    submitter: bytes
    witness: bytes
    receiving: bytes
    issuer: bytes
    log: bytes
    cosigner: bytes
    supervisors: tuple[bytes, ...] = ()
    issuer_roles: int = ALL_ROLES
    schedule: BoxSchedule = DEVELOPMENT_SCHEDULE
    q: int = 1

    @classmethod
    def of(cls, city: City, keys: CityKeys, governor: SigningKey, base_url: str, **others: Any) -> Self:
        """Return the plan of a city with these keys; `others` are the remaining members."""
        return cls(
            city,
            governor,
            base_url,
            submitter=keys.submitter.address,
            witness=keys.witness.address,
            receiving=keys.receiving.address,
            issuer=keys.issuer.address,
            log=keys.log_public,
            cosigner=keys.cosigner_public,
            **others,
        )


@dataclass(frozen=True)
class DeploymentPlan:
    """What is to stand: the cities, who pays the nonces, and the minima that TenderBook enforces (seconds, blocks)."""

    cities: tuple[CityPlan, ...]
    deployer: SigningKey
    revocation_delay: int = 86_400
    grace_min: int = 600
    open_after_min: int = 600
    amend_lead_min: int = 3 * 86_400
    close_blocks: int = 10

    @classmethod
    def development(cls, cities: Sequence[CityPlan], deployer: SigningKey) -> Self:
        """Return a plan with windows of seconds, for development chains only."""
        return cls(tuple(cities), deployer, 60, 2, 2, 2, 2)

    @property
    def quorum(self) -> int:
        """How many governors confirm: ⌈2/3⌉ of the cities."""
        return (2 * len(self.cities) + 2) // 3


@dataclass(frozen=True)
class Deployment:
    """Where the contracts stand; addresses are 20 bytes."""

    chain_id: int
    city_registry: bytes
    anchor_registry: bytes
    key_sets: bytes
    credit_ledger: bytes
    tender_book: bytes

    def at(self, name: str) -> At:
        """Return a contract by its name, whether the governors have named it or not."""
        addresses = dict(zip(_ORDER, self.addresses, strict=True))
        return At(name, addresses[name])

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """The addresses in the order of creation."""
        return (self.city_registry, self.anchor_registry, self.key_sets, self.credit_ledger, self.tender_book)

    def domain(self, name: str) -> Domain:
        """Return the EIP-712 domain of a contract."""
        return Domain(self.chain_id, self.at(name).address)

    def to_json(self) -> dict[str, Any]:
        """Return chain id and addresses by contract name."""
        return {"chainId": self.chain_id, **{n: to_hex(a) for n, a in zip(_ORDER, self.addresses, strict=True)}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the deployment that `to_json` wrote."""
        try:
            return cls(int(value["chainId"]), *(to_bytes(value[name]) for name in _ORDER))
        except (KeyError, TypeError, ValueError) as error:
            raise DeploymentError("a deployment record names the chain id and five addresses") from error


@dataclass(frozen=True)
class KeySetMember:
    """A holder of a share: 33-byte identity key of the ceremony, signing address, city and organisation ids."""

    identity_key: bytes
    signer: bytes
    city: bytes
    organisation: bytes


@dataclass(frozen=True)
class KeySetRecord:
    """What KeySets stores of a key set's first epoch; `keys` are Y, h₁ … hₙ of 33 bytes each.

    A box set has no members of its own and names its seal set. `signatures` are the members' over `registration`.
    """

    key_id: bytes
    purpose: Purpose
    k: int
    keys: tuple[bytes, ...]
    members: tuple[KeySetMember, ...] = ()
    seal_key_id: bytes = ZERO32
    transcript: bytes = ZERO32
    signatures: tuple[bytes, ...] = ()

    @property
    def registration(self) -> KeySetRegistration:
        """The act that each member signs."""
        encoded = enc(u32(len(self.keys) - 1), u32(self.k), *self.keys)
        return KeySetRegistration(self.key_id, self.purpose, 1, hashlib.sha256(encoded).digest())

    def signed(self, members: Sequence[SigningKey], domain: Domain) -> KeySetRecord:
        """Return the record with every member's signature, in their order; `domain` is that of KeySets."""
        act = digest(self.registration, domain)
        return replace(self, signatures=tuple(key.sign(act) for key in members))

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of KeySets.register."""
        members = tuple((m.identity_key, m.signer, m.city, m.organisation) for m in self.members)
        keys = b"".join(self.keys)
        return (
            self.key_id,
            (self.purpose, self.seal_key_id, self.k, keys, members, self.transcript, self.signatures),
        )

    @property
    def gas(self) -> int:
        """Enough for the registration."""
        return _KEY_SET_GAS + _KEY_SET_GAS_A_MEMBER * len(self.keys)


async def deploy(client: ChainClient, plan: DeploymentPlan) -> Deployment:
    """Create the contracts, name them and register cities' keys, origins and supervisors; return the addresses.

    `client` needs no registry yet. Raises `ContractRevertedError` with the reason of the first refusal.
    """
    deployment = await _create(client, plan)
    await propose(client, deployment, plan, _foundation(deployment, plan), salt=b"foundation")
    return deployment


async def register_key_sets(
    client: ChainClient, deployment: Deployment, plan: DeploymentPlan, records: Sequence[KeySetRecord]
) -> None:
    """Register signed key sets: `seal` and `coin` sets by the governors, then `box` sets by whoever brings them."""
    key_sets = deployment.at("KeySets")
    for record in records:
        if record.purpose is not Purpose.BOX:
            call = (key_sets.address, artifact(key_sets.name).function("register").encode_call(record.arguments))
            await propose(client, deployment, plan, [call], salt=record.key_id, gas=record.gas)
    boxes = [record for record in records if record.purpose is Purpose.BOX]
    if boxes:
        await send_all(
            client,
            [await outgoing(client, plan.deployer, key_sets, "register", *b.arguments, gas=b.gas) for b in boxes],
        )


async def propose(
    client: ChainClient,
    deployment: Deployment,
    plan: DeploymentPlan,
    calls: Sequence[tuple[bytes, bytes]],
    *,
    salt: bytes,
    gas: int | None = None,
) -> None:
    """Have the governors propose and confirm these (target, data) calls, in as many proposals as they need."""
    registry = deployment.at(REGISTRY)
    parts = [calls[i : i + _CALLS_A_PROPOSAL] for i in range(0, len(calls), _CALLS_A_PROPOSAL)]
    salts = [hashlib.sha256(salt + u32(number)).digest() for number in range(len(parts))]
    governors = [city.governor for city in plan.cities[: plan.quorum]]
    for number, governor in enumerate(governors):
        function = "confirm" if number else "propose"
        await send_all(
            client,
            [
                await outgoing(client, governor, registry, function, part, s, gas=gas or _GAS_A_CALL * (len(part) + 2))
                for part, s in zip(parts, salts, strict=True)
            ],
        )


async def _create(client: ChainClient, plan: DeploymentPlan) -> Deployment:
    nonce = await client.transaction_count(plan.deployer.address)
    addresses = [created_address(plan.deployer.address, nonce + i) for i in range(len(_ORDER))]
    deployment = Deployment(client.chain_id, *addresses)
    arguments = _constructor_arguments(deployment, plan)
    await send_all(
        client,
        [
            Outgoing(plan.deployer, None, artifact(name).creation(arguments[name]), _CREATION_GAS, f"{name}.create")
            for name in _ORDER
        ],
    )
    return deployment


def _constructor_arguments(deployment: Deployment, plan: DeploymentPlan) -> dict[str, tuple[Any, ...]]:
    founders = tuple((c.city.name, c.governor.address, endpoint_id(c.base_url)) for c in plan.cities)
    registry = deployment.city_registry
    minima = (plan.grace_min, plan.open_after_min, plan.amend_lead_min, plan.close_blocks)
    return {
        REGISTRY: (founders, plan.revocation_delay),
        "AnchorRegistry": (registry, bytes(20)),
        "KeySets": (registry,),
        "CreditLedger": (registry,),
        "TenderBook": (registry, deployment.anchor_registry, deployment.key_sets, *minima),
    }


def endpoint_id(base_url: str) -> bytes:
    """Return what CityRegistry keeps of a city's base URL: SHA-256 of it, without a slash at the end."""
    return hashlib.sha256(base_url.rstrip("/").encode()).digest()


def _foundation(deployment: Deployment, plan: DeploymentPlan) -> list[tuple[bytes, bytes]]:
    """The calls of the first proposals: versions first, because a call's target has to be named."""
    calls = [("nameVersion", (kind, deployment.at(kind.name).address)) for kind in ContractKind]
    for city in plan.cities:
        calls += _city_calls(city)
    encode = artifact(REGISTRY).function
    return [(deployment.city_registry, encode(function).encode_call(args)) for function, args in calls]


def _city_calls(plan: CityPlan) -> list[tuple[str, tuple[Any, ...]]]:
    city = plan.city.id32
    keys = [(plan.submitter, _SUBMITTER), (plan.witness, _WITNESS), (plan.receiving, _RECEIVING)]
    return [
        *(("addKey", (city, key, kind, 0, 0, 0)) for key, kind in keys),
        ("addKey", (city, plan.issuer, _ISSUER, plan.issuer_roles, 0, 0)),
        ("addNoteKey", (city, plan.log, _LOG_NOTE, 0, 0)),
        ("addNoteKey", (city, plan.cosigner, _WITNESS_NOTE, 0, 0)),
        *(("addSupervisor", (city, organisation, 0, 0)) for organisation in plan.supervisors),
        ("addOrigin", (city, plan.city.public_origin, _PUBLIC, 0, _NO_SCHEDULE)),
        ("addOrigin", (city, plan.city.sealed_origin, _SEALED, plan.q, plan.schedule)),
    ]
