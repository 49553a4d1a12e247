"""The bidder's own path of the opening: r, published once the chain proves that the envelope is opening."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bidding.box.book import BookState
from bidding.box.proven import ProvenTender
from bidding.box.remote import CityClient
from bidding.device.errors import DeviceError
from bidding.device.journal import Attempt, TenderJournal
from bidding.device.sealer import Signer
from bidding.sealing.box import Entry
from bidding.sealing.device import opening_of
from bidding.sealing.facts import TenderFacts
from bidding.sealing.merkle import rfc6962_root
from bidding.sealing.slip import KIND_BID
from ledger.acts import BidOpening, Envelope, digest
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_integer, read_list, read_object, read_text, to_hex


async def publish_openings(
    proven: ProvenTender,
    facts: TenderFacts,
    journal: TenderJournal,
    signer: Signer,
    cities: Mapping[bytes, CityClient],
) -> int:
    """Publish r of every own bid that is listed and whose envelope is opening; return how many were published.

    A price goes to all cities, the other envelopes to the tender's own city only. Refused while the tender is not
    listed, suspended or terminated: r given away earlier is a bid given away.
    """
    view = proven.at.view
    if view.state not in {BookState.LISTED, BookState.DONE} or view.is_suspended:
        raise DeviceError("Nothing is to be opened now: the tender is not opening.", code="device.not_opening")
    listed = await _listed(proven, cities.values())
    published = 0
    for attempt in journal.sent():
        if attempt.planned.kind == KIND_BID and _is_opening(proven, attempt):
            published += await _publish(proven, facts, journal, signer, attempt, listed, cities)
    return published


async def _publish(
    proven: ProvenTender,
    facts: TenderFacts,
    journal: TenderJournal,
    signer: Signer,
    attempt: Attempt,
    listed: set[bytes],
    cities: Mapping[bytes, CityClient],
) -> int:
    assert attempt.body is not None
    header_hash, r = opening_of(attempt.body, facts, journal.seed)
    if header_hash not in listed:
        return 0
    act = BidOpening(proven.at.tender, header_hash, r)
    signature = signer.key.sign(digest(act, facts.registry_domain))
    is_price = attempt.planned.envelope is Envelope.PRICE
    readers = list(cities.values()) if is_price else [cities[proven.at.origins[0].city]]
    taken, failures = list[str](), dict[str, str]()
    for city in readers:
        try:
            await city.post_record(proven.at.tender, act, signature, chain=signer.papers.to_json())
            taken.append(city.name)
        except SunbidError as error:
            failures[city.name] = error.message
    if not taken:
        raise DeviceError("No city takes the opening. Try again.", code="device.not_taken", answers=failures)
    attempt.write_json("opening.json", {"act": act.to_json(), "signature": to_hex(signature), "takenBy": taken})
    return 1


def _is_opening(proven: ProvenTender, attempt: Attempt) -> bool:
    lot = proven.at.lot(attempt.planned.lot)
    return lot is not None and lot.has_opened(attempt.planned.envelope)


async def _listed(proven: ProvenTender, cities: Iterable[CityClient]) -> set[bytes]:
    """Return the headerHashes of the valid bids, from any city whose list has the root on chain."""
    failures: dict[str, str] = {}
    for city in cities:
        try:
            shown = read_list((await city.bid_list(proven.at.tender)).get("entries"), "entries")
            entries = [_entry(read_object(item, "entry")) for item in shown]
            if rfc6962_root(entry.encode() for entry in entries) == proven.at.view.list_root:
                return {entry.header_hash for entry in entries if not entry.void}
            failures[city.name] = "its list is not the one on chain"
        except SunbidError as error:
            failures[city.name] = error.message
    raise DeviceError("No city shows the list that the chain fixed. Try again.", answers=failures)


def _entry(value: JsonObject) -> Entry:
    def number(name: str) -> int:
        return read_integer(value.get(name), name)

    envelope = Envelope[read_text(value.get("envelope"), "envelope").upper()]
    return Entry(
        number("lot"),
        envelope,
        number("origin"),
        number("index"),
        read_b32(value.get("bidder"), "bidder"),
        number("sequence"),
        read_b32(value.get("headerHash"), "headerHash"),
        number("void"),
    )
