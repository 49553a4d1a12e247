#!/usr/bin/env bash
# The chain suite on every network: anvil, Ganache and four go-ethereum validators; it fails if one is left out. With
# BESU_RPC_URLS (one or several, comma-separated) and SUNBID_CHAIN_KEY it runs on that network instead. Arguments go to
# pytest and let networks be left out: scripts/chains.sh -k clique.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

if [ -z "${BESU_RPC_URLS:-}" ]; then
    python -m scripts.network build >/dev/null
fi
if [ $# -gt 0 ]; then
    exec python -m pytest tests/chains "$@"
fi
# Most of the time goes into waiting for blocks: more processes than cores.
exec python -m pytest tests/chains --every-network --numprocesses 6 --dist loadgroup --quiet --durations 10
