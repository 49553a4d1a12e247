"""Chain facts that several claims ask for, as proven: contracts by the registry's word, issuers, origins, anchors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.authority import Issuer
from ledger.chain.client import REGISTRY, ContractKind
from ledger.chain.evidence.facts import StateReader
from ledger.chain.prove import storage_layout
from ledger.eip712 import Domain
from ledger.errors import SunbidError

_ISSUER = 5
_PUBLIC = 1


class ContractError(SunbidError):
    """An address that CityRegistry never named as what the bundle takes it for."""

    code = "contract.unnamed"


@dataclass(frozen=True)
class Contracts:
    """The deployment's contracts under the block: the pinned registry, and versions that it named."""

    chain_id: int
    registry: bytes
    book: bytes
    key_sets: bytes
    anchors: bytes

    def domain(self, name: str) -> Domain:
        """Return the EIP-712 domain of a contract by its name."""
        addresses = {REGISTRY: self.registry, "TenderBook": self.book, "KeySets": self.key_sets}
        return Domain(self.chain_id, addresses[name])

    def need_named(self, state: StateReader) -> None:
        """Refuse an address that CityRegistry never named as a version of its contract."""
        kinds = {ContractKind.TenderBook: self.book, ContractKind.KeySets: self.key_sets,
                 ContractKind.AnchorRegistry: self.anchors}  # fmt: skip
        for kind, address in kinds.items():
            if state.read(self.registry, storage_layout(REGISTRY), "_kindOfVersion", address) != kind:
                raise ContractError(f"0x{address.hex()} is no {kind.name} that CityRegistry ever named")


@dataclass(frozen=True)
class ProvenRegistry:
    """CityRegistry's word on papers (`ledger.authority.RegistryFacts`)."""

    state: StateReader
    registry: bytes

    def issuer(self, address: bytes) -> Issuer | None:
        """Return the record of an issuer, None if the key is none."""
        row = self.state.read(self.registry, storage_layout(REGISTRY), "_keys", address)
        if row["kind"] != _ISSUER:
            return None
        return Issuer(address, row["city"], row["roles"], row["from"], row["to"], row["compromisedAt"])

    def revoked_from(self, act: bytes) -> int | None:
        """Return from when a credential or delegation is revoked, None if it is not."""
        since: int = self.state.read(self.registry, storage_layout(REGISTRY), "_revokedFrom", act)
        return since or None

    def city_of_public_log(self, origin: bytes) -> bytes:
        """Return the city whose public log this is; refuse an origin that is none."""
        layout = storage_layout(REGISTRY)
        if self.state.read(self.registry, layout, "_origins", origin, "kind") != _PUBLIC:
            raise ContractError("CityRegistry knows no public log of this origin", origin=origin.hex())
        city: bytes = self.state.read(self.registry, layout, "_origins", origin, "city")
        return city


@dataclass(frozen=True)
class AnchoredTree:
    """A checkpoint that AnchorRegistry accepted, and the block time at which it did."""

    size: int
    root: bytes
    anchored_at: int


@dataclass(frozen=True)
class ProvenAnchors:
    """What AnchorRegistry holds of the logs; it accepted each checkpoint only as an extension of the one before."""

    state: StateReader
    anchors: bytes

    def expect(self, origin: bytes, numbers: Iterable[int]) -> None:
        """Say which checkpoints of a log are read next, so that they are fetched together."""
        paths = [("_checkpoints", origin, number) for number in sorted(set(numbers))]
        self.state.expect(self.anchors, storage_layout("AnchorRegistry"), paths)

    def tree(self, origin: bytes, number: int) -> AnchoredTree:
        """Return checkpoint `number` of a log, from 0; refuse one that is not there."""
        layout = storage_layout("AnchorRegistry")
        row = self.state.read(self.anchors, layout, "_checkpoints", origin, number)
        if not row["size"]:
            raise ContractError("the chain holds no such checkpoint of the log", number=number)
        return AnchoredTree(row["size"], row["root"], row["anchoredAt"])
