"""The key ceremony: joint Feldman key generation and resharing over a bulletin board (sealing.md, "Key ceremony").

Pure messages and checks; logging them, waiting for all and restarting without the excluded is the caller's. Nobody
ever holds the joint secret, except in `deal_development_set`, which says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bidding.sealing.errors import (
    CeremonyError,
    FormatError,
    HeaderProofError,
    StoreDamageError,
    VoidBidError,
)
from bidding.sealing.group import Point, decode_scalar, encode_scalar, lagrange, weighted_sum
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from bidding.sealing.header import BID_CHUNK_SIZE, Header, StreamShape
from bidding.sealing.keyset import KeySet
from bidding.sealing.pop import make_pop, verify_pop
from bidding.sealing.stream import check_stream
from bidding.sealing.tdh2 import VerifiedHeader, open_payload, seal, verify_proof
from ledger.acts import Purpose
from ledger.encoding import EncodingError, dec, enc, u32, u64

Random = Callable[[int], bytes]
"""Returns that many fresh random bytes."""

ZERO32 = bytes(32)


@dataclass(frozen=True)
class Session:
    """One run of the ceremony: its purpose, place, size, dealers, and the identity keys E₁…Eₙ of the new members.

    For a new key `previous` is None and all n members deal. A resharing names the key set before; its dealers are
    exactly k of that set's holders by their indices there.
    """

    purpose: Purpose
    chain_id: int
    contract: bytes
    nonce: bytes
    k: int
    identity_keys: tuple[bytes, ...]
    previous: KeySet | None = None
    reshare_dealers: tuple[int, ...] = ()
    suite: Suite = field(default=TDH2_SECP256K1, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n <= 255 or (len(self.contract), len(self.nonce)) != (20, 32):
            raise CeremonyError("a run needs 1 <= k <= n <= 255, a contract of 20 bytes and a nonce of 32")
        if len(set(self.identity_keys)) != self.n:
            raise CeremonyError("two members of a run have one identity key")
        if (self.previous is None) == bool(self.reshare_dealers):
            raise CeremonyError("dealers are named for a resharing, and only then")
        if self.previous is not None:
            in_range = all(1 <= dealer <= self.previous.n for dealer in self.dealers)
            if not in_range or self.dealers != tuple(sorted(set(self.dealers))) or len(self.dealers) != self.previous.k:
                raise CeremonyError("exactly k holders of the old key set deal, by ascending old indices")

    @property
    def n(self) -> int:
        """The number of members of the new set."""
        return len(self.identity_keys)

    @property
    def dealers(self) -> tuple[int, ...]:
        """The indices of those who deal: members of the new set, or in a resharing holders of the old one."""
        return self.reshare_dealers or tuple(range(1, self.n + 1))

    @property
    def epoch(self) -> int:
        """The epoch of the key set that the run makes."""
        return self.previous.epoch + 1 if self.previous else 1

    @property
    def weights(self) -> tuple[int, ...]:
        """What each dealing counts in the sum: 1, in a resharing the Lagrange coefficient at 0."""
        return lagrange(self.suite.group, self.dealers) if self.previous else (1,) * self.n

    @cached_property
    def sid(self) -> bytes:
        """The id of the run, which every message of it names."""
        return self.suite.hash(
            "dkg",
            b"session",
            self.purpose.name.lower().encode(),
            u64(self.chain_id),
            self.contract,
            self.nonce,
            self.previous.key_id if self.previous else ZERO32,
            u32(self.epoch),
            u32(self.n),
            u32(self.k),
            b"".join(map(u32, self.dealers)),
            *self.identity_keys,
        )

    def identity_set(self, member: int) -> KeySet:
        """Return the key set of one, n = k = 1, that shares for this member are sealed to."""
        key = self.identity_keys[member - 1]
        return KeySet(1, 1, key, (key,), suite=self.suite)


@dataclass(frozen=True)
class SealedShare:
    """One dealer's share for one member, sealed to its identity key."""

    header: Header
    stream: bytes

    def encode(self) -> bytes:
        """Return mⱼ."""
        return enc(self.header.encode(), self.stream)


@dataclass(frozen=True)
class Deal:
    """What a dealer reveals: k coefficient commitments, the proof for the first, and n sealed shares."""

    sid: bytes
    dealer: int
    commitments: tuple[bytes, ...]
    pop: bytes
    shares: tuple[SealedShare, ...]

    def encode(self) -> bytes:
        """Return the bytes that go to the bulletin board."""
        messages = (share.encode() for share in self.shares)
        return enc(b"deal", self.sid, u32(self.dealer), *self.commitments, self.pop, *messages)


def deal_commitment(session: Session, deal: Deal) -> bytes:
    """Return the hash by which a dealer commits before anybody reveals."""
    return session.suite.hash("dkg", b"commit", session.sid, u32(deal.dealer), *deal.commitments, deal.pop)


def make_deal(session: Session, dealer: int, coefficients: Sequence[int], seed: bytes, random: Random) -> Deal:
    """Return the deal of the polynomial with these k secret coefficients; in a resharing the first is the old share.

    `seed` is 32 random bytes for this run alone.
    """
    suite = session.suite
    if len(coefficients) != session.k:
        raise CeremonyError("a dealing has exactly k coefficients", k=session.k)
    commitments = tuple(suite.group.encode(suite.group.mul_base(a)) for a in coefficients)
    pop = make_pop(suite, "dealing", session.sid, dealer, coefficients[0], random(32))
    shares = tuple(
        _seal_share(session, dealer, member, _evaluate(suite, coefficients, member), seed, random)
        for member in range(1, session.n + 1)
    )
    return Deal(session.sid, dealer, commitments, pop, shares)


def _evaluate(suite: Suite, coefficients: Sequence[int], at: int) -> int:
    return sum(a * pow(at, c, suite.group.order) for c, a in enumerate(coefficients)) % suite.group.order


def _seal_share(session: Session, dealer: int, member: int, share: int, seed: bytes, random: Random) -> SealedShare:
    label = enc(b"dkg", session.sid, u32(dealer), u32(member), random(32))
    source, sink = io.BytesIO(encode_scalar(session.suite.group, share)), io.BytesIO()
    key = session.identity_keys[member - 1]
    header = seal(key, label, seed, source, sink, chunk_size=BID_CHUNK_SIZE, rnd=random(32), suite=session.suite)
    return SealedShare(header, sink.getvalue())


def read_deal(session: Session, data: bytes, commitment: bytes) -> Deal:
    """Return the deal in `data` after every check that needs no secret; raises `CeremonyError` to exclude its dealer.

    `commitment` is the hash that the dealer logged before.
    """
    try:
        head, sid, dealer, *rest = dec(data, 4 + session.k + session.n)
        shares = tuple(_read_share(session, item) for item in rest[session.k + 1 :])
    except (EncodingError, FormatError) as error:
        raise CeremonyError("the deal is malformed") from error
    deal = Deal(sid, int.from_bytes(dealer, "big"), tuple(rest[: session.k]), rest[session.k], shares)
    if head != b"deal" or sid != session.sid or len(dealer) != 4 or deal.dealer not in session.dealers:
        raise CeremonyError("the deal is not of this run and its dealers")
    if deal_commitment(session, deal) != commitment:
        raise CeremonyError("the deal is not what its dealer committed to", dealer=deal.dealer)
    _check_commitments(session, deal)
    for member, share in enumerate(shares, 1):
        _check_sealed(session, deal, member, share)
    return deal


def _read_share(session: Session, data: bytes) -> SealedShare:
    header, stream = dec(data, 2)
    return SealedShare(Header.decode(header, session.suite), stream)


def _check_commitments(session: Session, deal: Deal) -> None:
    for point in deal.commitments:
        try:
            session.suite.group.decode(point)
        except FormatError as error:
            raise CeremonyError("a coefficient commitment is no point", dealer=deal.dealer) from error
    verify_pop(session.suite, "dealing", session.sid, deal.dealer, deal.commitments[0], deal.pop)
    if session.previous and deal.commitments[0] != session.previous.holder_keys[deal.dealer - 1]:
        raise CeremonyError("a resharing deals the old share, and this is another", dealer=deal.dealer)


def _check_sealed(session: Session, deal: Deal, member: int, share: SealedShare) -> None:
    header = share.header
    expected = (b"dkg", session.sid, u32(deal.dealer), u32(member))
    try:
        *label, nonce = dec(header.label, 5)
        if tuple(label) != expected or len(nonce) != 32 or header.shape != StreamShape(32, BID_CHUNK_SIZE):
            raise CeremonyError("a sealed share is not for this run, dealer and member", member=member)
        check_stream(session.suite, header.head, header.shape, io.BytesIO(share.stream))
        verify_proof(header, session.identity_keys[member - 1])
    except (EncodingError, StoreDamageError, HeaderProofError) as error:
        raise CeremonyError("a sealed share is malformed", dealer=deal.dealer, member=member) from error


def verified_header(session: Session, deal: Deal, member: int) -> VerifiedHeader:
    """Return the header of the share that is sealed for this member."""
    return verify_proof(deal.shares[member - 1].header, session.identity_keys[member - 1])


def share_inside(session: Session, deal: Deal, member: int, z: bytes) -> int:
    """Return the scalar that the sealed share opens to; raises `CeremonyError` if the dealer cheated."""
    sink = io.BytesIO()
    try:
        open_payload(verified_header(session, deal, member), z, io.BytesIO(deal.shares[member - 1].stream), sink)
        share = decode_scalar(session.suite.group, sink.getvalue())
    except (FormatError, VoidBidError) as error:
        raise CeremonyError("the sealed share opens to no scalar", dealer=deal.dealer, member=member) from error
    group = session.suite.group
    if group.encode(group.mul_base(share)) != group.encode(_image(session, deal, member)):
        raise CeremonyError("the share is not on the dealer's polynomial", dealer=deal.dealer, member=member)
    return share


def _image(session: Session, deal: Deal, member: int) -> Point:
    group = session.suite.group
    powers = tuple(pow(member, c, group.order) for c in range(session.k))
    return weighted_sum(group, powers, tuple(map(group.decode, deal.commitments)))


def open_share(session: Session, deal: Deal, member: int, identity_secret: int) -> int:
    """Return s_dj for member j; raises `CeremonyError` if the dealer cheated: then complain."""
    group = session.suite.group
    u = deal.shares[member - 1].header.parts.u
    return share_inside(session, deal, member, group.encode(group.mul_secret(identity_secret, u)))


def finish_key_set(session: Session, deals: Mapping[int, Deal]) -> KeySet:
    """Return the key set of the run; every dealer's checked deal counts."""
    if set(deals) != set(session.dealers):
        raise CeremonyError("the run needs the deal of every dealer: restart without those who are missing")
    group, ordered = session.suite.group, [deals[dealer] for dealer in session.dealers]
    joint = weighted_sum(group, session.weights, tuple(group.decode(deal.commitments[0]) for deal in ordered))
    holders = tuple(
        group.encode(weighted_sum(group, session.weights, tuple(_image(session, deal, member) for deal in ordered)))
        for member in range(1, session.n + 1)
    )
    key_id = session.previous.key_id if session.previous else b""
    return KeySet(session.n, session.k, group.encode(joint), holders, session.epoch, key_id, session.suite)


def finish_share(session: Session, shares: Mapping[int, int]) -> int:
    """Return xⱼ from the member's opened shares s_dj by dealer."""
    if set(shares) != set(session.dealers):
        raise CeremonyError("the run needs the share of every dealer")
    order = session.suite.group.order
    terms = zip(session.weights, session.dealers, strict=True)
    return sum(weight * shares[dealer] for weight, dealer in terms) % order


def deal_development_set(
    n: int, k: int, random: Random, suite: Suite = TDH2_SECP256K1
) -> tuple[KeySet, tuple[bytes, ...]]:
    """Return a key set and its holders' secrets x₁…xₙ, 32 bytes each, made by one dealer who knows them all.

    For development only: whoever runs this can open every bid. Production key sets come from the ceremony.
    """
    group = suite.group
    coefficients = [_random_scalar(suite, random) for _ in range(k)]
    secrets = tuple(encode_scalar(group, _evaluate(suite, coefficients, i)) for i in range(1, n + 1))
    keys = tuple(group.encode(group.mul_base(int.from_bytes(secret, "big"))) for secret in secrets)
    joint = group.encode(group.mul_base(coefficients[0]))
    return KeySet(n, k, joint, keys, suite=suite), secrets


def _random_scalar(suite: Suite, random: Random) -> int:
    """Return a uniform scalar: 48 bytes reduced leave no bias that matters."""
    return int.from_bytes(random(48), "big") % (suite.group.order - 1) + 1
