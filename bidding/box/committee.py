"""A tender's key sets as KeySets registers them: keys, purpose, and who signs for each share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bidding.box.errors import BoxError
from bidding.sealing.keyset import KeySet
from ledger.acts import Purpose
from ledger.chain.client import Call, ChainClient


@dataclass(frozen=True)
class Member:
    """A key-holder: the address that signs its acts, its city, its organisation."""

    signer: bytes
    city: bytes
    organisation: bytes


@dataclass(frozen=True)
class RegisteredKeySet:
    """A key set at its current epoch with its members by index from 1; a box set names the seal set it belongs to."""

    keys: KeySet
    purpose: Purpose
    members: tuple[Member, ...]
    seal_key_id: bytes

    def index_of(self, signer: bytes) -> int | None:
        """Return the index, from 1, of the member that signs with this address."""
        return next((i for i, member in enumerate(self.members, 1) if member.signer == signer), None)


async def read_key_set(chain: ChainClient, key_id: bytes, purpose: Purpose, block: int) -> RegisteredKeySet:
    """Return the current epoch of a key set at this block; refuse an unknown one and one of another purpose."""
    found = await chain.call("KeySets", "keySet", key_id, block=block)
    if found.epoch == 0 or found.purpose != purpose:
        raise BoxError(f"No {purpose.name.lower()} key set has this id.", code="box.key_set", key_id=key_id.hex())
    epoch = await chain.call("KeySets", "epochOf", key_id, found.epoch, block=block)
    points = await _all(chain, "point", key_id, found.epoch, range(epoch.n + 1), block)
    of, at = (key_id, found.epoch) if purpose is not Purpose.BOX else (found.seal_key_id, epoch.seal_epoch)
    members = await _all(chain, "member", of, at, range(1, epoch.n + 1), block)
    encoded = tuple(bytes([point.prefix]) + point.x for point in points)
    keys = KeySet(epoch.n, epoch.k, encoded[0], encoded[1:], found.epoch, key_id)
    holders = tuple(Member(member.signer, member.city, member.organisation) for member in members)
    return RegisteredKeySet(keys, purpose, holders, found.seal_key_id)


async def committee_size(chain: ChainClient, tender: bytes) -> int:
    """Return how many key-holders the tender's committee has now, 0 for a tender that the chain does not know."""
    view = await chain.call("TenderBook", "tenderOf", tender)
    if not any(view.key_id):
        return 0
    return int((await chain.call("KeySets", "committeeOf", view.key_id)).n)


async def _all(chain: ChainClient, function: str, key_id: bytes, epoch: int, indices: range, block: int) -> list[Any]:
    calls = [Call("KeySets", function, (key_id, epoch, index)) for index in indices]
    return await chain.call_many(calls, block=block)
