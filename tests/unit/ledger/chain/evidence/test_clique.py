from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.evidence import clique
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import from_integer
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.keys import SigningKey

Vectors = dict[str, Any]


def signers_of(geth: Vectors) -> list[bytes]:
    return [bytes.fromhex(address[2:]) for address in geth["signers"]]


def headers_of(geth: Vectors) -> list[BlockHeader]:
    return [BlockHeader.from_rpc(block) for block in geth["headers"]]


def sign(header: BlockHeader, key: SigningKey) -> BlockHeader:
    """Return the header as `key` would have sealed it."""
    bare = header.extra_data[:-65]
    signature = key.sign(header.with_extra_data(bare).keccak)
    return header.with_extra_data(bare + signature[:64] + bytes([signature[64] - 27]))


def child_of(parent: BlockHeader, template: BlockHeader, key: SigningKey) -> BlockHeader:
    members = (parent.keccak, *template.members[1:8], from_integer(parent.number + 1), *template.members[9:])
    return sign(BlockHeader(members), key)


class TestRealHeaders:
    def test_signers_are_the_network_s(self, geth: Vectors) -> None:
        assert {clique.signer(header) for header in headers_of(geth)} == set(signers_of(geth))

    def test_a_block_counts_when_more_than_half_built_on_it(self, geth: Vectors) -> None:
        headers = headers_of(geth)
        assert len(clique.verify(headers[3], headers[4:6], signers_of(geth))) == 2
        with pytest.raises(EvidenceError, match="1 of 3 pinned signers") as caught:
            clique.verify(headers[3], headers[4:5], signers_of(geth))
        assert caught.value.code == "evidence.clique"
        with pytest.raises(EvidenceError):
            clique.verify(headers[3], [], signers_of(geth))

    def test_half_is_not_enough(self, geth: Vectors) -> None:
        headers = headers_of(geth)
        four = [*signers_of(geth), bytes(20)]
        with pytest.raises(EvidenceError, match="2 of 4"):
            clique.verify(headers[3], headers[4:6], four)
        assert len(clique.verify(headers[3], headers[4:7], four)) == 3

    def test_gaps_wrong_orders_and_other_chains_are_refused(self, geth: Vectors) -> None:
        headers = headers_of(geth)
        for followers in (headers[5:8], [headers[5], headers[4]], headers[3:7], [headers[4], headers[6]]):
            with pytest.raises(EvidenceError):
                clique.verify(headers[3], followers, signers_of(geth))

    def test_any_flipped_bit_is_refused(self, geth: Vectors) -> None:
        headers = headers_of(geth)
        data = headers[3].encode()
        for place in range(len(data)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << place % 8
            with pytest.raises(EvidenceError):
                clique.verify(BlockHeader.decode(bytes(damaged)), headers[4:6], signers_of(geth))

    def test_an_unpinned_signer_in_the_chain_is_refused(self, geth: Vectors) -> None:
        headers = headers_of(geth)
        pinned = [signer for signer in signers_of(geth) if signer != clique.signer(headers[4])]
        with pytest.raises(EvidenceError, match="no pinned signer"):
            clique.verify(headers[3], headers[4:7], pinned)


class TestForgeries:
    def test_one_signer_counts_once(self, geth: Vectors) -> None:
        key = SigningKey(b"\x01" * 32)
        pinned = [key.address, bytes(20), b"\x01" * 20]
        chain = [sign(headers_of(geth)[0], key)]
        for template in headers_of(geth)[1:5]:
            chain.append(child_of(chain[-1], template, key))
        with pytest.raises(EvidenceError, match="1 of 3"):
            clique.verify(chain[0], chain[1:], pinned)
        assert clique.verify(chain[0], chain[1:], [key.address]) == {key.address}

    def test_the_block_itself_is_signed_by_a_pinned_signer(self, geth: Vectors) -> None:
        honest, mallory = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)
        first = sign(headers_of(geth)[0], mallory)
        second = child_of(first, headers_of(geth)[1], honest)
        with pytest.raises(EvidenceError, match="no pinned signer"):
            clique.verify(first, [second], [honest.address])

    def test_a_number_that_does_not_follow_is_refused(self, geth: Vectors) -> None:
        key = SigningKey(b"\x01" * 32)
        first = sign(headers_of(geth)[0], key)
        second = child_of(first, headers_of(geth)[1], key)
        skipped = sign(BlockHeader((*second.members[:8], b"\x09", *second.members[9:])), key)
        with pytest.raises(EvidenceError, match="does not follow"):
            clique.verify(first, [skipped], [key.address])

    def test_headers_without_a_signature_are_refused(self, geth: Vectors) -> None:
        header = headers_of(geth)[0]
        for extra in (b"", header.extra_data[:96], header.extra_data[:-1] + b"\x1b", bytes(97)):
            with pytest.raises(EvidenceError):
                clique.signer(header.with_extra_data(extra))
