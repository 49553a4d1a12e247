"""The shared vectors hold to the last value, and the checker sees every change."""

from __future__ import annotations

import copy
import json
import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bidding.sealing.vectors.check import check, main

ROOT = Path(__file__).parents[5]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "tests/vectors/tdh2-0x01.json").read_text(encoding="utf-8"))
REFUSED = 96

# Prose, names of things, and slips that stand for padding: nothing follows from them but themselves.
FREE = {"about", "set", "name", "op"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every string and number."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    elif value is not None:
        yield path


def changed(value: Any) -> Any:
    """Return another value of the same form: the last hex digit or the number differs."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("1" if value[-1:] != "1" else "2") if value else "00"


def with_change(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return a copy of the document in which one value differs."""
    copied = copy.deepcopy(document)
    place: Any = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = changed(place[path[-1]])
    return copied


def only(document: dict[str, Any], *sections: str) -> dict[str, Any]:
    return {name: document[name] for name in ("suite", *sections)}


class TestSharedVectors:
    def test_every_value_is_what_its_inputs_give(self) -> None:
        report = check(DOCUMENT)
        assert report.differences == []
        assert report.checked > 1500

    @pytest.mark.parametrize("index", range(REFUSED), ids=[case["name"] for case in DOCUMENT["negative"]])
    def test_negative_case_is_refused_for_its_reason(self, index: int) -> None:
        document = only(DOCUMENT, "keysets") | {"negative": [DOCUMENT["negative"][index]]}
        alone = check(only(DOCUMENT, "keysets"))
        report = check(document)
        assert (report.differences, report.checked) == ([], alone.checked + 1)

    def test_there_are_as_many_negative_cases_as_are_tested(self) -> None:
        assert len(DOCUMENT["negative"]) == REFUSED


class TestChecker:
    @pytest.mark.parametrize("section", ["constants", "keysets", "padding"])
    def test_names_every_changed_value(self, section: str) -> None:
        document = only(DOCUMENT, section)
        for path in leaves(document[section], (section,)):
            if "dealers" not in path:  # any k old holders could have dealt: the choice follows from nothing
                assert check(with_change(document, path)).differences, path

    @pytest.mark.parametrize("dealers", [[1, 3], [1, 3, 3], [0, 1, 3], [1, 3, 6], [3, 1, 5]])
    def test_names_dealers_who_are_not_k_old_holders(self, dealers: list[int]) -> None:
        document = copy.deepcopy(only(DOCUMENT, "keysets"))
        document["keysets"]["epoch2"]["dealers"] = dealers
        assert check(document).differences == ["keysets.epoch2.dealers: exactly k old holders deal does not hold"]

    def test_names_changed_values_of_cases(self) -> None:
        small = only(DOCUMENT, "keysets") | {"cases": [DOCUMENT["cases"][3]]}
        for path in leaves(small["cases"], ("cases",)):
            if path[-1] not in FREE:
                assert check(with_change(small, path)).differences, path

    @pytest.mark.parametrize("section", ["box", "dkg"])
    def test_names_changed_values_of_boxes_and_ceremonies(self, section: str) -> None:
        document = only(DOCUMENT, "keysets", section)
        paths = [path for path in leaves(document[section], (section,)) if self._decides(path)]
        for path in random.Random(section).sample(paths, 12):
            assert check(with_change(document, path)).differences, path

    @staticmethod
    def _decides(path: tuple[Any, ...]) -> bool:
        """Lines and periods may change without changing the list; slips that do not open may be anything."""
        return path[-1] not in FREE and path[1] != "list" and not (path[1] == "slips" and len(path) == 4)

    @pytest.mark.parametrize(
        "path", [("list", "root"), ("list", "q"), ("list", "deadline"), ("list", "reasons", "ann 1"), ("x",)]
    )
    def test_names_changed_facts_and_results_of_the_list(self, path: tuple[str, ...]) -> None:
        assert check(with_change(only(DOCUMENT, "keysets", "box"), ("box", *path))).differences

    def test_names_a_changed_recovery_file(self) -> None:
        report = check(with_change(only(DOCUMENT, "recovery"), ("recovery", "file")))
        assert report.differences == [
            difference for difference in report.differences if difference.startswith("recovery")
        ]
        assert report.differences

    def test_names_an_accepted_negative_case(self) -> None:
        header = {"op": "verify_header", "keyset": "n1k1", "name": "fine", "expect": "header"}
        header["header"] = DOCUMENT["cases"][0]["header"]
        report = check(only(DOCUMENT, "keysets") | {"negative": [header]})
        assert report.differences == ["negative fine: the file has header, computed is accepted"]

    def test_opening_by_the_bidder_goes_on_to_the_stream(self) -> None:
        case = dict(DOCUMENT["cases"][5])
        damaged = {"op": "bidder_open", "keyset": case["keyset"], "name": "damaged", "expect": "store", "stream": "00"}
        damaged |= {"header": case["header"], "r": case["r"]}
        assert check(only(DOCUMENT, "keysets") | {"negative": [damaged]}).differences == []

    def test_slip_that_opens_but_must_not_is_named(self) -> None:
        document = copy.deepcopy(only(DOCUMENT, "keysets", "box"))
        first = document["box"]["slips"][0]
        for name in ("fields", "body", "seed", "act", "credential", "receipt"):
            del first[name]
        assert f"box.slips {first['name']}: no body opens does not hold" in check(document).differences

    @pytest.mark.parametrize(
        "document",
        [
            {"suite": 1},
            {"suite": 2},
            {"suite": 1, "cases": [{"name": "nothing else"}]},
            {"suite": 1, "cases": 5},
            {"suite": 1, "constants": {"unheard of": "00"}},
            {"suite": 1, "surprise": {}},
            {"suite": 1, "dkg": {}},
            {"suite": 1, "recovery": {}},
            {"suite": 1, "box": {}},
        ],
    )
    def test_file_without_anything_to_hold_is_refused(self, document: dict[str, Any]) -> None:
        assert check(document).differences


class TestCommandLine:
    def test_shared_file_passes_as_a_module(
        self, vectors_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["vectors", str(vectors_path)])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_module("bidding.sealing.vectors", run_name="__main__")
        assert stopped.value.code == 0
        assert "0 differ" in capsys.readouterr().out

    def test_changed_file_fails_and_says_where(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "changed.json"
        document = with_change(only(DOCUMENT, "constants"), ("constants", "gbar"))
        file.write_text(json.dumps(document), encoding="utf-8")
        assert main([str(file)]) == 1
        assert "constants.gbar" in capsys.readouterr().out

    @pytest.mark.parametrize("content", ["[]", "{", None])
    def test_what_is_no_file_of_vectors_is_told_apart(self, tmp_path: Path, content: str | None) -> None:
        file = tmp_path / "other.json"
        if content is not None:
            file.write_text(content, encoding="utf-8")
        assert main([str(file)]) == 2

    def test_one_file_is_needed(self) -> None:
        assert main([]) == 2
