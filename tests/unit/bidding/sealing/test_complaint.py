"""Complaints name who is at fault, the dealer or the complainer."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from bidding.sealing.ceremony import Deal, SealedShare, open_share
from bidding.sealing.complaint import is_founded, make_complaint
from bidding.sealing.errors import CeremonyError
from bidding.sealing.group import encode_scalar
from bidding.sealing.header import BID_CHUNK_SIZE
from bidding.sealing.tdh2 import seal
from ledger.encoding import dec, enc, u32
from tests.unit.bidding.sealing.test_ceremony import GROUP, IDENTITIES, KEYS, SESSION, deal, deals, read
from tests.unit.bidding.sealing.world import id32


def cheating(payload: bytes, member: int = 3) -> Deal:
    """Return dealer 1's deal with another payload sealed for one member."""
    made = deal(SESSION, 1)
    label = enc(b"dkg", SESSION.sid, u32(1), u32(member), id32("cheat"))
    sink = io.BytesIO()
    header = seal(
        KEYS[member - 1], label, id32("s"), io.BytesIO(payload), sink, chunk_size=BID_CHUNK_SIZE, rnd=id32("r")
    )
    shares = list(made.shares)
    shares[member - 1] = SealedShare(header, sink.getvalue())
    return replace(made, shares=tuple(shares))


class TestComplaints:
    @pytest.mark.parametrize(
        "payload", [encode_scalar(GROUP, 7), bytes(32), b"\xff" * 32], ids=["another scalar", "zero", "too large"]
    )
    def test_cheated_member_can_prove_it(self, payload: bytes) -> None:
        made = read(SESSION, cheating(payload))
        assert open_share(SESSION, made, 1, IDENTITIES[0]) > 0
        with pytest.raises(CeremonyError):
            open_share(SESSION, made, 3, IDENTITIES[2])
        complaint = make_complaint(SESSION, made, 3, IDENTITIES[2], id32("rnd"))
        assert is_founded(SESSION, {1: made}, complaint)

    def test_share_of_another_length_excludes_without_a_complaint(self) -> None:
        with pytest.raises(CeremonyError, match="not for this run"):
            read(SESSION, cheating(b"short"))

    def test_unfounded_complaint_counts_against_its_sender(self) -> None:
        made = deals()
        complaint = make_complaint(SESSION, made[2], 1, IDENTITIES[0], id32("rnd"))
        assert not is_founded(SESSION, made, complaint)

    @pytest.mark.parametrize(
        ("item", "value"),
        [
            (0, b"praise"),
            (1, bytes(32)),
            (2, u32(4)),
            (2, b"\x02"),
            (3, u32(0)),
            (3, u32(4)),
            (3, u32(2)),
            (3, b"\x01"),
            (4, bytes(101)),
            (4, b""),
        ],
    )
    def test_malformed_complaint_is_refused(self, item: int, value: bytes) -> None:
        made = deals()
        items = list(dec(make_complaint(SESSION, made[2], 1, IDENTITIES[0], id32("rnd")), 5))
        items[item] = value
        with pytest.raises(CeremonyError):
            is_founded(SESSION, made, enc(*items))

    def test_bytes_left_over_are_refused(self) -> None:
        made = deals()
        complaint = make_complaint(SESSION, made[2], 1, IDENTITIES[0], id32("rnd"))
        with pytest.raises(CeremonyError):
            is_founded(SESSION, made, complaint + b"\x00")

    def test_complaint_of_another_member_is_refused(self) -> None:
        """Only whose identity key the share was sealed to can open it."""
        made = deals()
        mine = dec(make_complaint(SESSION, made[2], 1, IDENTITIES[0], id32("rnd")), 5)
        others = dec(make_complaint(SESSION, made[2], 3, IDENTITIES[2], id32("rnd")), 5)
        with pytest.raises(CeremonyError):
            is_founded(SESSION, made, enc(*mine[:4], others[4]))
