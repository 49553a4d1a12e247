"""`BoxCheckpoint`s with their signatures: what origin and witnesses say about a sealed log, each with its own time."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts import BoxCheckpoint, digest
from ledger.canonical import JsonObject, JsonValue
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from ledger.json_fields import need_size, read_b32, read_bytes, read_object, to_hex
from ledger.keys import SIGNATURE_SIZE, SigningKey, recover


class BoxCheckpointError(SunbidError):
    """Box checkpoints that do not say what they are used for."""

    code = "box_checkpoint.invalid"


@dataclass(frozen=True)
class SignedBoxCheckpoint:
    """City `city` says that `origin` had this `size` and `root` at the time `at`, seconds since 1970.

    `signature` is 65 bytes over the EIP-712 digest, by the receiving key of the origin's own city or by the witness
    key of another one.
    """

    origin: bytes
    size: int
    root: bytes
    at: int
    city: bytes
    signature: bytes

    @classmethod
    def sign(cls, checkpoint: BoxCheckpoint, city: bytes, key: SigningKey, registry: Domain) -> SignedBoxCheckpoint:
        """Return the checkpoint signed by `key` under CityRegistry's domain."""
        signature = key.sign(digest(checkpoint, registry))
        return cls(checkpoint.origin, checkpoint.size, checkpoint.root, checkpoint.at, city, signature)

    @property
    def act(self) -> BoxCheckpoint:
        """What is signed."""
        return BoxCheckpoint(self.origin, self.size, self.root, self.at)

    def signer(self, registry: Domain) -> bytes:
        """Return the 20-byte address that signed; raise `SignatureError` if the signature is not canonical."""
        return recover(digest(self.act, registry), self.signature)

    def contradicts(self, other: SignedBoxCheckpoint) -> bool:
        """Say whether no append-only log can have had both: one size, two roots."""
        return self.origin == other.origin and self.size == other.size and self.root != other.root

    def to_json(self) -> JsonObject:
        """Return the object that `GET /box/…` serves: the act's members, `city` and `signature`, bytes as 0x hex."""
        return {**self.act.to_json(), "city": to_hex(self.city), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: JsonValue) -> SignedBoxCheckpoint:
        """Return the checkpoint that `to_json` wrote; refuse everything else. The signature is not checked here."""
        members = dict(read_object(value, "box checkpoint"))
        city = read_b32(members.pop("city", None), "city")
        signature = need_size(read_bytes(members.pop("signature", None), "signature"), SIGNATURE_SIZE, "signature")
        act = BoxCheckpoint.from_json(members)
        return cls(act.origin, act.size, act.root, act.at, city, signature)


@dataclass(frozen=True)
class Equivocation:
    """Two checkpoints that one city signed and that no append-only log can both have had.

    With one size the two roots say so. With two sizes `root` is what the larger tree has at the smaller size: whoever
    fetches the larger tree's slips recomputes it.
    """

    first: SignedBoxCheckpoint
    second: SignedBoxCheckpoint
    root: bytes

    @classmethod
    def of(cls, one: SignedBoxCheckpoint, other: SignedBoxCheckpoint) -> Equivocation:
        """Return the evidence in one order, whoever was seen first: both must be of one city, origin and size."""
        first, second = sorted((one, other), key=lambda signed: signed.root)
        if not first.contradicts(second) or first.city != second.city:
            raise BoxCheckpointError("these checkpoints do not contradict each other")
        return cls(first, second, second.root)

    def to_json(self) -> JsonObject:
        """Return what is published: both signed checkpoints and the root at the first one's size."""
        return {"first": self.first.to_json(), "second": self.second.to_json(), "root": to_hex(self.root)}
