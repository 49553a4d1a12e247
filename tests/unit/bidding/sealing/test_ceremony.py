"""The key ceremony ends with one key that nobody knows, or names who is at fault."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bidding.sealing.ceremony import (
    Deal,
    Session,
    deal_commitment,
    finish_key_set,
    finish_share,
    make_deal,
    open_share,
    read_deal,
)
from bidding.sealing.errors import CeremonyError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.keyset import KeySet
from bidding.sealing.tdh2 import combine, make_share, open_payload, seal, verify_proof, verify_share
from ledger.acts import Purpose
from ledger.encoding import dec, enc, u32
from tests.unit.bidding.sealing.world import id32, rng

GROUP = SUITE.group
Q = GROUP.order
IDENTITIES = tuple(1000 + i for i in range(1, 5))
KEYS = tuple(GROUP.encode(GROUP.mul_base(secret)) for secret in IDENTITIES)
SESSION = Session(Purpose.SEAL, 31337, bytes(20), id32("nonce"), 2, KEYS[:3])


def coefficients(dealer: int, k: int = 2) -> list[int]:
    return [dealer * 100 + c for c in range(1, k + 1)]


@cache
def deal(session: Session, dealer: int, *secrets: int) -> Deal:
    chosen = list(secrets) or coefficients(dealer, session.k)
    return make_deal(session, dealer, chosen, id32(f"seed {dealer}"), rng(f"deal {dealer}"))


def read(session: Session, made: Deal) -> Deal:
    return read_deal(session, made.encode(), deal_commitment(session, made))


def deals(session: Session = SESSION) -> dict[int, Deal]:
    return {dealer: deal(session, dealer) for dealer in session.dealers}


def finish(session: Session, made: dict[int, Deal], identities: tuple[int, ...]) -> tuple[KeySet, list[int]]:
    shares = [
        finish_share(session, {d: open_share(session, one, member, secret) for d, one in made.items()})
        for member, secret in enumerate(identities, 1)
    ]
    return finish_key_set(session, made), shares


class TestRun:
    def test_members_get_shares_of_one_key(self) -> None:
        made = {dealer: read(SESSION, one) for dealer, one in deals().items()}
        key_set, shares = finish(SESSION, made, IDENTITIES[:3])
        assert [GROUP.encode(GROUP.mul_base(share)) for share in shares] == list(key_set.holder_keys)
        assert key_set.joint_key == GROUP.encode(GROUP.mul_base(sum(coefficients(d)[0] for d in (1, 2, 3))))
        assert (key_set.n, key_set.k, key_set.epoch) == (3, 2, 1)

    def test_k_members_open_what_is_sealed_to_it(self) -> None:
        key_set, shares = finish(SESSION, deals(), IDENTITIES[:3])
        stream = io.BytesIO()
        header = seal(key_set.joint_key, b"label", id32("s"), io.BytesIO(b"bid"), stream, chunk_size=64, rnd=id32("r"))
        verified = verify_proof(header, key_set.joint_key)
        made = [make_share(verified, key_set, i, shares[i - 1], id32("x")) for i in (1, 3)]
        z = combine(verified, key_set, [verify_share(verified, key_set, data) for data in made])
        opened = io.BytesIO()
        open_payload(verified, z, io.BytesIO(stream.getvalue()), opened)
        assert opened.getvalue() == b"bid"

    def test_every_parameter_is_in_the_session_id(self) -> None:
        sessions = [
            SESSION,
            replace(SESSION, purpose=Purpose.BOX),
            replace(SESSION, chain_id=1),
            replace(SESSION, contract=b"\x01" * 20),
            replace(SESSION, nonce=id32("other")),
            replace(SESSION, k=3),
            replace(SESSION, identity_keys=KEYS[1:4]),
            replace(SESSION, identity_keys=KEYS),
        ]
        assert len({session.sid for session in sessions}) == len(sessions)

    def test_missing_dealer_or_share_is_refused(self) -> None:
        made = deals()
        del made[2]
        with pytest.raises(CeremonyError):
            finish_key_set(SESSION, made)
        with pytest.raises(CeremonyError):
            finish_share(SESSION, {1: 5, 2: 6})

    @pytest.mark.parametrize(
        "changes",
        [
            {"k": 0},
            {"k": 4},
            {"identity_keys": ()},
            {"contract": bytes(19)},
            {"nonce": bytes(31)},
            {"identity_keys": (KEYS[0], KEYS[1], KEYS[0])},
            {"reshare_dealers": (1, 2)},
        ],
        ids=str,
    )
    def test_impossible_sessions_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(CeremonyError):
            replace(SESSION, **changes)


class TestResharing:
    KEY_SET, SHARES = finish(SESSION, deals(), IDENTITIES[:3])
    NEXT = Session(Purpose.SEAL, 31337, bytes(20), id32("next"), 3, KEYS, KEY_SET, (1, 3))

    def test_keeps_the_key_and_its_id_under_a_new_committee(self) -> None:
        made = {d: read(self.NEXT, deal(self.NEXT, d, self.SHARES[d - 1], 11, 12)) for d in (1, 3)}
        key_set, shares = finish(self.NEXT, made, IDENTITIES)
        assert (key_set.joint_key, key_set.key_id) == (self.KEY_SET.joint_key, self.KEY_SET.key_id)
        assert (key_set.n, key_set.k, key_set.epoch) == (4, 3, 2)
        assert [GROUP.encode(GROUP.mul_base(share)) for share in shares] == list(key_set.holder_keys)

    def test_dealer_of_another_secret_is_refused(self) -> None:
        made = deal(self.NEXT, 1, self.SHARES[0] + 1, 11, 12)
        with pytest.raises(CeremonyError, match="old share"):
            read(self.NEXT, made)

    @pytest.mark.parametrize("dealers", [(1,), (1, 2, 3), (3, 1), (1, 1), (0, 1), (1, 4), ()])
    def test_exactly_k_old_holders_deal(self, dealers: tuple[int, ...]) -> None:
        with pytest.raises(CeremonyError):
            replace(self.NEXT, reshare_dealers=dealers)


class TestReadDeal:
    MADE = deal(SESSION, 1)

    @staticmethod
    def items() -> list[bytes]:
        return list(dec(TestReadDeal.MADE.encode(), 9))

    def refused(self, made: Deal, match: str) -> None:
        with pytest.raises(CeremonyError, match=match):
            read(SESSION, made)

    def test_round_trip(self) -> None:
        assert read(SESSION, self.MADE) == self.MADE

    def test_wrong_number_of_coefficients_cannot_be_dealt_or_read(self) -> None:
        with pytest.raises(CeremonyError):
            make_deal(SESSION, 1, [1, 2, 3], id32("seed"), rng("x"))
        items = self.items()
        for wrong in ([*items[:4], *items[5:]], [*items[:4], items[4], *items[4:]]):
            with pytest.raises(CeremonyError, match="malformed"):
                read_deal(SESSION, enc(*wrong), deal_commitment(SESSION, self.MADE))

    @pytest.mark.parametrize(
        ("item", "value"),
        [(0, b"Deal"), (1, bytes(32)), (2, u32(4)), (2, u32(0)), (2, b"\x01"), (2, bytes(4) + b"\x01")],
    )
    def test_of_another_run_or_dealer_is_refused(self, item: int, value: bytes) -> None:
        items = self.items()
        items[item] = value
        with pytest.raises(CeremonyError, match="not of this run"):
            read_deal(SESSION, enc(*items), deal_commitment(SESSION, self.MADE))

    def test_other_than_committed_is_refused(self) -> None:
        with pytest.raises(CeremonyError, match="committed"):
            read_deal(SESSION, self.MADE.encode(), bytes(32))

    def test_commitments_are_points(self) -> None:
        self.refused(replace(self.MADE, commitments=(self.MADE.commitments[0], bytes(33))), "no point")

    def test_proof_of_the_dealing_holds(self) -> None:
        self.refused(replace(self.MADE, pop=self.MADE.pop[:-1]), "malformed")
        self.refused(replace(self.MADE, pop=deal(SESSION, 2).pop), "does not hold")

    def test_copied_dealing_is_refused(self) -> None:
        """A dealer who copies another's commitments cannot prove them under its own index."""
        self.refused(replace(self.MADE, dealer=2), "does not hold")

    def test_sealed_shares_are_for_this_run_dealer_and_member(self) -> None:
        first, second, third = self.MADE.shares
        self.refused(replace(self.MADE, shares=(second, first, third)), "not for this run")
        self.refused(replace(self.MADE, shares=(deal(SESSION, 2).shares[0], second, third)), "not for this run")

    def test_sealed_shares_verify_and_their_streams_are_whole(self) -> None:
        first, *rest = self.MADE.shares
        for broken in (
            replace(first, stream=first.stream[:-1]),
            replace(first, stream=first.stream[:-1] + b"\x00"),
            replace(first, header=replace(first.header, core=rest[0].header.core)),
            replace(first, header=replace(first.header, label=b"label")),
        ):
            self.refused(replace(self.MADE, shares=(broken, *rest)), "malformed")

    def test_share_that_is_no_message_is_refused(self) -> None:
        items = self.items()
        for value in (b"", enc(b"header", b"stream")):
            items[6] = value
            with pytest.raises(CeremonyError, match="malformed"):
                read_deal(SESSION, enc(*items), deal_commitment(SESSION, self.MADE))
