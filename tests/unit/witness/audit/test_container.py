import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from witness.audit import container
from witness.audit.container import ContainerError, pack, unpack

MEMBERS = {"manifest.json": b"{}", "log/0.tlog-proof": b"proof", "documents/00ff": b"", "streams/ab": bytes(300)}
PACKED = pack(MEMBERS)

names = st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,8}(/[a-z0-9][a-z0-9._-]{0,8}){0,3}\Z")


@given(st.dictionaries(names, st.binary(max_size=60), max_size=6))
def test_what_was_packed_comes_out(members: dict[str, bytes]) -> None:
    assert unpack(pack(members)) == members


def test_the_order_of_members_does_not_matter() -> None:
    assert pack(dict(reversed(MEMBERS.items()))) == PACKED


@given(st.integers(0, len(PACKED) * 8 - 1))
def test_a_flipped_bit_is_refused_or_changes_a_member(bit: int) -> None:
    damaged = bytearray(PACKED)
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        members = unpack(bytes(damaged))
    except ContainerError:
        return
    assert members != MEMBERS
    assert pack(members) == bytes(damaged)


@given(st.binary(min_size=1, max_size=20))
def test_bytes_around_the_container_are_refused(extra: bytes) -> None:
    for data in (PACKED + extra, extra + PACKED):
        with pytest.raises(ContainerError):
            unpack(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ContainerError):
        unpack(data)


def _zip(compression: int = zipfile.ZIP_STORED, comment: bytes = b"", extra: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        info = zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0))
        info.create_system, info.external_attr, info.extra = 3, 0o100644 << 16, extra
        archive.writestr(info, b"aaaaaaaaaaaaaaaa", compression)
        archive.comment = comment
    return buffer.getvalue()


def test_compressed_commented_and_extended_containers_are_refused() -> None:
    assert unpack(_zip()) == {"a": b"a" * 16}
    for data in (_zip(zipfile.ZIP_DEFLATED), _zip(comment=b"x"), _zip(extra=b"\x99\x99\x00\x00")):
        with pytest.raises(ContainerError):
            unpack(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(place=st.integers(0, 400), octet=st.integers(0, 255))
def test_no_decompressor_meets_what_is_damaged(method: int, place: int, octet: int) -> None:
    damaged = bytearray(_zip(method))
    damaged[place % len(damaged)] = octet
    with pytest.raises(ContainerError):
        unpack(bytes(damaged))


def test_no_container_is_larger_than_a_bundle_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_MEMBERS", len(MEMBERS))
    assert unpack(PACKED) == MEMBERS
    with pytest.raises(ContainerError, match="at most 4 members"):
        unpack(pack({**MEMBERS, "one-more": b""}))
    monkeypatch.setattr(container, "MAX_SIZE", len(PACKED) - 1)
    with pytest.raises(ContainerError, match=f"at most {len(PACKED) - 1} bytes"):
        unpack(PACKED)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(ContainerError):
        unpack(buffer.getvalue())


@pytest.mark.parametrize("name", ["", "A", "../x", "/x", "a/", "a//b", "a/b/c/d/e", "é", "x" * 200])
def test_names_that_could_mislead_are_refused(name: str) -> None:
    with pytest.raises(ContainerError):
        pack({name: b""})
