"""Slips: one form, one box, nothing to see from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.sealing.errors import FormatError, SlipError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.slip import (
    BODY_SIZE,
    NO_SIGNATURE,
    PADDED_BODY_SIZE,
    SLIP_SIZE,
    SlipBody,
    SlipKeys,
    form_fault,
    open_slip,
    padding_slip,
    seal_slip,
)
from ledger.keys import CURVE_ORDER
from tests.unit.bidding.sealing.world import BOX, BOX_SECRET, Bidder, committee, event, id32, rng

KEYS = SlipKeys.of(BOX.joint_key)
SECRET = int.from_bytes(BOX_SECRET, "big")
BID = Bidder("ann").bid()
DELEGATED = Bidder("cai", delegation_tender=2).bid()
WITHDRAWAL = Bidder("bob").withdrawal()
EVENT = event()
SLIP = seal_slip(BID.encode(), KEYS, id32("seed"))


def high_s(signature: bytes) -> bytes:
    """Return the other signature by the same key over the same digest."""
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


class TestBody:
    @pytest.mark.parametrize("body", [BID, DELEGATED, WITHDRAWAL, EVENT])
    def test_round_trip(self, body: SlipBody) -> None:
        data = body.encode()
        assert len(data) == PADDED_BODY_SIZE
        assert SlipBody.decode(data) == body
        assert form_fault(body) is None

    @given(st.binary(min_size=PADDED_BODY_SIZE, max_size=PADDED_BODY_SIZE))
    def test_any_847_bytes_have_fields(self, data: bytes) -> None:
        assert SlipBody.decode(data).encode() == data

    @pytest.mark.parametrize("size", [0, BODY_SIZE, PADDED_BODY_SIZE - 1, PADDED_BODY_SIZE + 1])
    def test_other_sizes_are_refused(self, size: int) -> None:
        with pytest.raises(FormatError):
            SlipBody.decode(bytes(size))

    @pytest.mark.parametrize(
        "changes",
        [
            {"lot": 1 << 32},
            {"lot": -1},
            {"bidder": bytes(31)},
            {"signature": b""},
            {"core": bytes(163)},
            {"receipts": ()},
            {"receipts": (NO_SIGNATURE,) * 5},
            {"receipts": (NO_SIGNATURE[1:],) * 4},
            {"padding": b""},
        ],
        ids=str,
    )
    def test_values_that_do_not_fit_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(SlipError):
            replace(BID, **changes).encode()


class TestForm:
    @pytest.mark.parametrize(
        "changes",
        [
            {"kind": 0},
            {"kind": 4},
            {"envelope": 0},
            {"envelope": 4},
            {"delegation_tender": 3},
            {"delegation_tender": 1},
            {"delegation_to": 1},
            {"delegation_scope": 2},
            {"delegation_signature": BID.signature},
            {"signature": NO_SIGNATURE},
            {"signature": high_s(BID.signature)},
            {"signature": BID.signature[:64] + b"\x00"},
            {"signature": bytes(32) + BID.signature[32:]},
            {"signature": CURVE_ORDER.to_bytes(32, "big") + BID.signature[32:]},
            {"signature": BID.signature[:32] + bytes(32) + BID.signature[64:]},
            {"credential_signature": high_s(BID.credential_signature)},
            {"receipts": (high_s(BID.receipts[0]), *BID.receipts[1:])},
            {"receipts": (b"\x01" + bytes(64), *BID.receipts[1:])},
            {"padding": bytes(17) + b"\x01"},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_faults_of_a_bid(self, changes: dict[str, Any]) -> None:
        assert form_fault(replace(BID, **changes)) is not None

    def test_fault_of_a_delegation(self) -> None:
        assert form_fault(replace(DELEGATED, delegation_signature=high_s(DELEGATED.delegation_signature))) is not None
        assert form_fault(replace(DELEGATED, delegation_tender=0)) is not None

    @pytest.mark.parametrize("name", ["attempt_nonce", "core", "head", "length", "notice", "receipts"])
    def test_zeros_of_a_withdrawal(self, name: str) -> None:
        assert form_fault(replace(WITHDRAWAL, **{name: getattr(BID, name)})) == f"{name} is not zero"

    @pytest.mark.parametrize(
        "name",
        [
            *("lot", "envelope", "bidder", "attempt_nonce", "core", "length", "notice", "subject", "valid_to"),
            *("credential_signature", "delegation_tender", "delegation_to", "delegation_scope"),
            *("delegation_signature", "receipts"),
        ],
    )
    def test_zeros_of_an_event(self, name: str) -> None:
        filled = replace(DELEGATED, receipts=BID.receipts)
        assert form_fault(replace(EVENT, **{name: getattr(filled, name)})) == f"{name} is not zero"

    def test_signature_of_an_event(self) -> None:
        assert form_fault(replace(EVENT, signature=high_s(EVENT.signature))) is not None

    def test_receipts_may_stand_in_any_place(self) -> None:
        first, second, *rest = BID.receipts
        assert form_fault(replace(BID, receipts=(NO_SIGNATURE, second, NO_SIGNATURE, first))) is None
        assert rest == [NO_SIGNATURE] * 2


class TestSeal:
    def test_slip_has_896_bytes_and_opens(self) -> None:
        assert len(SLIP) == SLIP_SIZE
        assert open_slip(SLIP, KEYS, SECRET) == BID.encode()

    def test_retry_sends_the_same_bytes(self) -> None:
        assert seal_slip(BID.encode(), KEYS, id32("seed")) == SLIP
        assert seal_slip(BID.encode(), KEYS, id32("other seed")) != SLIP
        assert seal_slip(replace(BID, sequence=2).encode(), KEYS, id32("seed"))[:33] != SLIP[:33]

    def test_opens_under_no_other_box(self) -> None:
        other, secrets = committee("other box", 1, 1)
        assert open_slip(SLIP, SlipKeys.of(other.joint_key), int.from_bytes(secrets[0], "big")) is None
        assert open_slip(SLIP, SlipKeys.of(other.joint_key), SECRET) is None

    @settings(max_examples=60)
    @given(st.integers(0, 8 * SLIP_SIZE - 1))
    def test_any_flipped_bit_closes_it(self, bit: int) -> None:
        slip = bytearray(SLIP)
        slip[bit // 8] ^= 1 << bit % 8
        assert open_slip(bytes(slip), KEYS, SECRET) is None

    @pytest.mark.parametrize("slip", [b"", bytes(SLIP_SIZE), SLIP[:-1], SLIP[:33], SLIP[:40]])
    def test_what_is_no_slip_does_not_open(self, slip: bytes) -> None:
        assert open_slip(slip, KEYS, SECRET) is None

    def test_sizes_are_checked(self) -> None:
        with pytest.raises(SlipError):
            seal_slip(bytes(BODY_SIZE), KEYS, id32("seed"))
        with pytest.raises(SlipError):
            seal_slip(BID.encode(), KEYS, bytes(31))


class TestPadding:
    def test_cannot_be_told_from_slips_by_form(self) -> None:
        random = rng("padding")
        prefixes = set()
        for _ in range(40):
            padding = padding_slip(random)
            SUITE.group.decode(padding[:33])
            prefixes.add(padding[0])
            assert len(padding) == SLIP_SIZE
            assert open_slip(padding, KEYS, SECRET) is None
        assert prefixes == {2, 3}

    def test_every_byte_varies_as_in_slips(self) -> None:
        """Each byte of padding and of slips takes many values: none is fixed, none differs between the two."""
        random = rng("bytes")
        makers: tuple[Callable[[int], bytes], ...] = (
            lambda _: padding_slip(random),
            lambda i: seal_slip(BID.encode(), KEYS, id32(str(i))),
        )
        for make in makers:
            columns = list(zip(*(make(i) for i in range(64)), strict=True))
            assert len(set(columns[0])) == 2
            assert min(len(set(column)) for column in columns[1:]) > 40

    def test_draws_again_until_there_is_a_point(self) -> None:
        drawn = iter([b"\x01" + bytes(31) + b"\x05", b"\x00" + bytes(31) + b"\x01", bytes(863)])
        assert padding_slip(lambda _: next(drawn)) == b"\x02" + bytes(31) + b"\x01" + bytes(863)
