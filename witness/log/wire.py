"""What cities tell each other about their boxes over HTTP, as JSON."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from ledger.canonical import JsonObject
from witness.log.box_checkpoint import BoxCheckpointError, SignedBoxCheckpoint

PAGE_SIZES = 256
"""Sizes a page at most; whoever wants more asks again after the last one."""
_MAX_CHECKPOINTS = PAGE_SIZES * 64


@dataclass(frozen=True)
class BoxPage:
    """Answer of `GET /box/{origin}?after=`: the answering city's time, signed checkpoints, evidence of two histories.

    Checkpoints stand by size, then city; `time` is seconds since 1970.
    """

    time: int
    checkpoints: tuple[SignedBoxCheckpoint, ...]
    equivocations: tuple[JsonObject, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "time": self.time,
            "checkpoints": [signed.to_json() for signed in self.checkpoints],
            "equivocations": list(self.equivocations),
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> BoxPage:
        """Return the page that an answer's bytes hold; refuse everything else. Signatures are not checked here."""
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BoxCheckpointError("answer is not JSON") from error
        if not isinstance(value, dict) or value.keys() != {"time", "checkpoints", "equivocations"}:
            raise BoxCheckpointError("answer needs exactly: time, checkpoints, equivocations")
        time, checkpoints, equivocations = value["time"], value["checkpoints"], value["equivocations"]
        if not isinstance(time, int) or isinstance(time, bool) or not isinstance(checkpoints, list):
            raise BoxCheckpointError("time must be an integer and checkpoints a list")
        if len(checkpoints) > _MAX_CHECKPOINTS or not isinstance(equivocations, list):
            raise BoxCheckpointError("too many checkpoints, or no list of equivocations")
        return cls(time, tuple(map(SignedBoxCheckpoint.from_json, checkpoints)), tuple(equivocations))
