"""Following the partners' sealed logs: fetch and keep new slips, check, then sign the same checkpoint with our time.

A witness signs only what it holds: the slips are fetched, hashed to the origin's signed root on top of what was kept
before, and stored in the transaction of the signature. So what two witnesses of a forking origin signed, they can
each serve, and no bid of either line is lost. A size is signed once; asked again, the same signature is served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise, takewhile

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.acts import BoxCheckpoint
from ledger.db import exclusive
from ledger.failpoints import Failpoint, reach
from witness.log.box_checkpoint import Equivocation, SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository
from witness.log.entry import SLIP_SIZE
from witness.log.merkle import Frontier, leaf_hash
from witness.log.models import LogKind
from witness.log.node import LogNode
from witness.log.partners import PartnerFaultError, fetch, fetch_box, with_each_partner
from witness.log.ports import Partner
from witness.log.repository import Tree, TreeRepository
from witness.log.tiles import TILE_WIDTH, TileError, bundles_between, decode_bundle
from witness.log.times import MAX_OFFSET, ClockOffError

MAX_SLIPS = 4096
"""Slips fetched and stored at once, but at least what one checkpoint adds."""
MAX_GROWTH = 1 << 16
"""Slips that one checkpoint may add; an honest origin signs far more often."""


async def run_witness(node: LogNode) -> bool:
    """Hear what partners saw of each other's sealed logs, then follow them; return whether anything was new.

    Everybody is asked before anything is signed, so that their clocks are compared with ours first.
    """

    async def hear(partner: Partner) -> bool:
        others = [other.city.sealed_origin_id for other in node.partners if other is not partner]
        heard = [await collect(node, partner, origin) for origin in others]
        return any(heard)

    await node.clock.refresh()
    heard = await with_each_partner(node, hear)
    await _note_clock(node)
    return await with_each_partner(node, partial(follow, node)) or heard


async def _note_clock(node: LogNode) -> None:
    """Store for the other processes of this city whether its clock may date signatures."""
    off_by, city = node.times.off_by(), node.city.id32
    async with node.database.reading() as session:
        if await BoxRepository(session).clock_off_by(city) == off_by:
            return
    async with node.database.unit_of_work() as session:
        await BoxRepository(session).set_clock_off_by(city, off_by)


async def collect(node: LogNode, partner: Partner, origin: bytes) -> bool:
    """Keep what the partner, and others as it knows, signed of a sealed log; return whether anything was new.

    Two roots of one city at one size become evidence, whoever showed them.
    """
    async with node.database.reading() as session:
        latest = await BoxRepository(session).largest(origin, partner.city.id32)
    page = await fetch_box(node, partner, origin, latest.size if latest else 0)
    if page:
        async with node.database.unit_of_work() as session:
            for signed in page:
                await remember(node, session, signed)
    theirs = [signed for signed in page if signed.city == partner.city.id32]
    if origin == node.city.sealed_origin_id:
        await _need_own_words(node, theirs)
    return bool(theirs)


async def _need_own_words(node: LogNode, theirs: Sequence[SignedBoxCheckpoint]) -> None:
    """Refuse a witness that signed a checkpoint of the own log which this city never signed."""
    for signed in theirs:
        async with node.database.reading() as session:
            own = await BoxRepository(session).by_city(signed.origin, signed.size, node.city.id32)
        if signed.root not in {ours.root for ours in own}:
            raise PartnerFaultError(
                f"it signed a checkpoint of size {signed.size} of our log that we never made",
                code="partner.false_checkpoint",
            )


async def remember(node: LogNode, session: AsyncSession, signed: SignedBoxCheckpoint) -> bool:
    """Keep a checked checkpoint, and the evidence if its city has signed another root; return whether it had."""
    box = BoxRepository(session)
    others = [o for o in await box.by_city(signed.origin, signed.size, signed.city) if o.contradicts(signed)]
    for other in others:
        await box.add_equivocation(Equivocation.of(other, signed), node.now)
    await box.add(signed)
    return bool(others)


async def follow(node: LogNode, partner: Partner) -> bool:
    """Fetch, check, keep and sign what is new in a partner's sealed log; return whether anything was."""
    tree = await _mirror(node, partner)
    page = await fetch_box(node, partner, tree.origin, max(0, tree.size - 1))
    shown = sorted((s for s in page if s.city == partner.city.id32), key=lambda signed: signed.size)
    await _check_known(node, tree, [signed for signed in shown if signed.size <= tree.size])
    new = [signed for signed in shown if signed.size > tree.size]
    due = list(takewhile(lambda signed: signed.at <= node.now + MAX_OFFSET, new))
    if due:
        node.times.check()
    for portion in _portions(due, tree.size):
        tree = await _advance(node, partner, tree, portion)
    if len(due) < len(new):
        raise ClockOffError("the origin's checkpoint is from the future: its clock or ours is off", at=new[len(due)].at)
    return bool(due)


async def _mirror(node: LogNode, partner: Partner) -> Tree:
    async with node.database.reading() as session:
        tree = await TreeRepository(session).find(partner.city.sealed_origin_id)
    if tree is None:
        async with node.database.unit_of_work() as session:
            tree = await TreeRepository(session).open(partner.city.sealed_origin, LogKind.SEALED, own=False)
    return tree


async def _check_known(node: LogNode, tree: Tree, shown: Sequence[SignedBoxCheckpoint]) -> None:
    """Refuse an origin that now signs another root at a size that it showed us before."""
    for signed in shown:
        if signed.size == tree.size and signed.root != tree.head.root:
            async with node.database.unit_of_work() as session:
                await remember(node, session, signed)
            raise PartnerFaultError("the origin shows another history than before", code="partner.equivocation")


def _portions(checkpoints: Sequence[SignedBoxCheckpoint], size: int) -> Iterator[list[SignedBoxCheckpoint]]:
    """Yield the checkpoints in runs that add up to `MAX_SLIPS` slips, or in single ones that add more."""
    run: list[SignedBoxCheckpoint] = []
    start = before = size
    for signed in checkpoints:
        if signed.size - before > MAX_GROWTH:
            raise PartnerFaultError("the origin's log jumps ahead of its schedule", code="partner.malformed")
        if run and signed.size - start > MAX_SLIPS:
            yield run
            run, start = [], before
        run.append(signed)
        before = signed.size
    if run:
        yield run


async def _advance(node: LogNode, partner: Partner, tree: Tree, portion: Sequence[SignedBoxCheckpoint]) -> Tree:
    """Return the copy after the slips of this run of checkpoints, which are signed in the same transaction.

    What comes before a checkpoint that does not hold is kept and signed all the same: it is the origin's word.
    """
    slips = await fetch_slips(partner, tree.size, portion[-1].size)
    right = _right(tree.frontier, slips, portion)
    if right:
        async with node.database.unit_of_work() as session:
            await exclusive(session, tree.line)
            tree = await TreeRepository(session).append(tree, slips[: right[-1].size - tree.size])
            for signed in right:
                await remember(node, session, signed)
                await _countersign(node, session, signed)
            reach(Failpoint.MIRROR_SIGNED)
        reach(Failpoint.MIRROR_COMMITTED)
    if len(right) < len(portion):
        await _accuse(node, partner, tree, portion[len(right)])
    return tree


def _right(
    frontier: Frontier, slips: Sequence[bytes], portion: Sequence[SignedBoxCheckpoint]
) -> list[SignedBoxCheckpoint]:
    """Return the checkpoints up to the first whose root is not that of the kept slips and the new ones."""
    start = frontier.size
    right: list[SignedBoxCheckpoint] = []
    for signed in portion:
        frontier = frontier.extend(map(leaf_hash, slips[frontier.size - start : signed.size - start]))
        if frontier.head() != signed.root:
            break
        right.append(signed)
    return right


async def _countersign(node: LogNode, session: AsyncSession, signed: SignedBoxCheckpoint) -> None:
    """Sign the same size and root with our own time, unless we did before."""
    box = BoxRepository(session)
    if not await box.by_city(signed.origin, signed.size, node.city.id32):
        act = BoxCheckpoint(signed.origin, signed.size, signed.root, node.now)
        await box.add(SignedBoxCheckpoint.sign(act, node.city.id32, node.keys.witness, node.registry))


async def fetch_slips(partner: Partner, start: int, end: int) -> list[bytes]:
    """Return the slips start … end − 1 of the partner's sealed log, as it serves them, not yet checked."""
    slips: list[bytes] = []
    for bundle in bundles_between(start, end):
        data = await fetch(partner, f"/log/sealed/{bundle.path}")
        try:
            entries = decode_bundle(data, bundle.width, SLIP_SIZE)
        except TileError as error:
            raise PartnerFaultError(f"{bundle.path}: {error.message}", code="partner.malformed") from error
        slips += entries[max(0, start - bundle.index * TILE_WIDTH) :]
    return slips


async def _accuse(node: LogNode, partner: Partner, tree: Tree, shown: SignedBoxCheckpoint) -> None:
    """Store the evidence if the origin really signed two histories, and refuse its answer in any case.

    Slips that do not hash to a root prove nothing yet: they may have been damaged on the way. Two histories are
    proven by slips, fetched anew from the first on, that hash to the new root and have another root at our size. That
    is looked into once a root, for it means fetching the whole log.
    """
    fault = PartnerFaultError("the origin's slips do not hash to the root that it signed", code="partner.slips")
    async with node.database.reading() as session:
        held = await BoxRepository(session).by_city(tree.origin, tree.size, partner.city.id32)
    if shown.root in node.examined or not held:
        raise fault
    root = await _root_in_other_line(partner, tree.size, shown)
    node.examined.add(shown.root)
    if root is None or root == tree.head.root:
        raise fault
    async with node.database.unit_of_work() as session:
        await BoxRepository(session).add_equivocation(Equivocation(held[0], shown, root), node.now)
    raise PartnerFaultError("the origin shows another history than before", code="partner.equivocation")


async def _root_in_other_line(partner: Partner, size: int, shown: SignedBoxCheckpoint) -> bytes | None:
    """Return the root at `size` of the tree that the origin serves up to `shown`, None if that is not `shown`'s."""
    frontier, root = Frontier(), None
    for start, end in _steps(size, shown.size):
        frontier = frontier.extend(map(leaf_hash, await fetch_slips(partner, start, end)))
        root = frontier.head() if end == size else root
    return root if frontier.head() == shown.root else None


def _steps(size: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of at most `MAX_SLIPS` from 0 to `end`, with a border at `size`."""
    borders = sorted({*range(0, end, MAX_SLIPS), size, end})
    yield from pairwise(borders)
