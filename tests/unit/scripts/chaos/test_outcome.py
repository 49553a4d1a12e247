from __future__ import annotations

import pytest

from scripts.chaos.outcome import DoubledError, _kinds
from witness.log.entry import Body
from witness.log.kinds import ActorRole, Kind

OPENED = Body(Kind.COMMITTEE_OPENED, bytes(32), 0, ActorRole.KEY_HOLDER)
LISTED = Body(Kind.BID_LIST_FIXED, bytes(32), 0, ActorRole.KEY_HOLDER, act=bytes(32))
READ = Body(Kind.PRICE_READ, bytes(32), 0, ActorRole.SYSTEM)
BY_BIDDER = Body(Kind.BIDDER_OPENED, bytes(32), 0, ActorRole.BIDDER, act=bytes(32), data={"holder": None})


def handed_in(kind: Kind, act: int, holder: int) -> Body:
    return Body(kind, bytes(32), 0, ActorRole.KEY_HOLDER, act=bytes([act]) * 32, data={"holder": holder})


def share(act: int) -> Body:
    return handed_in(Kind.COMMITTEE_OPENED, act, 1)


def test_how_many_holders_acted_makes_no_difference() -> None:
    assert _kinds([READ, share(1), share(2), OPENED]) == _kinds([share(1), OPENED, READ, share(3), share(2)])


def test_everything_else_counts_as_often_as_it_is_there() -> None:
    assert _kinds([READ, OPENED, READ]) == ("E19", "E20", "E20")
    assert _kinds([LISTED, BY_BIDDER, BY_BIDDER]) == ("E18", "E18", "E46")


def test_all_holders_may_sign_one_list() -> None:
    lists = [handed_in(Kind.BID_LIST_FIXED, 5, holder) for holder in (1, 2, 3)]
    assert _kinds([READ, *lists]) == _kinds([READ])


def test_no_act_of_a_holder_is_there_twice() -> None:
    with pytest.raises(DoubledError) as doubled:
        _kinds([share(1), share(2), share(1)])
    assert doubled.value.facts["kinds"] == ["E19"]
