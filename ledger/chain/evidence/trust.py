"""The trust file: all that a verifier believes before it opens a bundle (acts.md, "Rules").

Chain id, the address of CityRegistry, how blocks count (pinned QBFT validators or Clique signers, or attestations of
the pinned cities) and the cities' own keys. Everything else in a bundle has to be proven from these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger import canonical
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.errors import EvidenceError
from ledger.eip712 import Domain
from ledger.identity import city_id
from ledger.json_fields import (
    FieldError,
    read_address,
    read_enum,
    read_integer,
    read_list,
    read_members,
    read_text,
    to_hex,
)

VERSION: Final = 1
MAX_SIZE: Final = 1 << 16


class TrustError(EvidenceError):
    """A trust file that is malformed: nothing can be verified with it."""

    code = "evidence.trust"


class BlockEvidenceKind(StrEnum):
    """By what a block counts as evidence."""

    QBFT = "qbft"
    CLIQUE = "clique"
    ATTESTED = "attested"


@dataclass(frozen=True)
class PinnedCity:
    """A city's keys: the 20-byte address of its witness key, and the C2SP verifier keys of its logs and its witness."""

    name: str
    witness: bytes
    logs: tuple[str, ...]
    cosigner: str

    @property
    def id(self) -> bytes:
        """The city's 32-byte id."""
        return city_id(self.name)

    def to_json(self) -> JsonObject:
        """Return the JSON object inside the trust file."""
        logs: list[JsonValue] = [*self.logs]
        return {"name": self.name, "witness": to_hex(self.witness), "logs": logs, "cosigner": self.cosigner}

    @classmethod
    def from_json(cls, value: JsonValue) -> PinnedCity:
        """Return the city that `to_json` wrote; refuse every other value."""
        members = read_members(value, "city", ("name", "witness", "logs", "cosigner"))
        return cls(
            name=read_text(members["name"], "city.name"),
            witness=read_address(members["witness"], "city.witness"),
            logs=tuple(read_text(log, "city.logs") for log in read_list(members["logs"], "city.logs")),
            cosigner=read_text(members["cosigner"], "city.cosigner"),
        )


@dataclass(frozen=True)
class TrustFile:
    """What a verifier pins. `validators` are QBFT's or Clique's, none where cities attest blocks.

    `cosignatures` is how many of the cities' witnesses must have cosigned a checkpoint.
    """

    chain_id: int
    city_registry: bytes
    evidence: BlockEvidenceKind
    validators: tuple[bytes, ...]
    cities: tuple[PinnedCity, ...]
    cosignatures: int

    def __post_init__(self) -> None:
        if len(self.city_registry) != 20 or any(len(v) != 20 for v in self.validators):
            raise TrustError("addresses in a trust file have 20 bytes")
        if (self.evidence is BlockEvidenceKind.ATTESTED) == bool(self.validators):
            raise TrustError("validators are pinned where they seal blocks, and only there")
        if not self.cities or not 0 <= self.cosignatures <= len(self.cities):
            raise TrustError("a trust file pins cities and wants cosignatures of some of them")
        self._need_once("validator", self.validators)
        self._need_once("city", [city.name for city in self.cities])
        self._need_once("witness", [city.witness for city in self.cities])
        self._need_once("cosigner", [city.cosigner for city in self.cities])
        self._need_once("log", [log for city in self.cities for log in city.logs])

    @staticmethod
    def _need_once(name: str, values: Sequence[str] | Sequence[bytes]) -> None:
        if len(set(values)) != len(values):
            raise TrustError(f"a trust file pins every {name} once")

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain of CityRegistry."""
        return Domain(self.chain_id, self.city_registry)

    @property
    def witnesses(self) -> dict[str, bytes]:
        """The addresses of the witness keys by city."""
        return {city.name: city.witness for city in self.cities}

    def to_json(self) -> JsonObject:
        """Return the JSON object of the file."""
        validators: list[JsonValue] = [to_hex(validator) for validator in self.validators]
        return {
            "v": VERSION,
            "chain_id": self.chain_id,
            "city_registry": to_hex(self.city_registry),
            "evidence": {"kind": self.evidence.value, "validators": validators},
            "cities": [city.to_json() for city in self.cities],
            "cosignatures": self.cosignatures,
        }

    def to_bytes(self) -> bytes:
        """Return the file: canonical JSON."""
        return canonical.dumps(self.to_json(), max_size=MAX_SIZE)

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustFile:
        """Return the trust file in `data`; refuse everything that `to_bytes` does not write, but a final newline."""
        return cls.from_json(canonical.loads(data.removesuffix(b"\n"), max_size=MAX_SIZE))

    @classmethod
    def from_json(cls, value: JsonValue) -> TrustFile:
        """Return the trust file in a JSON value; refuse missing, extra and mistyped members."""
        names = ("v", "chain_id", "city_registry", "evidence", "cities", "cosignatures")
        try:
            members = read_members(value, "trust file", names)
            if read_integer(members["v"], "v") != VERSION:
                raise TrustError(f"trust file has another version than {VERSION}")
            evidence = read_members(members["evidence"], "evidence", ("kind", "validators"))
            validators = read_list(evidence["validators"], "validators")
            return cls(
                chain_id=read_integer(members["chain_id"], "chain_id"),
                city_registry=read_address(members["city_registry"], "city_registry"),
                evidence=read_enum(BlockEvidenceKind, evidence["kind"], "evidence.kind"),
                validators=tuple(read_address(item, "validator") for item in validators),
                cities=tuple(PinnedCity.from_json(item) for item in read_list(members["cities"], "cities")),
                cosignatures=read_integer(members["cosignatures"], "cosignatures"),
            )
        except FieldError as error:
            raise TrustError(f"trust file: {error.message}") from error
