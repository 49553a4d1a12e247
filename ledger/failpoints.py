"""Named places at which a process can be made to die, for tests that kill it between any two steps.

`SUNBID_FAILPOINT=NAME` or `NAME:N` has the process end itself by SIGKILL when it comes to the place for the N-th time
(the first, if no N is said), as a power cut would: nothing is flushed, nothing is rolled back. Without the variable a
place costs one comparison. The table below is closed: a test walks all of it, and one that is never reached fails it.
"""

from __future__ import annotations

import os
import re
import signal
from enum import StrEnum

from ledger.errors import SunbidError

VARIABLE = "SUNBID_FAILPOINT"


class FailpointError(SunbidError):
    """The variable names no place of the table."""

    code = "failpoint.unknown"


class Failpoint(StrEnum):
    """Every step between a request and its anchor, in the order of a message's way."""

    DOOR_STREAM_STORED = "door.stream_stored"
    """The stream's file is in its place, no row knows of it."""
    DOOR_SLIP_QUEUED = "door.slip_queued"
    """A slip is queued and acknowledged, not committed."""
    DOOR_SLIP_COMMITTED = "door.slip_committed"
    """Committed; nobody was told, no partner asked."""
    DOOR_SLIP_ACKNOWLEDGED = "door.slip_acknowledged"
    """The partners have acknowledged, too; the device has no answer yet."""
    OUTBOX_ENQUEUED = "outbox.enqueued"
    """A message is written with its cause, not committed."""
    OUTBOX_TAKEN = "outbox.taken"
    """Messages are locked by whoever works on them."""
    OUTBOX_DONE = "outbox.done"
    """Messages are marked done with their effect, not committed."""
    SEQUENCER_APPENDED = "sequencer.appended"
    """Entries, tiles and checkpoint are written, not committed."""
    SEQUENCER_COMMITTED = "sequencer.committed"
    """The log has grown; nobody was asked to cosign."""
    SEALED_MERGED = "sealed.merged"
    """A batch is in the box with its checkpoint, not committed."""
    SEALED_COMMITTED = "sealed.committed"
    """The box has grown; no partner has heard of it."""
    COSIGN_RECEIVED = "cosign.received"
    """A partner has cosigned; its line is not stored."""
    COSIGN_STORED = "cosign.stored"
    """The line is stored."""
    WITNESS_MOVED = "witness.moved"
    """The witness's head has moved, not committed."""
    WITNESS_COMMITTED = "witness.committed"
    """Committed; the cosignature has not left the house."""
    MIRROR_SIGNED = "mirror.signed"
    """A partner's slips are kept and its checkpoint is signed, not committed."""
    MIRROR_COMMITTED = "mirror.committed"
    """Committed."""
    ANCHOR_READ = "anchor.read"
    """It is known what stands on chain; nothing is written."""
    ANCHOR_SUBMITTED = "anchor.submitted"
    """The anchor's transaction is written, not committed."""
    ANCHOR_COMMITTED = "anchor.committed"
    """It waits to be sent."""
    SENDER_SUBMITTED = "sender.submitted"
    """An intent is written with what wants it, not committed."""
    SENDER_ASSIGNED = "sender.assigned"
    """Nonces and signed bytes are written, not committed."""
    SENDER_STORED = "sender.stored"
    """Committed; nothing is sent."""
    SENDER_SENT = "sender.sent"
    """A node has the transactions; nothing is known of them here."""
    SENDER_RECEIPT = "sender.receipt"
    """Receipts are noted, not committed."""
    SENDER_NOTED = "sender.noted"
    """Committed."""
    SENDER_FINAL = "sender.final"
    """Rows are marked final, not committed."""
    INDEXER_READ = "indexer.read"
    """A window's events are read from the node."""
    INDEXER_STORED = "indexer.stored"
    """Events and reactions are written, not committed."""
    INDEXER_COMMITTED = "indexer.committed"
    """Committed."""
    HOLDER_SIGNED = "holder.signed"
    """An act is signed, not in the journal."""
    HOLDER_WRITTEN = "holder.written"
    """The journal's line is written, not synced."""
    HOLDER_JOURNALED = "holder.journaled"
    """The record is on disk; no city has it."""
    HOLDER_DELIVERED = "holder.delivered"
    """A city has confirmed the record; the holder has not noted that."""


def parse(text: str) -> tuple[Failpoint, int] | None:
    """Return the place and the number of the visit that `text` asks for, None if it asks for nothing.

    Raises `FailpointError` for a name that the table lacks: a process that was to die must not live by a typing error.
    """
    if not text:
        return None
    found = re.fullmatch(r"([a-z_.]+)(?::([1-9][0-9]{0,8}))?", text)
    if found is None or found[1] not in set(Failpoint):
        raise FailpointError(
            f"{VARIABLE} is a name of ledger.failpoints.Failpoint, or NAME:N, not {text!r}", given=text
        )
    return Failpoint(found[1]), int(found[2] or 1)


class _Armed:
    """What this process is to die of, and how many visits are left."""

    def __init__(self, asked: tuple[Failpoint, int] | None) -> None:
        self.point: Failpoint | None = asked[0] if asked else None
        self.left = asked[1] if asked else 0


_armed = _Armed(parse(os.environ.get(VARIABLE, "")))


def reach(point: Failpoint) -> None:
    """Say that the process is at this place; it dies here if it was told to."""
    if _armed.point is not point:
        return
    _armed.left -= 1
    if _armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
