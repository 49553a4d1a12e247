#!/usr/bin/env bash
# Python's tests on both databases, in two processes, and what they must cover. Arguments go to pytest and leave the
# gates out: scripts/test.sh -k merkle.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

TOTAL=90 # percent of lines and branches together
WHOLE="bidding/sealing/*,bidding/evaluation/formulas.py,credit/domain.py,credit/service.py,witness/log/merkle.py"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { python -m scripts.with_postgres python -m pytest --numprocesses 2 --dist loadfile "$@" | tee "$log"; }

if [ $# -gt 0 ]; then
    run "$@"
    exit
fi
started=$SECONDS
run --quiet --ignore tests/chains --durations 15 --cov --cov-report=
took=$((SECONDS - started))

gate() {
    local percent=$1
    shift
    coverage report --skip-covered --fail-under "$percent" "$@"
}
printf '\nCoverage with branches, at least %s %%:\n' "$TOTAL"
gate "$TOTAL" || failed=1
printf '\nCoverage of what has to be covered whole (%s):\n' "$WHOLE"
gate 100 --include "$WHOLE" || failed=1

printf '\nThe tests took %d:%02d minutes.\n' $((took / 60)) $((took % 60))
tail -n 1 "$log"
exit "${failed:-0}"
