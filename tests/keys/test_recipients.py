"""The user's list of recipients: what it may say, and whose hands it must be in."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.consent.decision import RecipientKind
from evtool.core.errors import FormatError, InputError, KeyFileError, UsageError
from evtool.core.terms.terms import Purpose
from evtool.keys.recipients import load_recipients
from tests.keys.lists import parse_recipients

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
AGE_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
FILE = f"""
format = "evtool-recipients/1"

[recipient.ohchr-dprk]
organisation = "ohchr"
kinds = ["un-body"]
purposes = ["un-reporting", "x-archive"]
agreements = ["DSA-2026-04"]
region = "CH"
death_penalty = false
keys = ["{AGE_KEY}", "{SSH_KEY}"]
signing_keys = ["{SSH_KEY}"]

[recipient.stranger]
kinds = []
purposes = []
"""


def test_what_a_file_says() -> None:
    known = parse_recipients(FILE.encode()).find("ohchr-dprk")
    recipient = known.recipient
    assert (recipient.organisation, recipient.region, recipient.death_penalty) == ("ohchr", "CH", False)
    assert recipient.kinds == {RecipientKind.UN_BODY}
    assert recipient.purposes == {Purpose.UN_REPORTING, "x-archive"}
    assert known.keys == (AGE_KEY, SSH_KEY)
    assert [key.line for key in known.signing_keys] == [SSH_KEY]


def test_what_is_not_said_is_not_known() -> None:
    recipient = parse_recipients(FILE.encode()).find("stranger").recipient
    assert (recipient.organisation, recipient.region, recipient.death_penalty) == (None, None, None)
    assert not recipient.kinds | recipient.purposes | recipient.agreements


def test_somebody_who_is_not_described_is_nobody() -> None:
    with pytest.raises(UsageError, match=r"not in your list of recipients \(ohchr-dprk, stranger"):
        parse_recipients(FILE.encode()).find("ohchr")


HEAD = 'format = "evtool-recipients/1"\n[recipient.a]\n'
BOTH = 'kinds = ["ngo"]\npurposes = ["research"]\n'
REFUSED = [
    (FILE.replace("recipients/1", "recipients/2"), "format"),
    (HEAD + 'kinds = ["ngo"]', "purposes is missing"),
    (HEAD + 'purposes = ["research"]', "kinds is missing"),
    (HEAD + BOTH.replace("ngo", "charity"), "charity is not a kind"),
    (HEAD + BOTH.replace("research", "reserch"), "reserch is not accepted"),
    (HEAD + BOTH + 'region = "Korea"', "two capital letters"),
    (HEAD + BOTH + 'death_penalty = "no"', "expected true or false"),
    (HEAD + BOTH + 'keys = ["age1x"]', "neither an age"),
    (HEAD + BOTH + 'signing_keys = ["ssh-rsa AAAA"]', "recipient a: key type ssh-rsa"),
    (HEAD + BOTH + 'email = "x"', "unknown field"),
    (HEAD.replace("recipient.a", 'recipient."a b"') + BOTH, "not a code"),
    ('format = "evtool-recipients/1"\nrecipient = {a = 1}', "not a table"),
    ('format = "evtool-recipients/1"\npeople = 1', "unknown field"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_recipients(text.encode())


def test_the_own_file_must_be_in_the_users_own_hands(tmp_path: Path) -> None:
    assert not load_recipients(home=tmp_path).by_code
    file = tmp_path / "recipients.toml"
    file.write_text(FILE)
    file.chmod(0o600)
    assert set(load_recipients(home=tmp_path).by_code) == {"ohchr-dprk", "stranger"}
    file.chmod(0o666)
    with pytest.raises(KeyFileError, match="can be changed by other users"):
        load_recipients(home=tmp_path)
    # A file that the user names is the user's own decision, as with --trust.
    assert load_recipients(file).by_code
    with pytest.raises(InputError):
        load_recipients(tmp_path / "none.toml")
