"""A committee whose keys come from one dealer, who knows them all: development only, until the key ceremony comes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from bidding.sealing.ceremony import deal_development_set
from bidding.sealing.keyset import KeySet
from ledger.acts import ZERO32, Purpose
from ledger.chain.deploy import KeySetMember, KeySetRecord
from ledger.city import City
from ledger.eip712 import Domain
from ledger.identity import registered_organisation_id
from ledger.keys import SigningKey


@dataclass(frozen=True)
class Holder:
    """A key-holder of the development committee: in which city, with which keys."""

    city: City
    signing: SigningKey
    identity: SigningKey

    @property
    def organisation(self) -> bytes:
        """The organisation that runs the holder: each city's holder is a body of its own."""
        return registered_organisation_id(self.city.id32, f"key-holder of {self.city.name}")


@dataclass(frozen=True)
class DealtSet:
    """A key set with the secret of each holder, in their order."""

    keys: KeySet
    purpose: Purpose
    secrets: tuple[bytes, ...]


@dataclass(frozen=True)
class Committee:
    """One seal set and a stock of box sets for it, all dealt at once."""

    holders: tuple[Holder, ...]
    seal: DealtSet
    boxes: tuple[DealtSet, ...]

    @classmethod
    def deal(cls, cities: Sequence[City], k: int, boxes: int) -> Committee:
        """Return a committee with one holder a city, any `k` of whom act, and `boxes` box keys in stock."""
        holders = tuple(Holder(city, SigningKey.generate(), SigningKey.generate()) for city in cities)
        dealt = [deal_development_set(len(holders), k, secrets.token_bytes) for _ in range(boxes + 1)]
        seal, *stock = (
            DealtSet(keys, Purpose.BOX if number else Purpose.SEAL, shares)
            for number, (keys, shares) in enumerate(dealt)
        )
        return cls(holders, seal, tuple(stock))

    def records(self, key_sets: Domain) -> list[KeySetRecord]:
        """Return what KeySets is to register, signed by every holder; `key_sets` is the domain of that contract."""
        members = tuple(
            KeySetMember(h.identity.public_key, h.signing.address, h.city.id32, h.organisation) for h in self.holders
        )
        signers = [holder.signing for holder in self.holders]
        seal = _record(self.seal, members, ZERO32)
        boxes = [_record(box, (), self.seal.keys.key_id) for box in self.boxes]
        return [record.signed(signers, key_sets) for record in (seal, *boxes)]


def _record(dealt: DealtSet, members: tuple[KeySetMember, ...], seal_key_id: bytes) -> KeySetRecord:
    keys = dealt.keys
    points = (keys.joint_key, *keys.holder_keys)
    return KeySetRecord(keys.key_id, dealt.purpose, keys.k, points, members, seal_key_id)
