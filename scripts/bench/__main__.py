"""`python -m scripts.bench [--json]`: measure the hot paths and print each as a ratio to its bare baseline."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table

from scripts.bench.paths import all_paths


def main(arguments: list[str]) -> int:
    """Print a table, or JSON with `--json`."""
    found = all_paths()
    if arguments == ["--json"]:
        print(json.dumps([comparison.to_json() for comparison in found], indent=2))
        return 0
    table = Table("path", "what", "baseline", "seconds", "× baseline")
    for one in found:
        table.add_row(one.name, one.what, one.baseline, f"{one.seconds:.4f}", f"{one.ratio:.2f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
