from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import scripts.bench.profile as profile_module
import witness.log.merkle
from scripts.bench.profile import Profile, package_of, shares


def test_shares_are_parts_of_the_whole_largest_first() -> None:
    found = shares(Counter({"a": 30, "b": 60, "c": 10}))
    assert list(found.items()) == [("b", 0.6), ("a", 0.3), ("c", 0.1)]


def test_small_shares_are_summed_up() -> None:
    assert shares(Counter({"a": 96, "b": 2, "c": 2}), least=0.03) == {"a": 0.96, "(rest)": 0.04}


def test_packages_are_told_apart_by_file() -> None:
    assert package_of(witness.log.merkle.__file__) == "witness.log"
    assert package_of(sys.modules["pytest"].__file__ or "") == "pytest"
    assert package_of(str(Path(sys.modules["json"].__file__ or ""))) == "python"


def test_a_sample_counts_once_for_where_and_once_for_whom() -> None:
    profile = Profile()
    profile.note(sys._getframe())
    assert profile.at.total() == profile.for_whom.total() == 1
    profile.note(None)
    assert profile.at.total() == 1


def test_a_profile_sees_the_thread_that_entered() -> None:
    with profile_module.sampled(interval=0.0001) as profile:
        while not profile.at:
            sum(range(1000))
    assert profile.at.total() >= 1
