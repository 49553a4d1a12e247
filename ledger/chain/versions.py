"""Which contracts CityRegistry names, read from its storage: over `ProvenState` the addresses are proven."""

from __future__ import annotations

from ledger.chain.client import REGISTRY, ContractKind
from ledger.chain.evidence.facts import StateReader
from ledger.chain.prove import storage_layout


def version_at(state: StateReader, registry: bytes, kind: ContractKind) -> bytes:
    """Return the 20-byte address of the version that was named last, zero if none was."""
    address: bytes = state.read(registry, storage_layout(REGISTRY), "_currentVersion", int(kind))
    return address


def versions_at(state: StateReader, registry: bytes) -> dict[str, bytes]:
    """Return the addresses of all contracts by name, the registry's own included."""
    return {REGISTRY: registry, **{kind.name: version_at(state, registry, kind) for kind in ContractKind}}
