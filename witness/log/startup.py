"""Making the own logs ready: a log that is behind what it anchored must not go on, or it would rewrite history."""

from __future__ import annotations

from ledger.errors import SunbidError
from witness.log.models import LogKind
from witness.log.node import LogNode
from witness.log.ports import TreeHead
from witness.log.repository import Tree, TreeRepository
from witness.log.service import LogReader


class BehindChainError(SunbidError):
    """The stored log is not the one that this city anchored."""

    code = "log.behind_chain"


async def open_logs(node: LogNode) -> None:
    """Make the own logs ready to be written; every process calls this once, before any task of the logs.

    Raises `BehindChainError` if a log is smaller than, or other than, what is anchored on chain, as after restoring
    an old backup.
    """
    for line, kind in ((node.city.public_origin, LogKind.PUBLIC), (node.city.sealed_origin, LogKind.SEALED)):
        async with node.database.unit_of_work() as session:
            tree = await TreeRepository(session).open(line, kind, own=True)
        await _check_against_chain(node, tree, await node.chain.anchored(tree.origin))


async def _check_against_chain(node: LogNode, tree: Tree, anchored: TreeHead) -> None:
    if tree.size < anchored.size:
        raise BehindChainError(
            f"{tree.line} is older here than on chain: restore a newer backup", anchored=anchored.size, here=tree.size
        )
    async with node.database.reading() as session:
        if anchored.size and await LogReader(session).root(tree.origin, anchored.size) != anchored.root:
            raise BehindChainError(
                f"{tree.line} has another history here than on chain: do not go on", size=anchored.size
            )
