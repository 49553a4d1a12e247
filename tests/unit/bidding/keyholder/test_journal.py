from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bidding.keyholder.errors import JournalError
from bidding.keyholder.journal import Journal, Kind, Record
from ledger.acts import BidList, BoxShare, LotCount, ShareRelease
from ledger.storage import StorageFullError
from tests.fixtures.box import b32
from tests.fixtures.disk import full_disk


def share(scalar: str = "scalar") -> Record:
    act = BoxShare(b32("tender"), b32("box"), 1, 2, b32(scalar))
    return Record(Kind.BOX_SHARE, b32("box"), act, b"\x01" * 65)


def release(name: str) -> Record:
    act = ShareRelease(b32("tender"), b32(name), b32("seal"), 1, b"\x05" * 101)
    return Record(Kind.SHARE, b32(name), act, b"\x02" * 65)


def listed(root: str = "root") -> Record:
    act = BidList(b32("tender"), b32("inputs"), b32(root), 3, (LotCount(0, 3),))
    return Record(Kind.LIST, b32("tender"), act, b"\x03" * 65, note=b32("x"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_what_was_signed_is_found_again_after_a_restart(path: Path) -> None:
    records = [share(), listed(), release("one"), release("two")]
    journal = Journal(path)
    for record in records:
        assert journal.append(record) == record
    again = Journal(path)
    assert list(again.records()) == records
    assert again.find(Kind.LIST, b32("tender")) == listed()
    assert again.find(Kind.SHARE, b32("three")) is None


def test_the_same_act_again_is_the_record_that_stands(path: Path) -> None:
    journal = Journal(path)
    journal.append(share())
    size = path.stat().st_size
    other = Record(Kind.BOX_SHARE, b32("box"), share().act, b"\x09" * 65)
    assert journal.append(other) == share()
    assert path.stat().st_size == size


@pytest.mark.parametrize("pair", [(share(), share("other")), (listed(), listed("other"))])
def test_a_holder_never_says_two_things(path: Path, pair: tuple[Record, Record]) -> None:
    Journal(path).append(pair[0])
    with pytest.raises(JournalError) as refused:
        Journal(path).append(pair[1])
    assert refused.value.code == "holder.contradiction"


def test_a_line_that_a_crash_left_unfinished_was_never_sent(path: Path) -> None:
    journal = Journal(path)
    journal.append(share())
    whole = path.read_bytes()
    for cut in (1, 50, len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        again = Journal(path)
        assert list(again.records()) == [share()]
        assert path.read_bytes() == whole
    again.append(listed())
    assert list(Journal(path).records()) == [share(), listed()]


@pytest.mark.parametrize("position", [3, 60, 200])
def test_damage_stops_the_holder(path: Path, position: int) -> None:
    journal = Journal(path)
    journal.append(share())
    journal.append(listed())
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(JournalError) as refused:
        Journal(path)
    assert refused.value.code == "holder.journal"


def test_a_record_that_was_taken_out_is_missed(path: Path) -> None:
    journal = Journal(path)
    for record in (share(), listed(), release("one")):
        journal.append(record)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(JournalError, match="lacks a record"):
        Journal(path)


def test_only_its_owner_reads_the_journal(path: Path) -> None:
    Journal(path).append(share())
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("room", [0, 10])
def test_a_full_disk_leaves_the_journal_as_it_was(path: Path, room: int) -> None:
    journal = Journal(path)
    journal.append(share())
    before = path.read_bytes()
    with full_disk(len(before) + room), pytest.raises(StorageFullError):
        journal.append(release("one"))
    assert path.read_bytes() == before
    assert journal.find(Kind.SHARE, b32("one")) is None
    journal.append(release("one"))
    assert list(Journal(path).records()) == [share(), release("one")]


def test_what_was_let_go_is_the_same_record_still_and_takes_no_memory(path: Path) -> None:
    journal = Journal(path)
    act = ShareRelease(b32("other tender"), b32("other"), b32("seal"), 1, b"\x05" * 101)
    other = Record(Kind.SHARE, b32("other"), act, b"\x02" * 65)
    for record in (share(), listed(), release("one"), other):
        journal.append(record)
    size = path.stat().st_size
    journal.let_go(b32("tender"))
    assert set(journal._records.values()) == {other}
    assert journal.find(Kind.SHARE, b32("one")) == release("one")
    remade = replace(release("one"), signature=b"\x09" * 65)
    assert journal.append(remade) == release("one")
    journal.let_go(b32("tender"))
    with pytest.raises(JournalError) as refused:
        journal.append(share("other"))
    assert refused.value.code == "holder.contradiction"
    assert path.stat().st_size == size
    assert list(journal.records()) == [share(), listed(), release("one"), other]


def test_keys_that_end_alike_are_told_apart(path: Path) -> None:
    first, second = (replace(release(name), key=name.encode().ljust(24, b".") + b"the same") for name in ("1", "2"))
    for journal in (Journal(path), Journal(path)):
        assert [journal.append(record) for record in (first, second)] == [first, second]
        journal.let_go(b32("tender"))
        assert journal.find(first.kind, first.key) == first
        assert journal.find(second.kind, second.key) == second
        assert journal.find(Kind.LIST, first.key) is None
