#!/usr/bin/env bash
# A repository takes in three bundles of one collection. Consent to an item of the first is withdrawn before the second
# comes, and the third shows that the sender's record was continued twice. Leaves nothing behind.
set -euo pipefail
evtool=${EVTOOL:-$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/evtool}
examples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Two people, who could be in two countries: each has keys and a trust list of their own.
as() { local who=$1; shift; printf '\n%s$ evtool %s\n' "$who" "$*"; EVTOOL_HOME=$work/home-$who "$evtool" "$@"; }
# expect CODE COMMAND...: every answer of this example is meant to be as it is.
expect() { local code=0 wanted=$1; shift; "$@" || code=$?; echo "(exit code $code)"; [ "$code" = "$wanted" ]; }

as A1 key new A1 --no-passphrase --quiet > /dev/null
as R1 key new R1 --no-passphrase --quiet > /dev/null
as R1 trust add A1 home-A1/keys/A1.pub --quiet
as A1 recipient add R1 --kind un-body --purpose un-reporting --quiet > /dev/null

# The sender seals a collection, with the terms under which the repository may have it.
cp -r "$examples/interview-0042" .
cat > terms.toml <<'TOML'
format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "named"
[directory.consent]
share = ["R1"]
status = "given"
by = "subject"
for = ["un-reporting"]
identity = "to-recipient"
onward = "ask"
defence = "ask"
TOML
as A1 seal interview-0042 --defaults terms.toml --quiet > /dev/null
to=(--to R1 --for un-reporting --authority DSA-2026-04 --quiet)

# The repository begins: an empty catalogue, and what it asks of a bundle.
mkdir inbox vault receipts
as R1 catalogue init repository.cat
as R1 catalogue location add repository.cat store --root vault
printf 'format = "evtool-intake-policy/1"\ncodes = ["R1"]\n' > intake.toml
desk=(--catalogue repository.cat --store vault --policy intake.toml --receipts receipts)

# The first bundle.
as A1 pack interview-0042 -o inbox/one.zip --items 1-2 "${to[@]}" > /dev/null
expect 0 as R1 intake inbox "${desk[@]}"

# Somebody copies the record to a laptop. A witness withdraws consent; the sender records it, and tells every holder by a
# notice: a small signed file without names. The next bundle brings the same news, but not about which item.
cp -r interview-0042 laptop
as A1 consent set interview-0042 --items 1 --status withdrawn --reason "letter of 3 March" --quiet > /dev/null
as A1 consent recall interview-0042 --items 1 --notice march.notice --quiet
expect 0 as R1 catalogue recall repository.cat --notice march.notice
as A1 pack interview-0042 -o inbox/two.zip --items 3 "${to[@]}" > /dev/null
expect 0 as R1 intake inbox "${desk[@]}"

# On the laptop the old record was continued, too: two entries follow the same one. Nobody can tell which is right.
as A1 record laptop accessed --reason "shown to a lawyer" --quiet > /dev/null
as A1 pack laptop -o inbox/three.zip --items 2 "${to[@]}" > /dev/null
expect 1 as R1 intake inbox "${desk[@]}"
expect 0 as R1 intake list --catalogue repository.cat

# In the years after: every copy is read once in its cycle (here all of them, as that is a day), and the list of the
# morning says what is due.
expect 0 as R1 catalogue audit repository.cat --budget 2h --cycle 1d
expect 0 as R1 catalogue due repository.cat --within 60d
ls receipts
