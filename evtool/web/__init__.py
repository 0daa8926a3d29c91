"""Checks that do without evtool: what a sceptic runs in its place, written to a file by `evtool page`.

None of it shares code with evtool, and evtool imports none of it. It is read and checked by people, and it never
travels with evidence: nobody must get used to running what came from a stranger. So that a copy from anywhere can be
compared, its SHA-256 is the same in every installation of one version, and records, bundles and reports name it.
"""
