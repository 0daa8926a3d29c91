#!/usr/bin/env bash
# An ingestion job: verifies every directory of an inbox against the keys in a trust file, and sorts them.
#
#   ingest.sh INBOX ACCEPTED QUARANTINE TRUST
#
# Accepted is what verifies (exit code 0). Everything else goes to quarantine with its report beside it, so that a
# person can see why: 1 is a proven mismatch, 3 a key nobody vouched for, 4 something that could not be checked.
set -euo pipefail
inbox=$1 accepted=$2 quarantine=$3 trust=$4
mkdir -p "$accepted" "$quarantine"

for directory in "$inbox"/*/; do
  [ -d "$directory" ] || continue
  name=$(basename "$directory")
  if [ -e "$accepted/$name" ] || [ -e "$quarantine/$name" ]; then
    printf '%q: is there already, left alone\n' "$name" >&2
    continue
  fi
  code=0
  report=$(evtool verify --json --quiet --trust "$trust" "$directory") || code=$?
  if [ "$code" = 0 ]; then
    mv -- "$directory" "$accepted/$name"
  else
    printf '%s\n' "$report" > "$quarantine/$name.json"
    mv -- "$directory" "$quarantine/$name"
  fi
  printf '%q: %s\n' "$name" "$code"
done
