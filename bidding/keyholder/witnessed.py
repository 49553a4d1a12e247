"""What a holder takes from cities during an opening: only bytes that prove themselves against its own records."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from bidding.box.remote import CityClient
from bidding.sealing.boxkey import verify_box_share
from bidding.sealing.keyset import KeySet
from bidding.sealing.tdh2 import VerifiedHeader, z_of_bidder
from ledger.acts import BidOpening, BoxShare
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import read_list, read_object

logger = logging.getLogger(__name__)


async def box_shares(cities: Sequence[CityClient], tender: bytes, keys: KeySet) -> dict[int, bytes]:
    """Return the shares of the tender's box key that cities show, by holder; a false one is left out."""
    found: dict[int, bytes] = {}
    for city, opening in await _openings(cities, tender):
        try:
            for item in read_list(opening.get("boxShares", []), "boxShares"):
                act = BoxShare.from_json(read_object(item, "box share").get("act"))
                if (act.tender, act.box_key_id, act.epoch) == (tender, keys.key_id, keys.epoch):
                    verify_box_share(keys, act.holder, act.scalar)
                    found[act.holder] = act.scalar
        except SunbidError as error:
            logger.warning("%s shows a false box share: %s", city.name, error.message)
    return found


async def bidder_openings(
    cities: Sequence[CityClient], tender: bytes, headers: Mapping[bytes, VerifiedHeader]
) -> set[bytes]:
    """Return which of these headers their bidders have opened: r is checked against the header itself."""
    found: set[bytes] = set()
    for city, opening in await _openings(cities, tender):
        try:
            for item in read_list(opening.get("bidderOpenings", []), "bidderOpenings"):
                act = BidOpening.from_json(read_object(item, "bidder opening").get("act"))
                if act.tender == tender and act.header_hash in headers:
                    z_of_bidder(headers[act.header_hash], act.r)
                    found.add(act.header_hash)
        except SunbidError as error:
            logger.warning("%s shows a false opening: %s", city.name, error.message)
    return found


async def _openings(cities: Sequence[CityClient], tender: bytes) -> list[tuple[CityClient, JsonObject]]:
    async def ask(city: CityClient) -> tuple[CityClient, JsonObject]:
        try:
            return city, await city.opening(tender)
        except SunbidError as error:
            logger.info("%s shows no opening: %s", city.name, error.message)
            return city, {}

    return await asyncio.gather(*map(ask, cities))
