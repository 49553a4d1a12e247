"""Whatever is changed in a bundle, a bit or the form of its JSON, its verdict is no; it never raises."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.chain.evidence.trust import TrustFile
from tests.e2e.mangled import json_members, mangled
from tests.fixtures.finished import Finished
from witness.audit.container import pack, unpack
from witness.audit.verify import verify


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_flipped_bit_is_refused(finished: Finished, data: st.DataObject) -> None:
    members = unpack(finished.public)
    name = data.draw(st.sampled_from(sorted(members)))
    place = data.draw(st.integers(0, max(0, len(members[name]) * 8 - 1)))
    content = bytearray(members[name])
    content[place // 8] ^= 1 << place % 8
    assert not verify(pack({**members, name: bytes(content)}), finished.trust).ok


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_flipped_bit_of_the_file_is_refused(finished: Finished, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(finished.public) * 8 - 1))
    content = bytearray(finished.public)
    content[place // 8] ^= 1 << place % 8
    assert not verify(bytes(content), finished.trust).ok


@pytest.mark.parametrize("kind", ["public", "full"])
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_json_can_be_anything_else(finished: Finished, kind: str, data: st.DataObject) -> None:
    members = unpack(getattr(finished, kind))
    changed = mangled(data.draw, members)
    verdict = verify(changed.data, finished.trust)  # whatever it is, it does not raise
    assert not verdict.ok, changed


def test_the_changes_reach_every_kind_of_json(finished: Finished) -> None:
    names = json_members(unpack(finished.full))
    fixed = {"manifest.json", "anchor.json", "acts.json", "box.json", "list.json", "openings.json", "log/entries.json"}
    assert fixed == {name for name in names if name.endswith(".json")}
    assert len(names) > len(fixed) + 10


def test_a_member_left_out_is_missed(finished: Finished) -> None:
    members = unpack(finished.public)
    notice = finished.bundle.acts[0].act.notice.hex()  # type: ignore[attr-defined]
    fixed = [name for name in members if "/" not in name]
    named = [f"documents/{notice}", *(next(n for n in members if n.startswith(p)) for p in ("log/", "streams/"))]
    for name in (*fixed, "log/entries.json", *named):
        assert not verify(pack({n: c for n, c in members.items() if n != name}), finished.trust).ok, name


@pytest.mark.parametrize(
    "name", ["log/999.tlog-proof", "log/999.checkpoint", "box/x", "notes.txt", "streams/" + "0" * 64]
)
def test_a_member_more_is_refused(finished: Finished, name: str) -> None:
    assert not verify(pack({**unpack(finished.public), name: b"x"}), finished.trust).ok


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    trust = TrustFile.from_bytes(TRUST)
    assert not verify(data, trust).ok


TRUST = (
    b'{"chain_id":1,"cities":[{"cosigner":"c","logs":[],"name":"a","witness":"0x' + b"11" * 20 + b'"}],'
    b'"city_registry":"0x' + b"22" * 20 + b'","cosignatures":0,"evidence":{"kind":"attested","validators":[]},"v":1}'
)
