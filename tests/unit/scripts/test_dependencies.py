"""docs/dependencies.md has a line for every dependency, and no other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
INSTALLED_OTHERWISE = {"uv": "bootstrap.in", "slither-analyzer": "slither.in"}


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    node = json.loads((ROOT / "package.json").read_text())
    python = project["project"]["dependencies"] + [
        name for group in project["dependency-groups"].values() for name in group
    ]
    return (
        {re.split(r"[\[<>=]", name)[0] for name in python}
        | node["dependencies"].keys()
        | node["devDependencies"].keys()
    )


def test_every_dependency_has_its_line_and_no_line_is_left_over() -> None:
    lines = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert len(lines) == len(set(lines))
    assert set(lines) == _declared() | INSTALLED_OTHERWISE.keys()


def test_every_line_says_what_for_why_and_what_else() -> None:
    rows = re.findall(r"^\| `.*$", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert all(len(row.strip("| ").split(" | ")) == 5 for row in rows)


def test_what_is_installed_otherwise_is_pinned() -> None:
    for name, file in INSTALLED_OTHERWISE.items():
        assert re.search(rf"^{name}\b", (ROOT / "requirements" / file).read_text(), re.MULTILINE)
        assert re.search(
            rf"^{name}==", (ROOT / "requirements" / file.replace(".in", ".lock")).read_text(), re.MULTILINE
        )
