from __future__ import annotations

from typing import Any

from bidding.keyholder.witnessed import bidder_openings, box_shares
from bidding.sealing.tdh2 import derive_r, verify_header
from ledger.acts import BidOpening, BoxShare
from ledger.errors import SunbidError
from tests.unit.bidding.sealing.world import BOX, BOX_SECRETS, FACTS, SEAL, Bidder, id32

BID = Bidder("ann").sealed()
HEADER = verify_header(BID.header.encode(), SEAL)
R = derive_r(id32("seed"), BID.header.label)


class City:
    """A city that shows an opening, or nothing."""

    def __init__(self, name: str, **shown: Any) -> None:
        self.name, self._shown = name, shown

    async def opening(self, tender: bytes) -> dict[str, Any]:
        assert tender == FACTS.tender
        if not self._shown:
            raise SunbidError("no answer", code="peer.unreachable")
        return self._shown


def share(holder: int, scalar: bytes, epoch: int = 1, key_id: bytes = BOX.key_id) -> dict[str, Any]:
    return {"act": BoxShare(FACTS.tender, key_id, epoch, holder, scalar).to_json()}


def opening(r: bytes, header_hash: bytes = HEADER.header.hash, tender: bytes = FACTS.tender) -> dict[str, Any]:
    return {"act": BidOpening(tender, header_hash, r).to_json()}


async def shares_of(*cities: City) -> dict[int, bytes]:
    return await box_shares(cities, FACTS.tender, BOX)  # type: ignore[arg-type]


async def openings_of(*cities: City) -> set[bytes]:
    return await bidder_openings(cities, FACTS.tender, {HEADER.header.hash: HEADER})  # type: ignore[arg-type]


async def test_shares_are_gathered_from_all_cities_that_answer() -> None:
    cities = [
        City("luan", boxShares=[share(1, BOX_SECRETS[0])]),
        City("hefei"),
        City("nanjing", boxShares=[share(1, BOX_SECRETS[0]), share(3, BOX_SECRETS[2])]),
    ]
    assert await shares_of(*cities) == {1: BOX_SECRETS[0], 3: BOX_SECRETS[2]}


async def test_a_share_that_does_not_prove_itself_is_left_out() -> None:
    false = [
        share(1, BOX_SECRETS[1]),
        share(9, BOX_SECRETS[0]),
        share(0, BOX_SECRETS[0]),
    ]
    for one in false:
        assert await shares_of(City("liar", boxShares=[one]), City("luan", boxShares=[share(2, BOX_SECRETS[1])])) == {
            2: BOX_SECRETS[1]
        }


async def test_shares_of_other_sets_and_epochs_do_not_count() -> None:
    others = [share(1, BOX_SECRETS[0], epoch=2), share(1, BOX_SECRETS[0], key_id=SEAL.key_id)]
    assert await shares_of(City("luan", boxShares=others)) == {}


async def test_what_a_city_shows_in_another_form_hurts_nobody() -> None:
    shown = [City("one", boxShares="none"), City("two", boxShares=[{"act": 5}]), City("three", bidderOpenings=[])]
    assert await shares_of(*shown, City("luan", boxShares=[share(2, BOX_SECRETS[1])])) == {2: BOX_SECRETS[1]}


async def test_an_opening_counts_if_r_is_the_headers() -> None:
    assert await openings_of(City("luan", bidderOpenings=[opening(R)])) == {HEADER.header.hash}
    assert await openings_of(City("luan", bidderOpenings=[opening(id32("another r"))])) == set()
    assert await openings_of(City("luan", bidderOpenings=[opening(R, id32("another header"))])) == set()
    assert await openings_of(City("luan", bidderOpenings=[opening(R, tender=id32("another tender"))])) == set()
    assert await openings_of(City("silent")) == set()
