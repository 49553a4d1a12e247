from __future__ import annotations

import pytest

from scripts.chaos.outcome import DoubledError, _kinds
from witness.log.entry import Body
from witness.log.kinds import ActorRole, Kind


def body(kind: Kind, role: ActorRole, act: int | None, holder: int = 1) -> Body:
    return Body(kind, bytes(32), 0, role, act=None if act is None else bytes([act]) * 32, data={"holder": holder})


OPENED = body(Kind.COMMITTEE_OPENED, ActorRole.KEY_HOLDER, None)
READ = body(Kind.PRICE_READ, ActorRole.BIDDER, 9)


def share(act: int) -> Body:
    return body(Kind.COMMITTEE_OPENED, ActorRole.KEY_HOLDER, act)


def test_how_many_holders_acted_makes_no_difference() -> None:
    assert _kinds([READ, share(1), share(2), OPENED]) == _kinds([share(1), OPENED, READ, share(3), share(2)])


def test_everything_else_counts_as_often_as_it_is_there() -> None:
    assert _kinds([READ, OPENED, READ]) == ("E19", "E20", "E20")


def test_all_holders_may_sign_one_list() -> None:
    lists = [body(Kind.BID_LIST_FIXED, ActorRole.KEY_HOLDER, 5, holder) for holder in (1, 2, 3)]
    assert _kinds([READ, *lists]) == _kinds([READ])


def test_no_act_of_a_holder_is_there_twice() -> None:
    with pytest.raises(DoubledError) as doubled:
        _kinds([share(1), share(2), share(1)])
    assert doubled.value.facts["kinds"] == ["E19"]
