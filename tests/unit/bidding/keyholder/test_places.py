from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bidding.keyholder.places import Places

KEYS = st.one_of(st.binary(min_size=32, max_size=32), st.integers(0, 3).map(lambda n: bytes(31) + bytes([n])))


@given(st.lists(KEYS, max_size=40), KEYS)
def test_every_record_of_a_key_is_among_its_places_and_few_others(keys: list[bytes], other: bytes) -> None:
    places = Places()
    for offset, key in enumerate(keys):
        places.add(key, offset * 100)
    assert len(places) == len(keys)
    for key in [*keys, other]:
        expected = [offset * 100 for offset, known in enumerate(keys) if known[-8:] == key[-8:]]
        assert sorted(places.of(key)) == expected
