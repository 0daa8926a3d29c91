#!/usr/bin/env bash
# Seals a copy of the example, verifies it, changes one file and verifies again. Leaves nothing behind.
set -euo pipefail
evtool=${EVTOOL:-$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/evtool}
examples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export EVTOOL_HOME=$work/home

cp -r "$examples/interview-0042" "$work/"
cd "$work"

run() { printf '$ evtool %s\n' "$*"; "$evtool" "$@"; }

run key new A1 --no-passphrase --quiet
echo
run seal interview-0042
echo
run verify interview-0042
echo
echo '$ echo "one more line" >> interview-0042/letter.txt'
echo "one more line" >> interview-0042/letter.txt
code=0
run verify interview-0042 || code=$?
echo
echo "The exit code is $code: a mismatch is proven."
[ "$code" = 1 ]
