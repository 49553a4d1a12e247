"""The shared vectors, read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[3] / "vectors" / "tdh2-0x01.json"


@pytest.fixture(scope="session")
def vectors_path() -> Path:
    return VECTORS


@pytest.fixture(scope="session")
def known() -> dict[str, Any]:
    """Return the file of known answers; do not change it."""
    loaded: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return loaded
