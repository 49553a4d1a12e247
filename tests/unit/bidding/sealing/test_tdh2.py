"""Sealing, verification, shares and openings: the two ways to open agree, and nothing can be moved or copied."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.sealing.errors import (
    BidderOpeningError,
    CombineError,
    FormatError,
    HeaderProofError,
    LabelError,
    SealingError,
    ShareError,
    StoreDamageError,
    VoidBidError,
)
from bidding.sealing.header import Core, Header, Label, StreamShape
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import prove
from bidding.sealing.stream import StreamHead, file_key
from bidding.sealing.tdh2 import (
    VerifiedHeader,
    combine,
    ct_statement,
    derive_keys,
    derive_r,
    encapsulate,
    make_share,
    open_document,
    open_document_bytes,
    open_payload,
    seal,
    verify_header,
    verify_proof,
    verify_share,
    z_of_bidder,
)
from ledger.acts import Envelope
from ledger.encoding import dec, enc
from tests.unit.bidding.sealing.world import SEAL, SEAL_SECRETS, Bidder, committee, id32

ANN = Bidder("ann")
LABEL = ANN.label(2, Envelope.TECHNICAL)
SEED, RND = id32("seed"), id32("rnd")
SUITE, GROUP = SEAL.suite, SEAL.suite.group
SECRETS = tuple(int.from_bytes(secret, "big") for secret in SEAL_SECRETS)


def sealed(payload: bytes = b"document", label: Label = LABEL, key_set: KeySet = SEAL) -> tuple[VerifiedHeader, bytes]:
    sink = io.BytesIO()
    header = seal(key_set.joint_key, label.encode(), SEED, io.BytesIO(payload), sink, chunk_size=64, rnd=RND)
    return verify_header(header.encode(), key_set, label), sink.getvalue()


def share(verified: VerifiedHeader, index: int) -> bytes:
    return make_share(verified, SEAL, index, SECRETS[index - 1], id32("share rnd"))


def opened(verified: VerifiedHeader, z: bytes, stream: bytes) -> bytes:
    sink = io.BytesIO()
    open_payload(verified, z, io.BytesIO(stream), sink)
    return sink.getvalue()


VERIFIED, STREAM = sealed()
HEADER = VERIFIED.header
Z = encapsulate(SEAL.joint_key, LABEL.encode(), SEED).z


class TestBothPaths:
    @settings(max_examples=25)
    @given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
    def test_committee_and_bidder_open_the_same(self, payload: bytes, nonce: bytes) -> None:
        label = replace(LABEL, attempt_nonce=nonce)
        verified, stream = sealed(payload, label)
        by_bidder = z_of_bidder(verified, derive_r(SEED, label.encode()))
        for indices in combinations((1, 2, 3), 2):
            shares = [verify_share(verified, SEAL, share(verified, index)) for index in indices]
            assert combine(verified, SEAL, shares) == by_bidder
        assert opened(verified, by_bidder, stream) == payload

    def test_every_subset_of_five(self) -> None:
        key_set, secrets = committee("five", 5, 3)
        label = replace(LABEL, key_id=key_set.key_id)
        verified, stream = sealed(label=label, key_set=key_set)
        made = [make_share(verified, key_set, i, int.from_bytes(x, "big"), RND) for i, x in enumerate(secrets, 1)]
        shares = [verify_share(verified, key_set, data) for data in made]
        results = {combine(verified, key_set, chosen) for chosen in combinations(shares, 3)}
        assert [opened(verified, z, stream) for z in results] == [b"document"]


class TestVerifyHeader:
    def test_checks_form_then_label_then_proof(self) -> None:
        data = HEADER.encode()
        other = replace(LABEL, lot=9)
        with pytest.raises(FormatError):
            verify_header(data + b"\x00", committee("other")[0], other)
        with pytest.raises(LabelError):
            verify_header(replace(HEADER, head=bytes(32)).encode(), SEAL, other)
        with pytest.raises(HeaderProofError):
            verify_header(replace(HEADER, head=bytes(32)).encode(), SEAL, LABEL)

    @settings(max_examples=150)
    @given(st.integers(0, 8 * len(HEADER.encode()) - 1))
    def test_any_flipped_bit_is_refused(self, bit: int) -> None:
        data = bytearray(HEADER.encode())
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, LabelError, HeaderProofError)):
            verify_header(bytes(data), SEAL)

    @pytest.mark.parametrize(
        "changes",
        [
            {"bidder": id32("bob")},
            {"tender": id32("other tender")},
            {"lot": 1},
            {"envelope": Envelope.PRICE},
            {"attempt_nonce": id32("other")},
            {"chain_id": 1},
            {"contract": bytes(20)},
        ],
        ids=str,
    )
    def test_copy_under_another_label_is_refused(self, changes: dict[str, Any]) -> None:
        label = replace(LABEL, **changes)
        with pytest.raises(HeaderProofError):
            verify_header(replace(HEADER, label=label.encode()).encode(), SEAL, label)
        with pytest.raises(LabelError):
            verify_header(HEADER.encode(), SEAL, label)

    def test_key_that_only_the_platform_vouches_for_is_refused(self) -> None:
        other = committee("other")[0]
        with pytest.raises(LabelError):
            verify_header(HEADER.encode(), other)
        with pytest.raises(HeaderProofError):
            verify_proof(HEADER, other.joint_key)

    @pytest.mark.parametrize("left_out", range(6))
    def test_weak_challenge_is_refused(self, left_out: int) -> None:
        """A proof whose challenge leaves out one part of the statement does not verify."""
        secret = encapsulate(SEAL.joint_key, HEADER.label, SEED)
        weak = list(ct_statement(HEADER, SEAL.joint_key))
        del weak[left_out]
        proof = prove(SUITE, "ct", secret.r, weak, (GROUP.base, SUITE.gbar), RND)
        core = replace(HEADER.parts, proof=proof).encode(SUITE)
        with pytest.raises(HeaderProofError):
            verify_proof(replace(HEADER, core=core), SEAL.joint_key)

    def test_concatenation_is_not_ambiguous(self) -> None:
        items = list(dec(HEADER.label, 8))
        items[5], items[6] = items[5] + items[6][:1], items[6][1:]
        with pytest.raises(FormatError):
            verify_header(replace(HEADER, label=enc(*items)).encode(), SEAL)


class TestShares:
    def test_share_has_101_bytes_and_verifies(self) -> None:
        data = share(VERIFIED, 2)
        assert len(data) == 101
        assert verify_share(VERIFIED, SEAL, data).index == 2

    @settings(max_examples=100)
    @given(st.integers(0, 8 * 101 - 1))
    def test_any_flipped_bit_is_refused(self, bit: int) -> None:
        data = bytearray(share(VERIFIED, 1))
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, ShareError)):
            verify_share(VERIFIED, SEAL, bytes(data))

    @pytest.mark.parametrize("index", [0, 4, 2])
    def test_holder_makes_shares_only_at_its_own_index(self, index: int) -> None:
        with pytest.raises(ShareError):
            make_share(VERIFIED, SEAL, index, SECRETS[0], RND)

    def test_no_share_under_another_key_than_the_proof_was_checked_with(self) -> None:
        key_set, secrets = committee("other")
        with pytest.raises(ShareError):
            make_share(VERIFIED, key_set, 1, int.from_bytes(secrets[0], "big"), RND)
        with pytest.raises(ShareError):
            verify_share(VERIFIED, key_set, share(VERIFIED, 1))

    def test_share_of_another_header_is_refused(self) -> None:
        other, _ = sealed(label=replace(LABEL, attempt_nonce=id32("other")))
        with pytest.raises(ShareError):
            verify_share(VERIFIED, SEAL, share(other, 1))


class TestCombine:
    SHARES = tuple(verify_share(VERIFIED, SEAL, share(VERIFIED, index)) for index in (1, 2, 3))

    @pytest.mark.parametrize("indices", [(), (0,), (0, 1, 2), (1, 1)])
    def test_takes_exactly_k_different_holders(self, indices: tuple[int, ...]) -> None:
        with pytest.raises(CombineError):
            combine(VERIFIED, SEAL, [self.SHARES[index] for index in indices])

    def test_epochs_are_never_mixed(self) -> None:
        later = _next_epoch(SEAL)
        own = verify_share(VERIFIED, later[0], make_share(VERIFIED, later[0], 3, later[1][2], RND))
        with pytest.raises(CombineError):
            combine(VERIFIED, SEAL, (self.SHARES[0], own))
        with pytest.raises(ShareError):
            verify_share(VERIFIED, later[0], share(VERIFIED, 1))

    def test_share_of_another_header_is_refused(self) -> None:
        other, _ = sealed(label=replace(LABEL, attempt_nonce=id32("other")))
        stray = verify_share(other, SEAL, share(other, 2))
        with pytest.raises(CombineError):
            combine(VERIFIED, SEAL, (self.SHARES[0], stray))

    def test_later_epoch_opens_what_the_first_sealed(self) -> None:
        key_set, secrets = _next_epoch(SEAL)
        made = [make_share(VERIFIED, key_set, i, secrets[i - 1], RND) for i in (2, 3)]
        assert combine(VERIFIED, key_set, [verify_share(VERIFIED, key_set, data) for data in made]) == Z


def _next_epoch(key_set: KeySet) -> tuple[KeySet, tuple[int, ...]]:
    """Share the same secret on another line: add the multiple of the index to each share."""
    secrets = tuple((secret + 7 * i) % GROUP.order for i, secret in enumerate(SECRETS, 1))
    keys = tuple(GROUP.encode(GROUP.mul_base(secret)) for secret in secrets)
    return replace(key_set, holder_keys=keys, epoch=2), secrets


def _times(a: int, b: int) -> int:
    """Multiply in the field of GHASH (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (0xE1 << 120 if b & 1 else 0)
    return product


def _inverse(a: int) -> int:
    result = 1 << 127
    for _ in range(127):
        a = _times(a, a)
        result = _times(result, a)
    return result


def two_key_ciphertext(keys: tuple[bytes, bytes], nonce: bytes, first: bytes) -> bytes:
    """Return one GCM ciphertext with its tag that is authentic under both keys (Dodis and others 2018).

    Its first block is `first` under the first key; the second block is solved so that both tags are equal.
    """

    def block(key: bytes, data: bytes) -> int:
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        return int.from_bytes(encryptor.update(data), "big")

    c1 = block(keys[0], nonce + (2).to_bytes(4, "big")) ^ int.from_bytes(first, "big")
    lengths, total, squares, tails = 256, 0, 0, []
    for key in keys:
        h = block(key, bytes(16))
        square = _times(h, h)
        tail = _times(c1, _times(square, h)) ^ _times(lengths, h) ^ block(key, nonce + (1).to_bytes(4, "big"))
        total, squares = total ^ tail, squares ^ square
        tails.append((tail, square))
    c2 = _times(total, _inverse(squares))
    tag = tails[0][0] ^ _times(c2, tails[0][1])
    return b"".join(value.to_bytes(16, "big") for value in (c1, c2, tag))


class TestOpening:
    @pytest.mark.parametrize(("r", "error"), [(bytes(32), FormatError), (b"\x01" * 32, BidderOpeningError)])
    def test_another_r_is_refused(self, r: bytes, error: type[SealingError]) -> None:
        with pytest.raises(error):
            z_of_bidder(VERIFIED, r)

    def test_damage_is_found_before_a_wrong_com(self) -> None:
        header = self._with_wrong_com()
        with pytest.raises(StoreDamageError):
            opened(header, Z, STREAM[:-1])
        with pytest.raises(VoidBidError):
            opened(header, Z, STREAM)

    @staticmethod
    def _with_wrong_com() -> VerifiedHeader:
        secret = encapsulate(SEAL.joint_key, HEADER.label, SEED)
        draft = replace(HEADER, core=replace(HEADER.parts, com=bytes(32)).encode(SUITE))
        statement = ct_statement(draft, SEAL.joint_key)
        proof = prove(SUITE, "ct", secret.r, statement, (GROUP.base, SUITE.gbar), RND)
        core = Core(secret.u, secret.u_bar, proof, bytes(32)).encode(SUITE)
        return verify_proof(replace(HEADER, core=core), SEAL.joint_key)

    def test_ciphertext_that_opens_under_two_keys_is_bound_to_one(self) -> None:
        """The AEAD alone commits to no key: com does. Another Z is refused before a byte is decrypted."""
        secret, other_z = encapsulate(SEAL.joint_key, HEADER.label, SEED), GROUP.encode(GROUP.mul_base(99))
        other_key, _ = derive_keys(SUITE, SEAL.joint_key, GROUP.encode(secret.u), HEADER.label, other_z)
        keys = (file_key(SUITE, secret.key, 64), file_key(SUITE, other_key, 64))
        nonce = bytes(11) + b"\x01"
        chunk = two_key_ciphertext(keys, nonce, b"a price for one.")
        documents = [SUITE.aead(key).decrypt(nonce, chunk, None) for key in keys]
        assert documents[0] != documents[1]
        verified = self._with(chunk, StreamShape(len(documents[0]), 64))
        assert opened(verified, Z, chunk) == documents[0]
        with pytest.raises(VoidBidError):
            opened(verified, other_z, chunk)

    @staticmethod
    def _with(chunk: bytes, shape: StreamShape) -> VerifiedHeader:
        secret, head = encapsulate(SEAL.joint_key, HEADER.label, SEED), StreamHead(SUITE)
        draft = replace(HEADER, head=head.append(chunk), shape=shape)
        statement = ct_statement(draft, SEAL.joint_key)
        proof = prove(SUITE, "ct", secret.r, statement, (GROUP.base, SUITE.gbar), RND)
        core = Core(secret.u, secret.u_bar, proof, secret.com).encode(SUITE)
        return verify_proof(replace(draft, core=core), SEAL.joint_key)

    def test_same_nonce_means_same_key(self) -> None:
        """Why an attempt nonce must be fresh: r and K follow from seed and label alone."""
        again = encapsulate(SEAL.joint_key, LABEL.encode(), SEED)
        fresh = encapsulate(SEAL.joint_key, replace(LABEL, attempt_nonce=id32("2")).encode(), SEED)
        assert again.key == encapsulate(SEAL.joint_key, LABEL.encode(), SEED).key
        assert again.key != fresh.key

    @pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
    def test_seed_has_32_bytes(self, seed: bytes) -> None:
        with pytest.raises(FormatError):
            encapsulate(SEAL.joint_key, LABEL.encode(), seed)

    def test_secrets_stay_out_of_logs(self) -> None:
        secret = encapsulate(SEAL.joint_key, LABEL.encode(), SEED)
        shown = repr(secret)
        for value in (str(secret.r), repr(secret.z), repr(secret.key)):
            assert value not in shown


class TestDocuments:
    def test_price_documents_come_out_without_padding(self) -> None:
        bid = ANN.sealed(document=b"98,000.00")
        verified = verify_header(bid.header.encode(), SEAL)
        z = z_of_bidder(verified, derive_r(id32("seed"), bid.header.label))
        assert bid.header.shape.length == 1 << 16
        assert open_document_bytes(verified, z, bid.stream) == b"98,000.00"

    def test_other_documents_come_out_as_they_are(self) -> None:
        assert open_document_bytes(VERIFIED, Z, STREAM) == b"document"

    def test_price_payload_without_padding_is_void(self) -> None:
        label = ANN.label(attempt="unpadded")
        verified, stream = sealed(b"98,000.00", label)
        z = z_of_bidder(verified, derive_r(SEED, label.encode()))
        with pytest.raises(VoidBidError):
            open_document(verified, z, io.BytesIO(stream), io.BytesIO())

    def test_stream_may_stand_anywhere_in_its_source(self) -> None:
        source, sink = io.BytesIO(b"before" + STREAM), io.BytesIO()
        source.seek(6)
        open_document(VERIFIED, Z, source, sink)
        assert sink.getvalue() == b"document"


def test_header_of_an_unknown_label_is_refused() -> None:
    header = Header(b"label", HEADER.core, HEADER.head, HEADER.shape)
    with pytest.raises(FormatError):
        verify_header(header.encode(), SEAL)
