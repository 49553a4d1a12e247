"""Vectors of real nodes: Besu's QBFT, geth's Clique, anvil and Ganache (tests/vectors)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[4] / "vectors"


def load(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((VECTORS / name).read_text())
    return vectors


@pytest.fixture(scope="session")
def besu() -> dict[str, Any]:
    return load("qbft-besu.json")


@pytest.fixture(scope="session")
def geth() -> dict[str, Any]:
    return load("clique-geth.json")


@pytest.fixture(scope="session", params=["anvil", "ganache"])
def probe(request: pytest.FixtureRequest) -> dict[str, Any]:
    return load(f"storage-{request.param}.json")
