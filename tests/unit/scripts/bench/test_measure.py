from __future__ import annotations

import pytest

from scripts.bench.measure import Case, Comparison, Pair, compare, compare_rounds

CASE = Case("a.path", "do it", "do it bare", 2.0)


def of(*pairs: tuple[float, float], case: Case = CASE) -> Comparison:
    return Comparison(case, tuple(Pair(*pair) for pair in pairs))


class TestComparison:
    def test_ratio_is_the_median_of_the_rounds_ratios(self) -> None:
        found = of((2, 1), (9, 3), (100, 10))
        assert (found.seconds, found.baseline_seconds, found.ratio) == (9, 3, 3)

    def test_one_disturbed_round_changes_nothing(self) -> None:
        assert of((2, 1), (2, 1), (500, 1)).ratio == 2

    def test_a_slow_machine_slows_both(self) -> None:
        assert of((2, 1), (20, 10), (200, 100)).ratio == 2

    def test_best_is_of_the_quickest_of_either(self) -> None:
        assert of((6, 4), (9, 2), (8, 3)).ratio_of_best == 3

    @pytest.mark.parametrize(("seconds", "meets"), [(2.0, True), (2.1, False)])
    def test_aim_is_the_most_that_it_may_take(self, seconds: float, meets: bool) -> None:
        assert of((seconds, 1)).meets_aim is meets

    def test_without_aim_nothing_is_met_or_missed(self) -> None:
        assert of((2, 1), case=Case("a", "b", "c")).meets_aim is None

    def test_json_has_both_directions(self) -> None:
        shown = of((3, 2)).to_json()
        assert (shown["ratio"], shown["ofBaseline"], shown["meetsAim"], shown["rounds"]) == (1.5, 0.667, True, 1)


class TestRounds:
    def test_both_run_in_turn_after_one_warm_up_each(self) -> None:
        order: list[str] = []
        found = compare(CASE, lambda: order.append("path"), lambda: order.append("bare"), rounds=2)
        assert order == ["path", "bare"] * 3
        assert len(found.pairs) == 2

    async def test_the_first_round_does_not_count(self) -> None:
        waiting = [Pair(9, 1), Pair(2, 1), Pair(3, 1)]

        async def play() -> Pair:
            return waiting.pop(0)

        assert (await compare_rounds(CASE, play, 2)).pairs == (Pair(2, 1), Pair(3, 1))
