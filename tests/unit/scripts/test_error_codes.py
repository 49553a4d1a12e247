"""Every code that is raised anywhere is in the document, with where and what."""

from __future__ import annotations

from pathlib import Path

from scripts.error_codes import Raised, found, render

_SOURCE = '''
class SlipError(SunbidError):
    """Bytes that are no slip.

    More of it.
    """

    code = "slip.malformed"


class Typed(SlipError):
    code: str = "not an error by its name"


def f(x):
    raise SlipError("too long", code="slip.too_long" if x else "slip.truncated")
'''


def test_codes_are_found_in_classes_and_where_they_are_raised(tmp_path: Path) -> None:
    (tmp_path / "bidding" / "box").mkdir(parents=True)
    (tmp_path / "bidding" / "box" / "door.py").write_text(_SOURCE)
    assert set(found(tmp_path)) == {
        Raised("slip.malformed", "bidding.box.door", "SlipError", "Bytes that are no slip."),
        Raised("slip.too_long", "bidding.box.door", "SlipError"),
        Raised("slip.truncated", "bidding.box.door", "SlipError"),
    }


def test_the_document_names_status_place_and_meaning() -> None:
    assert "| `slip.too_long` | 413 | `api.routers.door`, `bidding.box.door` | SlipError" in render()
    assert "| `session.required` | 401 |" in render()


def test_what_the_framework_refuses_is_named_too() -> None:
    assert "| `page.not_found` | 404 | `api.problems` | No such address. |" in render()
    assert "| `sunbid.fault` | 500 | `api.problems` | A fault of the city's system" in render()
