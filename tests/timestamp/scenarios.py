"""All scenarios of the vectors, in the order of the verification's steps."""

from __future__ import annotations

from collections.abc import Iterator

from tests.timestamp import scenarios_bytes, scenarios_signature, scenarios_statement, scenarios_trust
from tests.timestamp.vector import Vector
from tests.timestamp.workshop import Workshop

_GROUPS = (
    scenarios_bytes.wrong_files,
    scenarios_bytes.wrong_encodings,
    scenarios_bytes.wrong_status,
    scenarios_bytes.wrong_envelopes,
    scenarios_statement.good_statements,
    scenarios_statement.wrong_statements,
    scenarios_statement.wrong_answers,
    scenarios_statement.wrong_times,
    scenarios_statement.wrong_numbers,
    scenarios_statement.bound_to_policy,
    scenarios_signature.good_algorithms,
    scenarios_signature.good_envelopes,
    scenarios_signature.wrong_attributes,
    scenarios_signature.wrong_ess,
    scenarios_signature.wrong_signatures,
    scenarios_trust.profiles,
    scenarios_trust.paths,
    scenarios_trust.anchor_windows,
    scenarios_trust.hostile_names,
    scenarios_trust.expiry,
    scenarios_trust.stale_evidence,
    scenarios_trust.revocations,
    scenarios_trust.ocsp_answers,
    scenarios_trust.algorithm_ends,
)


def all_scenarios(workshop: Workshop) -> Iterator[Vector]:
    """Give every scenario, made with this workshop's keys."""
    for group in _GROUPS:
        yield from group(workshop)
