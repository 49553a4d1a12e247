"""What CityRegistry says about the keys and papers that slips name: asked for exactly those, at one block."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from bidding.sealing.facts import RegistryKey
from ledger.acts import Role
from ledger.chain.client import Call, ChainClient

_REGISTRY = "CityRegistry"


class KeyKind(IntEnum):
    """CityRegistry's number for what a city's secp256k1 key is for."""

    WITNESS = 3
    RECEIVING = 4
    ISSUER = 5


@dataclass(frozen=True)
class Questions:
    """Addresses that signed something in a slip, and digests of the credentials and delegations in them."""

    keys: frozenset[bytes]
    papers: frozenset[bytes]


@dataclass(frozen=True)
class Answers:
    """Those of the keys that issue bidders' credentials, those that sign receipts, and revocations by digest."""

    issuers: tuple[RegistryKey, ...]
    receivers: tuple[RegistryKey, ...]
    revocations: dict[bytes, int]


async def ask_registry(chain: ChainClient, questions: Questions, block: int) -> Answers:
    """Return what CityRegistry holds at this block about these keys and papers."""
    keys, papers = sorted(questions.keys), sorted(questions.papers)
    records = await _each(chain, "key", keys, block)
    revoked = await _each(chain, "revokedFrom", papers, block)
    found = dict(zip(keys, records, strict=True))
    return answer(found, {paper: int(since) for paper, since in zip(papers, revoked, strict=True)})


def answer(keys: dict[bytes, Any], revoked: dict[bytes, int]) -> Answers:
    """Return the answers in records of CityRegistry's storage (`ICityRegistry.Key`) and of `revokedFrom`."""
    return Answers(
        tuple(_key(k, row) for k, row in keys.items() if row.kind == KeyKind.ISSUER and row.roles >> Role.BIDDER & 1),
        tuple(_key(k, row) for k, row in keys.items() if row.kind == KeyKind.RECEIVING),
        {paper: since for paper, since in revoked.items() if since},
    )


class Calls(Protocol):
    """Views of contracts: of a chain node itself, or with its latest answers kept (`ledger.chain.latest`)."""

    async def call(self, contract: str, function: str, /, *args: Any) -> Any:
        """Return what a view returns at the latest block."""
        ...


async def city_of_key(chain: Calls, address: bytes, kind: KeyKind, at: int) -> bytes | None:
    """Return the city whose key of this kind stood at the time `at`, None if there is none."""
    city: bytes = await chain.call(_REGISTRY, "cityOfKey", address, kind, at)
    return city if any(city) else None


async def _each(chain: ChainClient, function: str, arguments: Collection[bytes], block: int) -> list[Any]:
    return await chain.call_many([Call(_REGISTRY, function, (one,)) for one in arguments], block=block)


def _key(address: bytes, row: Any) -> RegistryKey:
    return RegistryKey(address, row.city, row.from_, row.to, row.compromised_at or None)
