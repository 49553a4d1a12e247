"""What the logs need from outside, each as narrow as it can be; the composition root supplies the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain.sender import TxOutcome
from ledger.city import City
from ledger.keys import SigningKey
from witness.log.note import Algorithm, Vkey
from witness.log.schedule import Schedule


class KeyKind(IntEnum):
    """CityRegistry's number for what a city's secp256k1 key is for."""

    SUBMITTER = 2
    WITNESS = 3
    RECEIVING = 4


class LogKeys(Protocol):
    """The keys that a city's logs sign with (`ledger.city.CityKeys`)."""

    @property
    def witness(self) -> SigningKey:
        """Signs `BoxCheckpoint`s of other cities' origins and `BlockAttestation`s."""

    @property
    def receiving(self) -> SigningKey:
        """Signs the own origin's `BoxCheckpoint`s."""

    @property
    def log(self) -> Ed25519PrivateKey:
        """Signs the own logs' checkpoints."""

    @property
    def cosigner(self) -> Ed25519PrivateKey:
        """Cosigns other cities' checkpoints."""


@dataclass(frozen=True)
class TreeHead:
    """A tree's size and root."""

    size: int
    root: bytes


class LogChain(Protocol):
    """What the logs ask the city's own chain node; every answer is at a final block."""

    async def city_of_key(self, key: bytes, kind: KeyKind, at: int) -> bytes:
        """Return the id of the city for which the 20-byte `key` stood at the time `at`, or 32 zero bytes."""

    async def anchored(self, origin: bytes) -> TreeHead:
        """Return what the next checkpoint of `origin` has to extend; size 0 before the first."""

    async def witnesses_needed(self, origin: bytes) -> int:
        """Return q of a sealed origin: how many other cities sign before it is anchored."""

    async def final_block(self) -> int:
        """Return the number of the last final block."""

    async def block_hash(self, number: int) -> bytes:
        """Return the 32-byte hash of the block that the own node holds at `number`."""


class BoxFacts(Protocol):
    """The public facts that pace the own sealed log, as this city's database has them from the chain."""

    async def schedule(self, session: AsyncSession) -> Schedule:
        """Return the schedule that CityRegistry holds for the origin."""

    async def deadlines(self, session: AsyncSession, after: int) -> Collection[int]:
        """Return the announced deadlines of the origin's tenders that are not before `after`."""


class Submitter(Protocol):
    """The durable sender of the city's own transactions (`ledger.chain.sender.ChainSender`)."""

    async def submit(
        self, session: AsyncSession, contract: str, function: str, args: Sequence[object], *, key: str
    ) -> object:
        """Store the intent to call `contract.function(*args)` with the transaction of `session`, once per `key`."""

    async def outcome(self, session: AsyncSession, key: str) -> TxOutcome | None:
        """Return what became of the transaction under `key`, None if there is none."""


@dataclass(frozen=True)
class Answer:
    """A partner's HTTP answer."""

    status: int
    body: bytes


class Transport(Protocol):
    """HTTP to one partner city; what cannot be delivered raises a `SunbidError`, every answer is returned."""

    async def get(self, path: str) -> Answer:
        """Ask for `path` under the partner's base URL."""

    async def post(self, path: str, body: bytes) -> Answer:
        """Send `body` to `path` under the partner's base URL."""


@dataclass(frozen=True)
class Partner:
    """Another city: who it is, its keys for C2SP notes (32 bytes each), and the way to it."""

    city: City
    log_key: bytes
    cosigner_key: bytes
    transport: Transport

    def log_vkey(self, line: str) -> Vkey:
        """Return the verifier key of its log with this origin line: a log signs under its origin's name."""
        return Vkey(line, Algorithm.ED25519, self.log_key)

    @property
    def cosigner_vkey(self) -> Vkey:
        """The verifier key of its witness."""
        return Vkey(witness_name(self.city), Algorithm.COSIGNATURE, self.cosigner_key)


def witness_name(city: City) -> str:
    """Return the key name of a city's C2SP witness, as it stands in cosignature lines and policies."""
    return f"{city.host}/witness"


@dataclass(frozen=True)
class SlipRules:
    """What the sealed log needs to know of slips; `bidding.sealing` supplies it, this package never opens one.

    `padding()` returns 896 bytes that nobody can tell from a slip; `is_point(data)` says whether 33 bytes are a
    compressed point of the suite's curve, as each slip starts with one.
    """

    padding: Callable[[], bytes]
    is_point: Callable[[bytes], bool]
