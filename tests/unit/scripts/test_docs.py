"""Generated documents are what the code gives, and name what they promise to name."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.authorisation import RULES
from ledger.acts import ACTS
from scripts.docs import DOCUMENTS, acts, http, main, stale


def test_the_shipped_documents_are_up_to_date() -> None:
    assert stale() == []


def test_a_changed_or_missing_document_is_named(tmp_path: Path) -> None:
    for name, render in DOCUMENTS.items():
        (tmp_path / name).write_text(render())
    assert stale(tmp_path) == []
    (tmp_path / "acts.md").write_text(acts() + " ")
    (tmp_path / "http.md").unlink()
    assert stale(tmp_path) == ["acts.md", "http.md"]


def test_check_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("scripts.docs.DOCUMENTS", {"acts.md": lambda: "something else"})
    assert main(["--check"]) == 1
    assert "docs/acts.md is out of date: make docs" in capsys.readouterr().err


def test_every_act_has_its_type_and_every_address_its_row() -> None:
    assert all(f"\n## {name}\n" in acts() and f"\n{name}(" in acts() for name in ACTS)
    assert all(f"| {method} | `{path}` |" in http() for method, path in RULES)
