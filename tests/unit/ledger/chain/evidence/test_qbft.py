from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.chain.evidence import qbft
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.qbft import QbftExtraData
from ledger.chain.evidence.rlp_codec import encode_rlp, from_integer
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.keys import CURVE_ORDER, SigningKey

Vectors = dict[str, Any]


def validators_of(besu: Vectors) -> list[bytes]:
    return [bytes.fromhex(address[2:]) for address in besu["validators"]]


def headers_of(besu: Vectors) -> list[BlockHeader]:
    return [BlockHeader.from_rpc(block) for block in besu["headers"]]


def with_seals(header: BlockHeader, *seals: bytes, number: int | None = None) -> BlockHeader:
    extra = QbftExtraData.decode(header.extra_data)
    number = extra.round if number is None else number
    return header.with_extra_data(
        encode_rlp([extra.vanity, list(extra.validators), extra.vote, from_integer(number), list(seals)])
    )


def seals_of(header: BlockHeader) -> tuple[bytes, ...]:
    return QbftExtraData.decode(header.extra_data).seals


class TestRealHeaders:
    def test_hashes_are_the_network_s(self, besu: Vectors) -> None:
        for block in [besu["genesis"], *besu["headers"]]:
            assert "0x" + qbft.block_hash(BlockHeader.from_rpc(block)).hex() == block["hash"]

    def test_every_block_counts(self, besu: Vectors) -> None:
        for header in headers_of(besu):
            assert len(qbft.verify(header, validators_of(besu))) == 3

    def test_rounds_above_zero_are_among_them(self, besu: Vectors) -> None:
        assert {QbftExtraData.decode(header.extra_data).round for header in headers_of(besu)} == {0, 1}

    def test_headers_chain_by_these_hashes(self, besu: Vectors) -> None:
        headers = {header.number: header for header in headers_of(besu)}
        pairs = [(h, headers[n + 1]) for n, h in headers.items() if n + 1 in headers]
        assert len(pairs) >= 8
        assert all(child.parent_hash == qbft.block_hash(parent) for parent, child in pairs)

    def test_any_flipped_bit_is_refused(self, besu: Vectors) -> None:
        header = headers_of(besu)[8]
        data = header.encode()
        for place in range(len(data)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << place % 8
            with pytest.raises(EvidenceError):
                qbft.verify(BlockHeader.decode(bytes(damaged)), validators_of(besu))


class TestQuorum:
    @pytest.mark.parametrize(("members", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5)])
    def test_is_two_thirds_rounded_up(self, members: int, needed: int) -> None:
        assert qbft.quorum_of(members) == needed

    def test_one_seal_short_is_refused(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        with pytest.raises(EvidenceError, match="seals of 2 pinned validators, 3 are needed") as caught:
            qbft.verify(with_seals(header, *seals_of(header)[:2]), validators_of(besu))
        assert caught.value.code == "evidence.seals"

    def test_a_seal_counts_once(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        first = seals_of(header)[0]
        with pytest.raises(EvidenceError):
            qbft.verify(with_seals(header, first, first, first), validators_of(besu))

    def test_validators_that_the_block_names_for_itself_do_not_count(self, besu: Vectors) -> None:
        with pytest.raises(EvidenceError):
            qbft.verify(headers_of(besu)[0], [bytes([i]) * 20 for i in range(4)])

    def test_an_attacker_s_own_validators_do_not_count(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        keys = [SigningKey(bytes([i]) * 32) for i in range(1, 4)]
        digest = header.with_extra_data(QbftExtraData.decode(header.extra_data).without_seals(0)).keccak
        seals = [key.sign(digest) for key in keys]
        forged = with_seals(header, *(seal[:64] + bytes([seal[64] - 27]) for seal in seals))
        assert qbft.verify(forged, [key.address for key in keys]) == {key.address for key in keys}
        with pytest.raises(EvidenceError):
            qbft.verify(forged, validators_of(besu))

    def test_no_pinned_validators_believe_nothing(self, besu: Vectors) -> None:
        with pytest.raises(EvidenceError):
            qbft.verify(headers_of(besu)[0], [])
        with pytest.raises(EvidenceError):
            qbft.verify(with_seals(headers_of(besu)[0]), [])

    def test_seals_of_another_round_are_refused(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        with pytest.raises(EvidenceError):
            qbft.verify(with_seals(header, *seals_of(header), number=1), validators_of(besu))

    def test_seals_of_another_block_are_refused(self, besu: Vectors) -> None:
        first, second = headers_of(besu)[:2]
        with pytest.raises(EvidenceError):
            qbft.verify(with_seals(first, *seals_of(second)), validators_of(besu))


class TestSealForm:
    def test_seals_are_canonical_signatures(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        first, *others = seals_of(header)
        high_s = (CURVE_ORDER - int.from_bytes(first[32:64], "big")).to_bytes(32, "big")
        for seal in (
            first[:64] + b"\x1b",
            first[:32] + high_s + bytes([1 - first[64]]),
            bytes(65),
            first[:64],
        ):
            with pytest.raises(EvidenceError):
                qbft.verify(with_seals(header, seal, *others), validators_of(besu))

    def test_extra_data_of_another_shape_is_refused(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        extra = QbftExtraData.decode(header.extra_data)
        shapes = [
            [extra.vanity, list(extra.validators), extra.vote, b""],
            [extra.vanity[:31], list(extra.validators), extra.vote, b"", []],
            [extra.vanity, [b"short"], extra.vote, b"", []],
            [extra.vanity, b"", extra.vote, b"", []],
            [extra.vanity, list(extra.validators), extra.vote, b"\x00", []],
            [extra.vanity, list(extra.validators), extra.vote, b"", b""],
        ]
        for shape in shapes:
            with pytest.raises(EvidenceError):
                qbft.verify(header.with_extra_data(encode_rlp(shape)), validators_of(besu))  # type: ignore[arg-type]
        with pytest.raises(EvidenceError):
            qbft.verify(header.with_extra_data(b""), validators_of(besu))

    def test_what_is_hashed_ignores_the_seals(self, besu: Vectors) -> None:
        header = headers_of(besu)[0]
        extra = QbftExtraData.decode(header.extra_data)
        assert extra.without_seals(0) == replace(extra, seals=()).without_seals(0)
        assert qbft.block_hash(with_seals(header)) == qbft.block_hash(header)
