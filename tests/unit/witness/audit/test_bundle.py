"""A bundle is read in exactly one form: members by their names, JSON in canonical form, nothing besides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from ledger import canonical
from ledger.acts import BidList, BidOpening, BoxShare, Credential, Envelope, LotCount, ShareRelease, TenderTermination
from ledger.authority import ActChain
from ledger.chain.evidence.blocks import BlockEvidence
from ledger.chain.evidence.facts import StateProof
from ledger.errors import SunbidError
from ledger.signed import Signed
from tests.fixtures.box import b32
from tests.fixtures.chain_state import MadeState
from tests.unit.witness.audit.test_logs import POLICY, World
from witness.audit.bundle import Anchor, Bundle
from witness.audit.container import pack, unpack
from witness.audit.parts import Manifest, Profile, SignedRecord
from witness.audit.shown import (
    ShownBid,
    ShownBox,
    ShownCut,
    ShownEnvelope,
    ShownList,
    ShownOrigin,
    ShownSlip,
)

SIGNATURE = bytes(65)
TENDER = b32("tender")
SLIP = bytes(896)


def papers() -> ActChain:
    credential = Credential(b"\x01" * 20, b32("subject"), b32("organisation"), 1, 0, 9)
    return ActChain(credential, SIGNATURE)


def made() -> Bundle:
    """Return a bundle with every member in it."""
    world = World()
    logged = world.evidence()
    header = MadeState().block(7, 9)
    share = SignedRecord(BoxShare(TENDER, b32("box"), 1, 1, b32("scalar")), SIGNATURE)
    release = SignedRecord(ShareRelease(TENDER, b32("header"), b32("seal"), 1, b"share"), SIGNATURE)
    opening = SignedRecord(BidOpening(TENDER, b32("header"), b32("r")), None)
    cut = ShownCut(b32("hefei"), (ShownSlip(0, 3, (b32("node"),)),))
    hidden = [replaced_entry(logged.entries[0]), *logged.entries[1:]]
    return Bundle(
        manifest=Manifest(Profile.FULL, TENDER, 1, b"\x01" * 20, b"\x02" * 20, b"\x03" * 20, b"\x04" * 20, True),
        anchor=Anchor(BlockEvidence(header, (), (SIGNATURE,)), StateProof((), ())),
        acts=(Signed(TenderTermination(TENDER, b32("reason"), 0), SIGNATURE, papers()),),
        documents={hashlib.sha256(b"paper").digest(): b"paper"},
        entries=tuple(hidden),
        proofs=dict(logged.proofs),
        checkpoints={2: world.note(2, 5)},
        policy=POLICY.format(),
        box=ShownBox((share,), (SLIP,), (ShownOrigin(b32("o"), (cut,), (b32("head"),), 1),), (SLIP,)),
        list=ShownList(BidList(TENDER, b32("in"), b32("root"), 1, (LotCount(0, 1),)), (SIGNATURE,), (b"leaf",)),
        openings=(
            ShownEnvelope(0, Envelope.PRICE, (ShownBid(b32("header"), opening, (release,)),), (), (b32("header"),)),
            ShownEnvelope(0, Envelope.TECHNICAL, (), ("opened",)),
        ),
        streams={b32("head"): b"stream"},
        lines={b32("o"): ((SLIP, SLIP), (SLIP,))},
    )


def replaced_entry(entry: Any) -> Any:
    """Return the entry undisclosed."""
    from dataclasses import replace

    return replace(entry, disclosed=None)


def test_what_was_written_is_read() -> None:
    bundle = made()
    assert Bundle.from_bytes(bundle.to_bytes()) == bundle


MEMBERS = unpack(made().to_bytes())
JSON = sorted(name for name in MEMBERS if name.endswith(".json"))


def test_every_member_has_its_name() -> None:
    assert sorted(MEMBERS) == sorted({
        "manifest.json", "anchor.json", "acts.json", "log/entries.json", "policy.txt", "box.json", "list.json",
        "openings.json", f"documents/{hashlib.sha256(b'paper').hexdigest()}", f"streams/{b32('head').hex()}",
        f"box/{b32('o').hex()}/0", f"box/{b32('o').hex()}/1", "log/2.checkpoint",
        *(f"log/{i}.tlog-proof" for i in (1, 3, 5, 7)),
    })  # fmt: skip


@pytest.mark.parametrize("name", [n for n in sorted(MEMBERS) if n in {*JSON, "policy.txt"}])
def test_a_member_that_has_to_be_there_is_missed(name: str) -> None:
    with pytest.raises(SunbidError, match="the bundle has no"):
        Bundle.from_bytes(pack({n: c for n, c in MEMBERS.items() if n != name}))


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "documents/x", "documents/" + "0" * 64, "log/01.tlog-proof", "log/1.proof", "streams/00", "box/x/0",
     f"box/{b32('o').hex()}/3", f"box/{b32('p').hex()}/0", "log/9.checkpoint"],
)  # fmt: skip
def test_a_member_that_no_bundle_has_is_refused(name: str) -> None:
    with pytest.raises(SunbidError):
        Bundle.from_bytes(pack({**MEMBERS, name: b"x"}))


@pytest.mark.parametrize("name", JSON)
def test_json_has_one_form(name: str) -> None:
    for content in (MEMBERS[name] + b" ", b" " + MEMBERS[name], b"null " if name != "box.json" else b"1", b"{"):
        with pytest.raises(SunbidError):
            Bundle.from_bytes(pack({**MEMBERS, name: content}))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every object in a JSON value."""
    found = [path] if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths(item, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], change: Callable[[dict[str, Any]], None]) -> Any:
    """Return a copy with the object at a path changed."""
    copy = canonical.loads(canonical.dumps(value, max_size=1 << 24), max_size=1 << 24)
    place: Any = copy
    for key in path:
        place = place[key]
    change(place)
    return copy


FREE = {("data",)}
"""Objects whose members are the event's own."""


@pytest.mark.parametrize("name", JSON)
def test_no_object_takes_another_member_or_lacks_one(name: str) -> None:
    value = canonical.loads(MEMBERS[name], max_size=1 << 24)
    for path in paths(value):
        if path[-1:] in FREE:
            continue
        for change in (lambda o: o.update(more=1), lambda o: o.pop(next(iter(o)))):
            forged = canonical.dumps(changed(value, path, change), max_size=1 << 24)
            with pytest.raises(SunbidError):
                Bundle.from_bytes(pack({**MEMBERS, name: forged}))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value that is no object and no list."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, item in enumerate(value) for leaf in leaves(item, (*path, key))]
    return [path]


@pytest.mark.parametrize("name", JSON)
def test_no_member_takes_a_value_of_another_type(name: str) -> None:
    value = canonical.loads(MEMBERS[name], max_size=1 << 24)
    for path in leaves(value):
        if any(part in {"data", "v"} for part in path):
            continue
        for other in ([], {"x": 1}, "0xZZ", -1):
            copy: Any = canonical.loads(MEMBERS[name], max_size=1 << 24)
            place: Any = copy
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = other
            try:
                read = Bundle.from_bytes(pack({**MEMBERS, name: canonical.dumps(copy, max_size=1 << 24)}))
            except SunbidError:
                continue
            assert isinstance(other, str), (name, path, other)  # free text: it is bound by what commits to it
            assert canonical.loads(unpack(read.to_bytes())[name], max_size=1 << 24) == copy


def test_hex_has_one_spelling() -> None:
    value: Any = canonical.loads(MEMBERS["acts.json"], max_size=1 << 24)
    tender = value[0]["act"]["tender"]
    for spelling in ("0x" + tender[2:].upper(), tender[:4] + " " + tender[4:]):
        value[0]["act"]["tender"] = spelling
        with pytest.raises(SunbidError, match="canonical form"):
            Bundle.from_bytes(pack({**MEMBERS, "acts.json": canonical.dumps(value, max_size=1 << 24)}))


def test_an_envelope_is_one_of_three() -> None:
    value: Any = canonical.loads(MEMBERS["openings.json"], max_size=1 << 24)
    value[0]["envelope"] = 4
    with pytest.raises(SunbidError, match="none of qualification, technical and price"):
        Bundle.from_bytes(pack({**MEMBERS, "openings.json": canonical.dumps(value, max_size=1 << 24)}))


def test_another_version_is_refused() -> None:
    value: Any = canonical.loads(MEMBERS["manifest.json"])
    value["v"] = 2
    with pytest.raises(SunbidError, match="version 1"):
        Bundle.from_bytes(pack({**MEMBERS, "manifest.json": canonical.dumps(value)}))
