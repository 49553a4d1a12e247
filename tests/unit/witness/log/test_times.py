from __future__ import annotations

import pytest

from witness.log.times import ClockOffError, PartnerTimes

A, B, C = b"a", b"b", b"c"


def times(**offsets: int) -> PartnerTimes:
    noted = PartnerTimes()
    for city, offset in offsets.items():
        noted.note(city.encode(), offset)
    return noted


class TestCheck:
    @pytest.mark.parametrize("offsets", [{}, {"a": 5}, {"a": -5, "b": 5}, {"a": 0, "b": 4000}])
    def test_a_clock_that_most_agree_with_may_sign(self, offsets: dict[str, int]) -> None:
        times(**offsets).check()

    @pytest.mark.parametrize("offsets", [{"a": 6}, {"a": -6}, {"a": 6, "b": -4000}, {"a": 9, "b": 9, "c": 0}])
    def test_a_clock_that_most_contradict_must_not(self, offsets: dict[str, int]) -> None:
        with pytest.raises(ClockOffError):
            times(**offsets).check()

    def test_the_last_answer_of_a_partner_counts(self) -> None:
        noted = times(a=60)
        noted.note(b"a", 0)
        noted.check()

    def test_who_does_not_answer_has_no_say(self) -> None:
        noted = times(a=0, b=60)
        noted.forget(b"a")
        with pytest.raises(ClockOffError):
            noted.check()
