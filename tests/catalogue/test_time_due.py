"""A repository is told when time evidence of what it holds has to be renewed, whoever had it made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.custody import make_case, make_party
from tests.cli.time_record import OLD, answer_offline, in_2025, trust
from tests.conftest import Runner
from tests.manifests.test_schemas import check
from tests.timestamp.openssl_authority import make_authority

RENEW_BY = datetime(2033, 12, 30, tzinfo=UTC)
"""A year before the certificate of the authority ends."""


def test_what_has_to_be_renewed_is_listed_and_what_has_no_time_stamp_is_counted(evtool: Runner, tmp_path: Path) -> None:
    """One collection that was stamped in 2025, one that never was, one on a disk that is away."""
    authority = make_authority(tmp_path / "tsa", "ecdsa", "2025-01-01 00:00:00")
    party = make_party(evtool, "R1")
    trust(party, authority)
    stamped, plain, away = (make_case(evtool, name) for name in ("stamped", "plain", "away"))
    in_2025(party, "seal", stamped)
    answer_offline(party, stamped, authority, OLD)
    party.ok("seal", plain)
    party.ok("seal", away)
    party.ok("catalogue", "init", "C")
    party.ok("catalogue", "add", "C", stamped, plain, away)
    away.rename(away.with_name("locked"))
    days = (RENEW_BY - datetime.now(UTC)) // timedelta(days=1)

    assert party.ok("catalogue", "due", "C", "--json").document["time_evidence"] is None
    early = party.ok("catalogue", "due", "C", "--time-evidence", "--within", f"{days - 2}d", "--json").document
    assert early["time_evidence"]["renewals"] == []
    result = party.ok("catalogue", "due", "C", "--time-evidence", "--within", f"{days + 2}d", "--json")
    check("catalogue-due", result.document)
    said = result.document["time_evidence"]
    ((path, renew_by, ends),) = [(each["path"], each["renew_by"], each["ends"]) for each in said["renewals"]]
    assert (Path(path), renew_by, ends) == (stamped, "2033-12-30", "2034-12-30")
    assert (len(said["unproven"]), len(said["unread"])) == (1, 1)
    text = party.ok("catalogue", "due", "C", "--time-evidence", "--within", f"{days + 2}d").stdout
    assert "renew time evidence by 2033-12-30: collection" in text
    assert "1 collection has no time-stamp that passes on its newest seal" in text
    assert "time evidence of 1 collection was not read" in text
