#!/usr/bin/env bash
# Static analysis of contracts/ by Slither; fails on any finding that is not explained where it stands. Slither pins
# another web3 than the product, so it lives in an environment of its own, made here once.
#
# slither.config.json leaves out two detectors altogether:
# - timestamp: deadlines, periods and delays by block time are what these contracts are for; their rules are stated in
#   minutes and more, and validators, who are the cities, can shift a block by seconds.
# - calls-loop: every call in a loop goes to another contract of the deployment, over a list with a stated limit.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv-slither/.lock
if ! cmp --silent requirements/slither.lock "$stamp"; then
    printf 'slither: locked packages into .venv-slither/\n'
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python .venv-slither
    .venv/bin/uv pip install --quiet --python .venv-slither/bin/python --require-hashes -r requirements/slither.lock
    cp requirements/slither.lock "$stamp"
fi

# Its own build folders: a forge that runs at the same time is not disturbed.
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
export FOUNDRY_OUT="$build/out" FOUNDRY_CACHE_PATH="$build/cache"
export PATH="$PWD/node_modules/.bin:$PWD/.venv-slither/bin:$PATH:$PWD/.venv/bin"
slither . --config-file slither.config.json --foundry-out-directory "$build/out" "$@"
