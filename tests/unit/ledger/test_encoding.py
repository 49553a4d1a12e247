import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import EncodingError, dec, enc, u8, u32, u64


def test_enc_writes_each_item_behind_its_length() -> None:
    assert enc(b"abc", b"") == bytes.fromhex("00000003616263" + "00000000")


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_dec_returns_what_enc_was_given(items: list[bytes]) -> None:
    assert dec(enc(*items), len(items)) == tuple(items)


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=4), st.data())
def test_dec_refuses_any_truncation_and_any_extra(items: list[bytes], data: st.DataObject) -> None:
    encoded = enc(*items)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(EncodingError):
        dec(encoded[:cut], len(items))
    with pytest.raises(EncodingError):
        dec(encoded + b"\0", len(items))
    with pytest.raises(EncodingError):
        dec(encoded, len(items) + 1)


@pytest.mark.parametrize(("write", "size"), [(u8, 1), (u32, 4), (u64, 8)])
def test_numbers_are_big_endian_and_bounded(write, size: int) -> None:
    assert write(1) == bytes(size - 1) + b"\x01"
    for outside in (-1, 1 << (8 * size)):
        with pytest.raises(EncodingError, match="does not fit"):
            write(outside)
