"""A verification bundle: everything by which a tender can be checked offline, as members of one canonical container.

| member | content |
|---|---|
| `manifest.json` | tender, chain, contracts, profile |
| `anchor.json` | a block's header with what vouches for it, and the proof of all that was read under it |
| `acts.json` | every act on the tender that is disclosed, in the order taken, with signatures and papers |
| `documents/<sha256>` | notices, rule pack, reasons, reports, sheets, bases |
| `log/entries.json`, `log/<index>.tlog-proof`, `log/<size>.checkpoint` | its events and their proofs |
| `policy.txt` | the logs and witnesses (C2SP tlog-policy) |
| `box.json`, with the box `box/<origin>/<line>` | shares of the box key, slips, proofs; every slip up to the cuts |
| `list.json`, `openings.json`, `streams/<head>` | the signed list, r or shares by envelope, ciphertexts |

JSON members are canonical (RFC 8785), bytes in them 0x hex. Reading is strict, and a member that is not named here
makes the bundle malformed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bidding.sealing.slip import SLIP_SIZE
from ledger import canonical
from ledger.canonical import JsonValue
from ledger.chain.evidence.blocks import BlockEvidence
from ledger.chain.evidence.facts import StateProof
from ledger.json_fields import read_list, read_members
from ledger.signed import Signed
from witness.audit.container import MAX_SIZE, ContainerError, pack, unpack
from witness.audit.parts import LoggedEntry, Manifest, read_signed, signed_to_json
from witness.audit.shown import ShownBox, ShownEnvelope, ShownList
from witness.log.note import Note
from witness.log.proof_file import ProofFile

_PROOF = re.compile(r"log/(0|[1-9][0-9]{0,18})\.tlog-proof", re.ASCII)
_CHECKPOINT = re.compile(r"log/(0|[1-9][0-9]{0,18})\.checkpoint", re.ASCII)
_DOCUMENT = re.compile(r"documents/([0-9a-f]{64})", re.ASCII)
_STREAM = re.compile(r"streams/([0-9a-f]{64})", re.ASCII)
_LINE = re.compile(r"box/([0-9a-f]{64})/([0-9])", re.ASCII)
_FIXED = ("manifest.json", "anchor.json", "acts.json", "log/entries.json", "policy.txt", "box.json", "list.json",
          "openings.json")  # fmt: skip

Lines = Mapping[bytes, tuple[tuple[bytes, ...], ...]]
"""The lines of each origin by its id: all slips from the tender's start on."""


@dataclass(frozen=True)
class Anchor:
    """The block under which everything is proven, and the proof."""

    block: BlockEvidence
    state: StateProof


@dataclass(frozen=True)
class Bundle:
    """The members of a bundle as values; nothing in it is verified."""

    manifest: Manifest
    anchor: Anchor
    acts: tuple[Signed, ...]
    documents: Mapping[bytes, bytes]
    entries: tuple[LoggedEntry, ...]
    proofs: Mapping[int, ProofFile]
    checkpoints: Mapping[int, Note]
    policy: bytes
    box: ShownBox | None = None
    list: ShownList | None = None
    openings: tuple[ShownEnvelope, ...] = ()
    streams: Mapping[bytes, bytes] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the bundle as a file."""
        return pack(self.members)

    @property
    def members(self) -> dict[str, bytes]:
        """The members of the container by name."""
        return dict(self._members())

    def _members(self) -> Iterator[tuple[str, bytes]]:
        anchor: JsonValue = {"block": self.anchor.block.to_json(), "state": self.anchor.state.to_json()}
        yield "manifest.json", _dumps(self.manifest.to_json())
        yield "anchor.json", _dumps(anchor)
        yield "acts.json", _dumps([signed_to_json(signed) for signed in self.acts])
        yield from ((f"documents/{sha256.hex()}", content) for sha256, content in self.documents.items())
        yield "log/entries.json", _dumps([entry.to_json() for entry in self.entries])
        yield from ((f"log/{index}.tlog-proof", bytes(proof)) for index, proof in self.proofs.items())
        yield from ((f"log/{size}.checkpoint", bytes(note)) for size, note in self.checkpoints.items())
        yield "policy.txt", self.policy
        yield "box.json", _dumps(self.box.to_json() if self.box else None)
        yield "list.json", _dumps(self.list.to_json() if self.list else None)
        yield "openings.json", _dumps([envelope.to_json() for envelope in self.openings])
        yield from ((f"streams/{head.hex()}", content) for head, content in self.streams.items())
        for origin, lines in self.lines.items():
            yield from ((f"box/{origin.hex()}/{number}", b"".join(line)) for number, line in enumerate(lines))

    @classmethod
    def from_bytes(cls, data: bytes) -> Bundle:
        """Return the bundle in a file; raise `SunbidError` for every file that `to_bytes` would not write."""
        members = unpack(data)
        bundle = cls._read(members)
        if bundle.members != members:  # one value has one spelling, down to the case of a hex digit
            raise ContainerError("a member is not in its canonical form")
        return bundle

    @classmethod
    def _read(cls, members: Mapping[str, bytes]) -> Bundle:
        missing = [name for name in _FIXED if name not in members]
        if missing:
            raise ContainerError(f"the bundle has no {missing[0]}", missing=missing)
        values = {name: _loads(members[name]) for name in _FIXED if name.endswith(".json")}
        anchor = read_members(values["anchor.json"], "anchor", ("block", "state"))
        read = _Variable(members)
        box, listed = values["box.json"], values["list.json"]
        return cls(
            manifest=Manifest.from_json(values["manifest.json"]),
            anchor=Anchor(BlockEvidence.from_json(anchor["block"]), StateProof.from_json(anchor["state"])),
            acts=tuple(map(read_signed, read_list(values["acts.json"], "acts"))),
            documents=read.documents,
            entries=tuple(map(LoggedEntry.from_json, read_list(values["log/entries.json"], "entries"))),
            proofs=read.proofs,
            checkpoints=read.checkpoints,
            policy=members["policy.txt"],
            box=None if box is None else ShownBox.from_json(box),
            list=None if listed is None else ShownList.from_json(listed),
            openings=tuple(map(ShownEnvelope.from_json, read_list(values["openings.json"], "openings"))),
            streams=read.streams,
            lines=read.lines,
        )


class _Variable:
    """The members whose names carry what they are: sorted out, and a name that fits none refused."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self.documents: dict[bytes, bytes] = {}
        self.proofs: dict[int, ProofFile] = {}
        self.checkpoints: dict[int, Note] = {}
        self.streams: dict[bytes, bytes] = {}
        self.lines: dict[bytes, tuple[tuple[bytes, ...], ...]] = {}
        for name, content in members.items():
            if name not in _FIXED:
                self._sort(name, content)

    def _sort(self, name: str, content: bytes) -> None:
        if found := _DOCUMENT.fullmatch(name):
            sha256 = bytes.fromhex(found[1])
            if hashlib.sha256(content).digest() != sha256:
                raise ContainerError("a document is not the one that its name says", member=name)
            self.documents[sha256] = content
        elif found := _PROOF.fullmatch(name):
            self.proofs[int(found[1])] = ProofFile.parse(content)
        elif found := _CHECKPOINT.fullmatch(name):
            self.checkpoints[int(found[1])] = Note.parse(content)
        elif found := _STREAM.fullmatch(name):
            self.streams[bytes.fromhex(found[1])] = content
        elif found := _LINE.fullmatch(name):
            self._add_line(bytes.fromhex(found[1]), int(found[2]), content)
        else:
            raise ContainerError("a bundle has no such member", member=name)

    def _add_line(self, origin: bytes, number: int, content: bytes) -> None:
        lines = self.lines.get(origin, ())
        if number != len(lines) or len(content) % SLIP_SIZE:  # members come in the order of their names
            raise ContainerError("the lines of an origin count from 0, in slips of 896 bytes", number=number)
        line = tuple(content[i : i + SLIP_SIZE] for i in range(0, len(content), SLIP_SIZE))
        self.lines[origin] = (*lines, line)


def _dumps(value: JsonValue) -> bytes:
    return canonical.dumps(value, max_size=MAX_SIZE)


def _loads(data: bytes) -> JsonValue:
    """Return a member's value, in whatever spelling: `from_bytes` writes all of them again."""
    return canonical.loads_any(data, max_size=MAX_SIZE)
