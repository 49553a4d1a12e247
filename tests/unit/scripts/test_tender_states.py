"""The documentation of a tender's life is what the table says."""

from __future__ import annotations

from bidding.tender.domain import TABLE
from bidding.tender.rules import shipped
from scripts.tender_states import PATH, render


def test_the_shipped_document_is_up_to_date() -> None:
    assert PATH.read_text() == render()


def test_it_has_every_step_and_every_parameter_with_its_source() -> None:
    text = render()
    assert all(f"| {row.step} |" in text for row in TABLE)
    for pack in shipped().values():
        assert all(f"| {name} |" in text and source.article in text for name, source in pack.sources.items())
