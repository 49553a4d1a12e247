#!/usr/bin/env bash
# Everything about contracts/: format, forge's tests with what calls cost, artifacts against sources, static analysis.
# A changed cost on purpose: FORGE_SNAPSHOT_EMIT=true forge test --match-contract Gas.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH:$PWD/.venv/bin"

forge fmt --check contracts tests/contracts
FORGE_SNAPSHOT_CHECK=true forge test
.venv/bin/python -m scripts.contracts check
scripts/slither.sh
