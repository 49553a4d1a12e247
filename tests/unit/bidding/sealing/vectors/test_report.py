"""Reports name what differs, and go on."""

from __future__ import annotations

import pytest

from bidding.sealing.errors import RecoveryError, ShareError
from bidding.sealing.vectors.report import Report, pattern


def test_same_takes_bytes_as_hex() -> None:
    report = Report()
    report.same("a", "00ff", b"\x00\xff")
    report.same("b", "00ff", b"\x00\xfe")
    report.same("c", 1, 1)
    assert (report.checked, report.differences) == (3, ["b: the file has 00ff, computed is 00fe"])


def test_long_values_are_shortened() -> None:
    report = Report()
    report.same("long", "00", bytes(500))
    assert report.differences == [f"long: the file has 00, computed is {'0' * 60}… (1000 characters)"]


def test_refused_compares_the_reason() -> None:
    def fail(error: Exception) -> None:
        raise error

    report = Report()
    report.refused("a", "share", lambda: fail(ShareError("bad")))
    report.refused("b", "void", lambda: fail(ShareError("bad")))
    report.refused("c", "share", lambda: None)
    report.refused("d", "sealing.recovery", lambda: fail(RecoveryError("bad")))
    assert report.differences == [
        "b: the file has void, computed is share",
        "c: the file has share, computed is accepted",
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [(ShareError("bad share"), "a: cannot be computed: bad share"), (KeyError("x"), "a: malformed: KeyError: 'x'")],
)
def test_what_cannot_be_computed_is_a_difference(error: Exception, text: str) -> None:
    report = Report()
    with report.at("a"):
        raise error
    assert report.differences == [text]


def test_faults_of_the_checker_itself_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), Report().at("a"):
        raise ZeroDivisionError


def test_pattern_counts_modulo_251() -> None:
    assert pattern(0) == b""
    assert pattern(253) == bytes(range(251)) + b"\x00\x01"
