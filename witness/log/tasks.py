"""The logs' tasks: idempotent, crash-safe, called in any order and as often as anybody likes.

`WRITER_TASKS` belong to the city's worker, `WITNESS_TASKS` to `sunbid witness`; each returns whether it did anything,
so a caller that wants quiet calls them until all return False.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from witness.log.anchor import run_anchor
from witness.log.cosign import run_cosign
from witness.log.mirror import run_witness
from witness.log.node import LogNode
from witness.log.sealed import run_sealed_ticks
from witness.log.sequencer import run_public_sequencer

LogTask: TypeAlias = Callable[[LogNode], Awaitable[bool]]

WRITER_TASKS: tuple[LogTask, ...] = (run_public_sequencer, run_sealed_ticks, run_cosign, run_anchor)
WITNESS_TASKS: tuple[LogTask, ...] = (run_witness,)
