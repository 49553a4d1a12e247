"""What cities tell each other about their boxes over HTTP, as JSON."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from ledger.canonical import JsonObject
from ledger.json_fields import FieldError, read_integer, read_list, read_members, read_object
from witness.log.box_checkpoint import SignedBoxCheckpoint

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
            raise FieldError("box page is not JSON") from error
        members = read_members(value, "box page", ("time", "checkpoints", "equivocations"))
        checkpoints = read_list(members["checkpoints"], "checkpoints")
        if len(checkpoints) > _MAX_CHECKPOINTS:
            raise FieldError("a box page is shorter", member="checkpoints")
        evidence = [read_object(item, "equivocation") for item in read_list(members["equivocations"], "equivocations")]
        signed = map(SignedBoxCheckpoint.from_json, checkpoints)
        return cls(read_integer(members["time"], "time"), tuple(signed), tuple(evidence))
