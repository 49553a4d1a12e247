"""The chain facts that the list rule takes, as plain values: whoever calls it proves or reads them in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bidding.sealing.errors import FormatError, KeySetError
from bidding.sealing.keyset import KeySet
from ledger.acts import Envelope, Lot
from ledger.eip712 import Domain


@dataclass(frozen=True)
class NoticeFact:
    """A notice the tender had, and whether a later amendment superseded it."""

    notice: bytes
    superseded: bool = False


@dataclass(frozen=True)
class RegistryKey:
    """A key in CityRegistry: whose, from when to when by block time (both included), when marked compromised if ever.

    `city` is the city's 32-byte id.
    """

    address: bytes
    city: bytes
    from_: int
    to: int
    compromised: int | None = None


@dataclass(frozen=True)
class TenderFacts:
    """What announcement, amendments and registry say about one tender.

    `key_set` and `box_key_set` are epoch-1 records, or later ones of the same keyId; `key_id` and `box_key_id` are what
    the announcement fixes, so a key set that only the platform vouches for is refused here. `announced`,
    `first_deadline` (as announced) and `deadline` (as amended and moved) are block times in seconds. `issuers` are
    those of bidders' credentials, `receivers` all cities' receiving keys. `revocations` maps the digest of a credential
    or delegation to the earliest time from which its revocation counts. Raises `KeySetError`.
    """

    chain_id: int
    tender_book: bytes
    city_registry: bytes
    tender: bytes
    key_id: bytes
    box_key_id: bytes
    key_set: KeySet
    box_key_set: KeySet
    lots: tuple[Lot, ...]
    notices: tuple[NoticeFact, ...]
    announced: int
    first_deadline: int
    deadline: int
    q: int
    issuers: tuple[RegistryKey, ...]
    receivers: tuple[RegistryKey, ...]
    revocations: Mapping[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.key_set.key_id != self.key_id:
            raise KeySetError("this seal key set is not the one that the announcement fixes")
        if self.box_key_set.key_id != self.box_key_id:
            raise KeySetError("this box key set is not the one that the announcement fixes")

    @property
    def book_domain(self) -> Domain:
        """Where acts on the tender are signed."""
        return Domain(self.chain_id, self.tender_book)

    @property
    def registry_domain(self) -> Domain:
        """Where credentials, delegations, receipts and events are signed."""
        return Domain(self.chain_id, self.city_registry)

    def has_envelope(self, lot: int, envelope: int) -> bool:
        """Say whether bids on `lot` have this envelope."""
        return any(known.number == lot and known.envelopes & Envelope(envelope).bit for known in self.lots)

    def issuer_stands(self, address: bytes) -> bool:
        """Say whether an issuer stood from the deadline or before to the first deadline or after, uncompromised."""
        keys = [key for key in self.issuers if key.address == address]
        in_force = any(key.from_ <= self.deadline and key.to >= self.first_deadline for key in keys)
        return in_force and not any(self._is_compromised(key) for key in keys)

    def receiving_city(self, address: bytes) -> bytes | None:
        """Return the city of a receiving key that stood at any time from announcement to deadline, uncompromised."""
        keys = [key for key in self.receivers if key.address == address]
        if any(self._is_compromised(key) for key in keys):
            return None
        cities = [key.city for key in keys if key.from_ <= self.deadline and key.to >= self.announced]
        return cities[0] if cities else None

    def is_revoked(self, digest: bytes) -> bool:
        """Say whether a revocation of the credential or delegation has taken effect by the deadline."""
        return digest in self.revocations and self.revocations[digest] <= self.deadline

    def _is_compromised(self, key: RegistryKey) -> bool:
        return key.compromised is not None and key.compromised <= self.deadline


@dataclass(frozen=True)
class Cut:
    """The slips of an origin's log, from the tender's start on, up to the cut of one witness city."""

    witness: bytes
    slips: Sequence[bytes]


@dataclass(frozen=True)
class OriginBox:
    """One announced origin: its id, its city, the size of its log when the tender started, and its cuts.

    Raises `FormatError` if a witness stands twice or is the origin's own city: it would count for more than it is.
    """

    origin: bytes
    city: bytes
    start: int
    cuts: tuple[Cut, ...]

    def __post_init__(self) -> None:
        witnesses = [cut.witness for cut in self.cuts]
        if len(set(witnesses)) != len(witnesses) or self.city in witnesses:
            raise FormatError("an origin has one cut for each witness of another city, none of its own")


@dataclass(frozen=True)
class BoxContents:
    """All that was in the box by the deadline: the announced origins and the admitted slips, in order."""

    origins: tuple[OriginBox, ...]
    admitted: tuple[bytes, ...] = ()
