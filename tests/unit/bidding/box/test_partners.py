from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from bidding.box.door import Partner
from bidding.box.errors import PartnerError, StreamError
from bidding.box.partners import STORED_CHUNK, FederatedCircle, FederatedPartner, fetch_stream, read_chunk
from bidding.box.wire import CityAcknowledgement, CityReceipt
from bidding.sealing.header import BID_CHUNK_SIZE
from ledger.acts import Acknowledgement
from ledger.errors import SunbidError
from ledger.federation.peers import PeerAnswer
from tests.fixtures.box import b32

OWN = CityAcknowledgement(b32("luan"), Acknowledgement(b32("origin"), b32("slip"), 5, 9), b"\x07" * 65)
THEIRS = CityAcknowledgement(b32("hefei"), Acknowledgement(b32("origin"), b32("slip"), 6, 9), b"\x08" * 65)


class Peer:
    """A partner city as the directory knows it."""

    def __init__(self, name: str, answer: Any = None, status: int = 200) -> None:
        self.name, self.city = name, SimpleNamespace(id32=b32(name))
        self._answer, self._status = answer, status
        self.sent: list[tuple[str, Any]] = []

    async def post(self, path: str, body: bytes, **_: Any) -> PeerAnswer:
        self.sent.append((path, orjson.loads(body)))
        return PeerAnswer(self._status, orjson.dumps(self._answer), {})

    async def get(self, path: str) -> PeerAnswer:
        self.sent.append((path, None))
        return PeerAnswer(self._status, path.encode(), {})


async def test_a_partner_is_told_of_a_stream_and_asked_for_its_receipt() -> None:
    receipt = CityReceipt(b32("hefei"), b"\x01" * 65)
    peer = Peer("hefei", receipt.to_json())
    found = await FederatedPartner(peer).keep_stream(b32("head"), 70, Path("nowhere"))  # type: ignore[arg-type]
    assert found == receipt
    assert peer.sent == [("/v1/partner/streams", {"head": "0x" + b32("head").hex(), "length": 70})]


async def test_a_partner_gets_a_slip_with_the_first_acknowledgement() -> None:
    peer = Peer("hefei", THEIRS.to_json())
    assert await FederatedPartner(peer).keep_slip(b"slip", OWN) == THEIRS  # type: ignore[arg-type]
    assert peer.sent == [("/v1/partner/slips", {"slip": "0x" + b"slip".hex(), "acknowledgement": OWN.to_json()})]


async def test_a_refusal_names_the_partner() -> None:
    with pytest.raises(PartnerError) as refused:
        await FederatedPartner(Peer("hefei", {}, 403)).keep_slip(b"slip", OWN)  # type: ignore[arg-type]
    assert refused.value.facts["city"] == "hefei"


async def test_a_stream_is_fetched_chunk_by_chunk() -> None:
    peer = Peer("luan")
    pieces = [piece async for piece in fetch_stream(peer, b32("head"), 2 * BID_CHUNK_SIZE + 1)]  # type: ignore[arg-type]
    assert len(pieces) == 3
    assert [path for path, _ in peer.sent] == [f"/v1/partner/streams/0x{b32('head').hex()}/{i}" for i in range(3)]


def test_chunks_are_cut_where_they_were_sealed(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_bytes(b"a" * STORED_CHUNK + b"b" * 20)
    assert read_chunk(path, 0) == b"a" * STORED_CHUNK
    assert read_chunk(path, 1) == b"b" * 20
    with pytest.raises(StreamError):
        read_chunk(path, 2)


def circle(*names: str) -> FederatedCircle:
    return FederatedCircle([Peer(name) for name in names], None, None)  # type: ignore[arg-type]


async def test_partners_are_asked_until_enough_have_answered() -> None:
    asked: list[bytes] = []

    async def ask(partner: Partner) -> None:
        asked.append(partner.city)
        if partner.city == b32("b"):
            raise SunbidError("no answer", code="peer.unavailable")

    partners = circle("a", "b", "c", "d")
    await partners.ask(2, frozenset({b32("a")}), ask)
    assert asked == [b32("b"), b32("c"), b32("d")]
    assert partners.silent == {"b": "no answer"}


async def test_who_was_silent_is_asked_last_and_forgiven() -> None:
    asked: list[bytes] = []

    async def ask(partner: Partner) -> None:
        asked.append(partner.city)

    partners = circle("a", "b", "c")
    partners.silent["a"] = "no answer"
    await partners.ask(2, frozenset(), ask)
    assert asked == [b32("b"), b32("c")]
    await partners.ask(3, frozenset(), ask)
    assert asked[2:] == [b32("b"), b32("c"), b32("a")]
    assert partners.silent == {}


async def test_nobody_is_asked_when_nothing_is_missing() -> None:
    async def ask(partner: Partner) -> None:
        raise AssertionError(partner)

    await circle("a").ask(0, frozenset(), ask)
    await circle("a").ask(-1, frozenset(), ask)
