#!/usr/bin/env bash
# Everything that can be judged without running the product.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff check .
$bin/ruff format --check .
$bin/mypy
$bin/lint-imports
$bin/python -m scripts.solidity_acts --check || { echo "contracts/libraries/Acts.sol is out of date: python -m scripts.solidity_acts" >&2; exit 1; }
$bin/python -m scripts.docs --check || { echo "generated documentation is out of date: make docs" >&2; exit 1; }
