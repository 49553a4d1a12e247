"""What a bundle shows of box and list: shares, slips with proofs under every cut, the list as holders signed it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import OriginView, TenderAtBlock
from bidding.box.facts import admitted_slips
from bidding.box.lines import LineReader
from bidding.opening import repository
from bidding.opening.models import ListedBid
from bidding.sealing.box import Entry
from ledger.acts import BidList, BoxShare, LotCount
from ledger.chain.client import ChainClient
from ledger.chain.contracts import artifact
from ledger.errors import SunbidError
from witness.audit.bundle import Lines
from witness.audit.parts import SignedRecord
from witness.audit.shown import ShownBox, ShownCut, ShownList, ShownOrigin, ShownSlip
from witness.log.grown import nodes_behind
from witness.log.merkle import NodeSource, inclusion_proof_from, leaf_hash


@dataclass(frozen=True)
class CollectedBox:
    """The member `box.json`, and the lines of a bundle with the box."""

    box: ShownBox
    lines: Lines = field(default_factory=dict)


async def collect_box(
    session: AsyncSession, chain: ChainClient, reader: LineReader, at: TenderAtBlock, *, whole: bool
) -> CollectedBox:
    """Return the box of a closed tender; its slips are shown once this city has read it."""
    records = await repository.holder_records(session, at.tender, BoxShare, at.view.box_key_id)
    shares = {r.holder: SignedRecord(BoxShare.from_json(r.act), r.signature) for r in records if r.fault is None}
    slips = tuple(dict.fromkeys(row.slip for row in await repository.verdicts(session, at.tender)))
    admitted = await admitted_slips(chain, at)
    own_shares = tuple(shares[holder] for holder in sorted(shares))
    if whole:
        lines = {origin.origin: await _lines(reader, origin) for origin in at.origins}
        origins = tuple([await _whole(reader, origin, len(lines[origin.origin])) for origin in at.origins])
        return CollectedBox(ShownBox(own_shares, (), origins, admitted), lines)
    shown = [await _placed(reader, origin) for origin in at.origins]
    standing = tuple(slip for slip in slips if any(slip in cut.first for cuts in shown for cut in cuts.values()))
    origins = tuple(_origin(origin, cuts, standing) for origin, cuts in zip(at.origins, shown, strict=True))
    return CollectedBox(ShownBox(own_shares, standing, origins, admitted))


@dataclass(frozen=True)
class _Placed:
    """A cut's line: the first index of every slip, and the tree that proves it, in which nothing is hashed twice."""

    size: int
    first: dict[bytes, int]
    nodes: NodeSource

    def path(self, slip: bytes) -> tuple[bytes, ...]:
        return tuple(inclusion_proof_from(self.nodes, self.first[slip], self.size))


async def _placed(reader: LineReader, origin: OriginView) -> dict[bytes, _Placed]:
    """Return the lines of an origin's cuts by city; cuts that agree share what was computed."""
    start = await reader.start(origin)
    found: dict[tuple[int, bytes], _Placed] = {}
    for cut in origin.cuts:
        if (cut.size, cut.root) not in found:
            line = await reader.line(origin, cut)
            first: dict[bytes, int] = {}
            for index, slip in enumerate(line, origin.start_size):
                first.setdefault(slip, index)
            found[cut.size, cut.root] = _Placed(cut.size, first, nodes_behind(start, list(map(leaf_hash, line))))
    return {cut.city: found[cut.size, cut.root] for cut in origin.cuts}


def _origin(origin: OriginView, cuts: dict[bytes, _Placed], slips: tuple[bytes, ...]) -> ShownOrigin:
    """Return where in the origin's log each slip stands under each cut, with proofs."""
    shown = []
    for city, placed in cuts.items():
        places = [
            ShownSlip(number, placed.first[slip], placed.path(slip))
            for number, slip in enumerate(slips)
            if slip in placed.first
        ]
        shown.append(ShownCut(city, tuple(sorted(places, key=lambda one: one.index))))
    return ShownOrigin(origin.origin, tuple(shown))


async def _whole(reader: LineReader, origin: OriginView, lines: int) -> ShownOrigin:
    start = await reader.start(origin)
    return ShownOrigin(origin.origin, (), start.heads, lines)


async def _lines(reader: LineReader, origin: OriginView) -> tuple[tuple[bytes, ...], ...]:
    """Return the lines that lead to all cuts of an origin: one, unless it forked."""
    found = sorted({await reader.line(origin, cut) for cut in origin.cuts}, key=lambda line: (len(line), line))
    return tuple(
        line for place, line in enumerate(found) if not any(other[: len(line)] == line for other in found[place + 1 :])
    )


# --- the list ----------------------------------------------------------------------------------------------------


async def collect_list(session: AsyncSession, chain: ChainClient, at: TenderAtBlock) -> ShownList:
    """Return the list that this city read, with the signatures by which TenderBook took it."""
    box = await repository.box(session, at.tender)
    if box is None:
        raise SunbidError("this city has not read the box yet", code="bundle.not_yet")
    counts = tuple(LotCount(lot, bidders) for lot, bidders in box.counts)
    act = BidList(at.tender, box.inputs, box.root, box.count, counts)
    entries = [_leaf(row) for row in await repository.entries(session, at.tender)]
    return ShownList(act, await _signatures(chain, at), tuple(entries))


def _leaf(row: ListedBid) -> bytes:
    return Entry(
        row.lot, row.envelope, row.origin, row.index, row.bidder, row.sequence, row.header_hash, row.void
    ).encode()


async def _signatures(chain: ChainClient, at: TenderAtBlock) -> tuple[bytes, ...]:
    """Return the holders' signatures from the transaction that brought the list."""
    logs = await chain.logs(["TenderBook"], at.view.closing_block, at.block, events=["Listed"])
    [log] = [log for log in logs if log.args["tender"] == at.tender]
    transaction = await chain.rpc.request("eth_getTransactionByHash", "0x" + log.tx_hash.hex())
    function = artifact("TenderBook").function("list")
    data = bytes.fromhex(transaction["input"].removeprefix("0x"))
    if data[:4] != function.selector:
        raise SunbidError("the list was brought by a call that hides its signatures", code="bundle.list_hidden")
    _, signatures = function.decode_args(data[4:])
    return tuple(signatures)
