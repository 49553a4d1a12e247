"""Check a file of known answers, so that a third party can check its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bidding.sealing.hashing import SUITES, Suite
from bidding.sealing.keyset import KeySet
from bidding.sealing.vectors.dkg import check_ceremony
from bidding.sealing.vectors.kem import (
    check_case,
    check_constants,
    check_key_set,
    check_negative,
    check_padding,
    check_recovery,
)
from bidding.sealing.vectors.lists import check_box
from bidding.sealing.vectors.report import Json, Report

_SECTIONS = {"about", "set", "suite", "constants", "keysets", "cases", "negative", "padding", "box", "recovery", "dkg"}


def check(document: Json) -> Report:
    """Return the report on a file of known answers; sections may be missing, unknown ones are differences."""
    report = Report()
    suite = SUITES.get(document.get("suite", 0))
    if suite is None:
        report.differences.append("suite: this build does not know it")
        return report
    report.differences += [f"{name}: unknown section" for name in sorted(document.keys() - _SECTIONS)]
    with report.at("constants"):
        check_constants(report, suite, document.get("constants", {}))
    with report.at("file"):
        _check_sealing(report, suite, document)
    if "recovery" in document:
        with report.at("recovery"):
            check_recovery(report, suite, document["recovery"])
    if "dkg" in document:
        with report.at("dkg"):
            check_ceremony(report, document["dkg"], suite)
    if not report.checked:
        report.differences.append("the file holds no value to check")
    return report


def _check_sealing(report: Report, suite: Suite, document: Json) -> None:
    records = document.get("keysets", {})
    key_sets: dict[str, KeySet] = {}
    for name, record in records.items():
        with report.at(f"keysets.{name}"):
            key_sets[name] = check_key_set(report, f"keysets.{name}", record, records, suite)
    for path, case in _named(document, "cases"):
        with report.at(path):
            check_case(report, path, case, records[case["keyset"]], key_sets[case["keyset"]])
    for path, case in _named(document, "negative"):
        with report.at(path):
            check_negative(report, path, case, key_sets[case["keyset"]])
    for path, case in _named(document, "padding"):
        with report.at(path):
            check_padding(report, path, case)
    if "box" in document:
        with report.at("box"):
            check_box(report, document["box"], key_sets, suite)


def _named(document: Json, section: str) -> Iterator[tuple[str, Json]]:
    for index, case in enumerate(document.get(section, [])):
        yield f"{section} {case.get('name', index)}", case


def main(arguments: Sequence[str]) -> int:
    """Check the one file in `arguments`, print what differs, and return the exit code.

    0: every value is what its inputs give; 1: one differs; 2: the file cannot be read.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m bidding.sealing.vectors FILE\n")
        return 2
    try:
        document: Any = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{arguments[0]} cannot be read as JSON: {error}\n")
        return 2
    if not isinstance(document, dict):
        sys.stderr.write(f"{arguments[0]} is not a JSON object of known answers\n")
        return 2
    report = check(document)
    for difference in report.differences:
        sys.stdout.write(difference + "\n")
    sys.stdout.write(f"{report.checked} values recomputed, {len(report.differences)} differ\n")
    return 1 if report.differences else 0
