"""The user's own trust file: what evtool writes, ssh-keygen obeys, and what others wrote stays."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from evtool.core.errors import FormatError, InputError, KeyFileError, UsageError
from evtool.core.ssh.allowed_signers import TrustStatus
from evtool.core.ssh.signature import ED25519, NAMESPACE, PublicKey, serialize_signature, signed_data
from evtool.keys.home import trust_file
from evtool.keys.trust import REVOKED_ALTOGETHER, add_signer, check_new_signer, load_trust, revoke

SEED = bytes(range(32))
KEY = PublicKey(ED25519, bytes(SigningKey(SEED).verify_key))
OTHER = PublicKey(ED25519, bytes(SigningKey(bytes(32)).verify_key))
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def status(home: Path, at: datetime = MARCH, code: str = "A03") -> TrustStatus:
    return load_trust(home=home).judge(KEY, code, NAMESPACE, at).status


def ssh_keygen_trusts(home: Path, at: datetime = MARCH, code: str = "A03") -> bool:
    armored = serialize_signature(KEY, SigningKey(SEED).sign(signed_data(b"m")).signature)
    (home / "m.sig").write_bytes(armored)
    files = ["-f", str(trust_file(home)), "-s", str(home / "m.sig")]
    command = ["ssh-keygen", "-Y", "verify", *files, "-I", code, "-n", NAMESPACE]
    moment = at.strftime("verify-time=%Y%m%d%H%M%SZ")
    run = subprocess.run([*command, "-O", moment], input=b"m", capture_output=True, check=False)
    assert b"bad options" not in run.stderr
    return run.returncode == 0


def test_nobody_is_trusted_before_somebody_was_added(tmp_path: Path) -> None:
    """No file, no trust, and reading makes no file; a file that the user named must be there."""
    home = tmp_path / "home"
    assert status(home) is TrustStatus.UNKNOWN_KEY
    assert not home.exists()
    with pytest.raises(InputError, match="No such file"):
        load_trust(tmp_path / "trust")


def test_a_key_counts_for_its_agent_use_and_time(tmp_path: Path) -> None:
    """To the second, for evtool and ssh-keygen alike."""
    signer = add_signer("A03", KEY, valid_after=MARCH, valid_before=MARCH + 2 * SECOND, home=tmp_path)

    assert signer.line_number == 1
    for at, expected in [
        (MARCH - SECOND, TrustStatus.NOT_YET_VALID),
        (MARCH, TrustStatus.TRUSTED),
        (MARCH + 2 * SECOND, TrustStatus.TRUSTED),
        (MARCH + 3 * SECOND, TrustStatus.NO_LONGER_VALID),
    ]:
        assert status(tmp_path, at) is expected
        assert ssh_keygen_trusts(tmp_path, at) is (expected is TrustStatus.TRUSTED)
    assert status(tmp_path, code="B07") is TrustStatus.OTHER_AGENT
    assert trust_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_key_is_trusted_once_and_for_one_agent(tmp_path: Path) -> None:
    """A second line could undo a revocation, or give one key two owners."""
    add_signer("A03", KEY, home=tmp_path)
    before = trust_file(tmp_path).read_bytes()

    with pytest.raises(UsageError, match=r"already trusted for A03 \(line 1"):
        add_signer("A03", KEY, home=tmp_path)
    with pytest.raises(UsageError, match=r"already trusted for A03 .*, and a key belongs to one agent"):
        add_signer("B07", KEY, another_key=True, home=tmp_path)
    revoke("A03", MARCH, home=tmp_path)
    with pytest.raises(UsageError, match="trusted only until 2026-03-01T00:00:00"):
        add_signer("A03", KEY, another_key=True, home=tmp_path)

    assert trust_file(tmp_path).read_bytes() == before.replace(b'v1" ', b'v1",valid-before="20260301000000Z" ')


def test_a_second_key_of_an_agent_needs_a_second_look(tmp_path: Path) -> None:
    """Whoever sends "my new key" may not be who they say they are."""
    add_signer("A03", KEY, home=tmp_path)
    with pytest.raises(UsageError, match=f"A03 already has another key, {KEY.fingerprint.replace('+', '.')}") as caught:
        add_signer("A03", OTHER, home=tmp_path)
    assert "--as-of DATE" in caught.value.hint
    assert "--another-key" in caught.value.hint
    with pytest.raises(UsageError, match="already has another key"):
        check_new_signer("A03", tmp_path)

    assert add_signer("A03", OTHER, another_key=True, home=tmp_path).line_number == 2
    revoke(KEY.fingerprint, MARCH, home=tmp_path)
    revoke(OTHER.fingerprint, MARCH, home=tmp_path)
    check_new_signer("A03", tmp_path)


def test_a_key_trusted_for_something_else_may_be_trusted_for_custody_too(tmp_path: Path) -> None:
    """The file may serve git or backups as well."""
    home = tmp_path
    trust_file(home).write_text(f'kim@archive namespaces="git" {KEY.line}\n')
    trust_file(home).chmod(0o600)
    assert status(home) is TrustStatus.OTHER_AGENT
    add_signer("A03", KEY, home=home)
    assert status(home) is TrustStatus.TRUSTED


def test_revoked_as_of_a_date_what_was_signed_before_counts(tmp_path: Path) -> None:
    """The laptop was stolen then; the end itself still belongs to the good time."""
    add_signer("A03", KEY, home=tmp_path)

    (signer,) = revoke("A03", MARCH, home=tmp_path)

    assert signer.valid_before == MARCH
    for at in (MARCH, MARCH + SECOND):
        assert (status(tmp_path, at) is TrustStatus.TRUSTED) is ssh_keygen_trusts(tmp_path, at) is (at == MARCH)
    assert status(tmp_path, MARCH + SECOND) is TrustStatus.NO_LONGER_VALID
    assert revoke("A03", MARCH + SECOND, home=tmp_path) == (signer,), "a later revocation must not extend trust"
    assert revoke("A03", MARCH - SECOND, home=tmp_path)[0].valid_before == MARCH - SECOND


@pytest.mark.parametrize("valid_after", [None, MARCH])
def test_revoked_without_a_date_nothing_counts_and_the_reason_is_known(
    valid_after: datetime | None, tmp_path: Path
) -> None:
    """The line stays valid for ssh-keygen too; a broken line would say "unknown key" and hide the revocation."""
    add_signer("A03", KEY, valid_after=valid_after, home=tmp_path)

    (signer,) = revoke(KEY.fingerprint, home=tmp_path)

    assert signer.valid_before
    assert signer.valid_before <= REVOKED_ALTOGETHER
    for at in (datetime(1990, 1, 1, tzinfo=UTC), MARCH, MARCH + SECOND):
        assert status(tmp_path, at) is TrustStatus.NO_LONGER_VALID
        assert not ssh_keygen_trusts(tmp_path, at)
    assert load_trust(home=tmp_path).skipped == ()


def test_revoking_as_of_before_the_first_valid_moment_widens_nothing(tmp_path: Path) -> None:
    """An interval that would end before it begins is closed altogether, for all times."""
    add_signer("A03", KEY, valid_after=MARCH, home=tmp_path)
    revoke("A03", MARCH - 1000 * SECOND, home=tmp_path)
    for at in (MARCH - 2000 * SECOND, MARCH - 1000 * SECOND, MARCH, MARCH + SECOND):
        assert status(tmp_path, at) is TrustStatus.NO_LONGER_VALID
        assert not ssh_keygen_trusts(tmp_path, at)


def test_a_date_before_1970_revokes_altogether(tmp_path: Path) -> None:
    """ssh-keygen keeps no such times."""
    add_signer("A03", KEY, home=tmp_path)
    revoke("A03", datetime(1950, 1, 1, tzinfo=UTC), home=tmp_path)
    assert status(tmp_path) is TrustStatus.NO_LONGER_VALID


def test_what_others_wrote_stays_byte_for_byte(tmp_path: Path) -> None:
    """Comments, blank lines, keys of other kinds, line ends of Windows, bytes that are no text, no last newline."""
    foreign = (
        b"# keys of the archive \xff\r\n\r\n"
        b"nightly cert-authority ssh-ed25519 AAAA\r\n"
        b"rsa@archive ssh-rsa AAAAB3 kim@archive\r\n"
        b'A03\t namespaces="file,evtool-*"\t' + KEY.line.encode() + b" kim's key \xed\x95\r\n"
        b"# end"
    )
    trust_file(tmp_path).write_bytes(foreign)
    trust_file(tmp_path).chmod(0o600)

    add_signer("B07", OTHER, home=tmp_path)
    revoke("A03", MARCH, home=tmp_path)

    changed = foreign.replace(b'evtool-*"', b'evtool-*",valid-before="20260301000000Z"')
    added = f'\nB07 namespaces="{NAMESPACE}" {OTHER.line}\n'.encode()
    assert trust_file(tmp_path).read_bytes() == changed + added
    trust = load_trust(home=tmp_path)
    assert [skipped.line_number for skipped in trust.skipped] == [3, 4]
    assert [signer.line_number for signer in trust.signers] == [5, 7]


def test_a_line_for_many_agents_is_not_revoked_for_one(tmp_path: Path) -> None:
    """It would end the trust in the others; by its fingerprint the user can."""
    trust_file(tmp_path).write_text(f"A* {KEY.line}\nA03 {OTHER.line}\n")
    trust_file(tmp_path).chmod(0o600)
    before = trust_file(tmp_path).read_bytes()
    with pytest.raises(UsageError, match=r"line 1 of the trust file is for A\*, not for A03 alone") as caught:
        revoke("A03", home=tmp_path)
    assert KEY.fingerprint in caught.value.hint
    assert trust_file(tmp_path).read_bytes() == before

    revoke(KEY.fingerprint, home=tmp_path)
    assert status(tmp_path) is TrustStatus.NO_LONGER_VALID


def test_who_is_not_trusted_cannot_be_revoked(tmp_path: Path) -> None:
    """A slip in the code must not look like success; nothing is written."""
    for name in ("A03", KEY.fingerprint, "SHA256:", "", "A\x1b[31m"):
        with pytest.raises(UsageError, match="no key is trusted for"):
            revoke(name, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("code", "after", "before"),
    [("A 03", None, None), ("*", None, None), ("A03", MARCH, MARCH), ("A03", MARCH, MARCH - SECOND)],
)
def test_nothing_that_ssh_keygen_would_read_differently_is_written(
    code: str, after: datetime | None, before: datetime | None, tmp_path: Path
) -> None:
    """A blank, a wildcard, an interval without a moment in it."""
    with pytest.raises(FormatError):
        add_signer(code, KEY, valid_after=after, valid_before=before, home=tmp_path)
    assert not trust_file(tmp_path).exists()


def test_a_trust_file_that_others_can_change_decides_nothing(tmp_path: Path) -> None:
    """Whoever can write it decides the verdict. It may be readable: there is nothing secret in it."""
    add_signer("A03", KEY, home=tmp_path)
    trust_file(tmp_path).chmod(0o644)
    assert status(tmp_path) is TrustStatus.TRUSTED
    for mode in (0o664, 0o646):
        trust_file(tmp_path).chmod(mode)
        with pytest.raises(KeyFileError, match=rf"can be changed by other users \(mode {mode:04o}\)"):
            load_trust(home=tmp_path)
    trust_file(tmp_path).chmod(0o600)
    tmp_path.chmod(0o777)
    for action in (lambda: load_trust(home=tmp_path), lambda: add_signer("B07", OTHER, home=tmp_path)):
        with pytest.raises(KeyFileError, match="other users may replace files"):
            action()
    tmp_path.chmod(0o700)


def test_a_file_that_the_user_named_is_read_wherever_it_is(tmp_path: Path) -> None:
    """On a stick with a file system without permissions everything is open to all."""
    path = tmp_path / "trust"
    path.write_text(f"A03 {KEY.line}\n")
    path.chmod(0o666)
    assert load_trust(path).judge(KEY, "A03", NAMESPACE, MARCH).status is TrustStatus.TRUSTED
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(InputError, match="more than 1048576 bytes"):
        load_trust(path)


def test_a_linked_trust_file_is_changed_where_it_is(tmp_path: Path) -> None:
    """The link stays; one that leads nowhere is told, not taken for an empty file."""
    home, vault = tmp_path / "home", tmp_path / "vault"
    home.mkdir(mode=0o700)
    vault.mkdir(mode=0o700)
    (vault / "signers").touch(mode=0o600)
    trust_file(home).symlink_to(vault / "signers")
    add_signer("A03", KEY, home=home)
    assert trust_file(home).is_symlink()
    assert KEY.line in (vault / "signers").read_text()
    assert sorted(os.listdir(vault)) == ["signers"]

    (vault / "signers").unlink()
    with pytest.raises(InputError, match="No such file"):
        load_trust(home=home)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """And no temporary one; what was trusted stays trusted."""
    add_signer("A03", KEY, home=tmp_path)
    before = trust_file(tmp_path).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))
    try:
        with pytest.raises(KeyFileError, match="cannot be written: File too large"):
            add_signer("B07", OTHER, home=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert trust_file(tmp_path).read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["allowed_signers", "keys"]


ADD_TEN = """
import sys
from pathlib import Path
from nacl.signing import SigningKey
from evtool.core.ssh.key import ED25519, PublicKey
from evtool.keys.trust import add_signer
for number in range(10):
    code = f"{sys.argv[2]}{number}"
    key = PublicKey(ED25519, bytes(SigningKey(code.encode().ljust(32)).verify_key))
    add_signer(code, key, home=Path(sys.argv[1]))
"""


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each reads, adds and replaces the file; without the lock the later one would drop the other's lines."""
    runs = [subprocess.Popen([sys.executable, "-c", ADD_TEN, str(tmp_path), name]) for name in "AB"]
    assert [run.wait() for run in runs] == [0, 0]

    trust = load_trust(home=tmp_path)
    assert sorted(signer.principals[0] for signer in trust.signers) == [f"{n}{i}" for n in "AB" for i in range(10)]
    assert sorted(os.listdir(tmp_path)) == ["allowed_signers", "keys"]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("text", ["20260115", "202607151200"])
def test_a_time_without_a_zone_is_that_of_this_machine_as_for_ssh_keygen(zone: str, text: str, tmp_path: Path) -> None:
    """ssh-keygen counts in standard time even in summer; an hour of difference would be another verdict."""
    trust_file(tmp_path).write_text(f'A03 valid-before="{text}" {KEY.line}\n')
    program = (
        "import sys\nfrom pathlib import Path\nfrom evtool.keys.trust import load_trust\n"
        "print(load_trust(Path(sys.argv[1])).signers[0].valid_before.isoformat())"
    )
    environment = os.environ | {"TZ": zone}
    command = [sys.executable, "-c", program, str(trust_file(tmp_path))]
    run = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    end = datetime.fromisoformat(run.stdout.strip())

    armored = serialize_signature(KEY, SigningKey(SEED).sign(signed_data(b"m")).signature)
    (tmp_path / "m.sig").write_bytes(armored)
    for at, expected in ((end, 0), (end + SECOND, 255)):
        verify = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", "A03", "-n", NAMESPACE, "-s", "m.sig"]
        moment = at.strftime("verify-time=%Y%m%d%H%M%SZ")
        judged = subprocess.run([*verify, "-O", moment], cwd=tmp_path, env=environment, input=b"m", capture_output=True)
        assert judged.returncode == expected
