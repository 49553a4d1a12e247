"""`python -m scripts.bench [--quick] [--json]`: what `sunbid bench` runs."""

from __future__ import annotations

from api.cli.bench import COMMANDS

if __name__ == "__main__":
    COMMANDS["bench"]()
