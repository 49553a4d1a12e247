#!/usr/bin/env bash
# Everything that can be judged without running the product. All checks run; each that fails is named at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
failed=()

check() {
    local name=$1
    shift
    printf 'lint: %s\n' "$name"
    "$@" || failed+=("$name")
}

layers() {
    local said
    said=$(lint-imports --no-cache 2>&1) || { printf '%s\n' "$said"; return 1; }
}

check "style" ruff check --quiet .
check "format (ruff format)" ruff format --check --quiet .
check "types" mypy --no-error-summary
check "one-way imports" layers
check "contracts/libraries (python -m scripts.solidity_acts)" python -m scripts.solidity_acts --check
check "generated documentation (make docs)" python -m scripts.docs --check

if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint: failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
printf 'lint: all good\n'
