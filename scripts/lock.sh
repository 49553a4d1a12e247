#!/usr/bin/env bash
# Pin what pyproject.toml asks for, with hashes, for every supported Python and platform. What is pinned already stays;
# `scripts/lock.sh --upgrade` takes the newest of everything.
set -euo pipefail
cd "$(dirname "$0")/.."

pin() {
    local name=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --output-file "requirements/$name.lock" "$@"
}

pin bootstrap requirements/bootstrap.in "$@"
pin run pyproject.toml "$@"
pin dev pyproject.toml --group dev "$@"
pin node --group node "$@"
pin go --group go "$@"
pin slither requirements/slither.in "$@"
