"""Attacks: generated evidence, records and intruders, each judged by an oracle that shares no code with evtool."""
