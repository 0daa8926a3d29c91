"""The user's own trust in time-stamp authorities: added, listed, read again, removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.errors import FormatError, InputError, UsageError
from evtool.keys.home import home_directory
from evtool.keys.tsa_trust import (
    add_anchor,
    anchor_directory,
    find_anchor,
    load_anchors,
    load_roots,
    remove_anchor,
)
from tests.timestamp.mint import Identity, make_identity
from tests.timestamp.workshop import day

ROOT = make_identity("Trusted Root")
OTHER = make_identity("Other Root")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own, which does not exist yet."""
    monkeypatch.setenv("EVTOOL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def save(path: Path, *identities: Identity) -> Path:
    path.write_bytes(b"".join(identity.pem for identity in identities))
    return path


def test_nothing_is_trusted_by_default_and_asking_creates_nothing(home: Path) -> None:
    assert home_directory() == home
    assert load_anchors().anchors == ()
    assert not home.exists()


def test_an_anchor_comes_back_as_it_was_added(home: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "root.pem", ROOT)

    (added,) = add_anchor(file, "National authority", day(2020), day(2030), ["1.3.6.1.4.1.1"])

    (loaded,) = load_anchors().anchors
    assert loaded == added
    assert (loaded.name, loaded.use_from, loaded.use_until) == ("National authority", day(2020), day(2030))
    assert loaded.policies == {"1.3.6.1.4.1.1"}
    assert loaded.certificate == ROOT.der
    assert anchor_directory().stat().st_mode & 0o077 == 0
    assert sorted(path.suffix for path in anchor_directory().iterdir()) == [".pem", ".toml"]


def test_an_anchor_without_settings_has_no_limits_and_its_certificates_name(home: Path, tmp_path: Path) -> None:
    add_anchor(save(tmp_path / "two.pem", ROOT, OTHER))

    anchors = load_anchors().anchors
    assert [anchor.name for anchor in anchors] == ["CN=Other Root", "CN=Trusted Root"]
    assert all(anchor.in_use(day(1990)) and anchor.accepts("1.2.3") for anchor in anchors)


def test_adding_again_changes_the_settings(home: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "root.pem", ROOT)
    add_anchor(file, "old", use_until=day(2025))
    add_anchor(file, "new")

    (anchor,) = load_anchors().anchors
    assert (anchor.name, anchor.use_until) == ("new", None)


@pytest.mark.parametrize("by", ["name", "fingerprint", "grouped"])
def test_an_anchor_is_removed_by_name_or_fingerprint(by: str, home: Path, tmp_path: Path) -> None:
    (anchor,) = add_anchor(save(tmp_path / "root.pem", ROOT), "mine")
    fingerprint = anchor.fingerprint
    which = {
        "name": "mine",
        "fingerprint": fingerprint[:8],
        "grouped": f"SHA256:{fingerprint[:4]} {fingerprint[4:16].upper()}",
    }

    assert remove_anchor(which[by]) == anchor
    assert load_anchors().anchors == ()
    assert list(anchor_directory().iterdir()) == []


@pytest.mark.parametrize("which", ["", "unknown", "0000000", "*"])
def test_what_does_not_name_one_anchor_removes_none(which: str, home: Path, tmp_path: Path) -> None:
    add_anchor(save(tmp_path / "root.pem", ROOT), "mine")
    with pytest.raises(UsageError):
        remove_anchor(which)
    assert len(load_anchors().anchors) == 1


def test_two_anchors_of_one_name_are_not_guessed_between(home: Path, tmp_path: Path) -> None:
    add_anchor(save(tmp_path / "a.pem", ROOT), "same")
    add_anchor(save(tmp_path / "b.pem", OTHER), "same")
    with pytest.raises(UsageError, match="2 time-stamp anchors"):
        find_anchor("same")


def test_an_exchanged_certificate_is_not_trusted(home: Path, tmp_path: Path) -> None:
    """Somebody puts another certificate in the place of the one that was added."""
    (anchor,) = add_anchor(save(tmp_path / "root.pem", ROOT), "mine")
    save(anchor_directory() / f"{anchor.fingerprint[:32]}.pem", OTHER)

    found = load_anchors()
    assert found.anchors == ()
    assert "fingerprint" in found.problems[0]


def test_a_certificate_without_settings_in_the_home_is_not_trusted(home: Path, tmp_path: Path) -> None:
    add_anchor(save(tmp_path / "root.pem", ROOT), "mine")
    save(anchor_directory() / "dropped-in.pem", OTHER)

    found = load_anchors()
    assert [anchor.name for anchor in found.anchors] == ["mine"]
    assert "dropped-in.toml is missing" in found.problems[0]


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "format = 'evtool-tsa-anchor/2'",
        "not toml",
        "format = 'evtool-tsa-anchor/1'\nextra = 1",
        "x = " + "[" * 9000,
    ],
)
def test_broken_settings_trust_nothing(settings: str, home: Path, tmp_path: Path) -> None:
    (anchor,) = add_anchor(save(tmp_path / "root.pem", ROOT), "mine")
    (anchor_directory() / f"{anchor.fingerprint[:32]}.toml").write_text(settings)

    found = load_anchors()
    assert found.anchors == ()
    assert len(found.problems) == 1


def test_a_window_without_zone_is_refused(home: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "root.pem", ROOT)
    with pytest.raises(FormatError, match="time zone"):
        add_anchor(file, "mine", use_from=day(2025).replace(tzinfo=None))
    with pytest.raises(FormatError, match="before it begins"):
        add_anchor(file, "mine", use_from=day(2025), use_until=day(2024))
    with pytest.raises(FormatError):
        add_anchor(file, "mine", policies=["not.dotted"])
    assert load_anchors().anchors == ()


def test_one_name_cannot_serve_two_certificates(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        add_anchor(save(tmp_path / "two.pem", ROOT, OTHER), "mine")


def test_a_file_with_one_bad_block_adds_nothing(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(ROOT.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(FormatError, match="certificate 2"):
        add_anchor(file)
    assert not home.exists()


def test_roots_are_read_from_a_file_with_bad_blocks_named(tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    broken = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"
    file.write_bytes(ROOT.pem + broken + OTHER.pem + ROOT.pem)

    found = load_roots(file)
    assert {anchor.certificate for anchor in found.anchors} == {ROOT.der, OTHER.der}
    assert len(found.problems) == 1
    assert "certificate 2" in found.problems[0]


def test_roots_are_read_from_a_folder_with_settings_beside_them(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "other.crt").write_bytes(OTHER.der)
    add_anchor(save(tmp_path / "root.pem", ROOT), "with window", use_until=day(2025), directory=folder)
    (folder / "README").write_text("not a certificate")

    found = load_roots(folder)
    assert [(anchor.name, anchor.use_until) for anchor in found.anchors] == [
        ("CN=Other Root", None),
        ("with window", day(2025)),
    ]
    assert found.problems == ()


def test_a_folder_with_broken_files_still_gives_the_others(tmp_path: Path) -> None:
    save(tmp_path / "good.pem", ROOT)
    (tmp_path / "bad\u202e.pem").write_bytes(b"nothing")
    found = load_roots(tmp_path)
    assert len(found.anchors) == 1
    assert found.problems[0].isprintable()


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x30\x03\x02\x01\x01", bytes(5 << 20)])
def test_a_file_that_holds_no_certificate_is_no_root(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_bytes(content)
    with pytest.raises(FormatError):
        load_roots(tmp_path / "x.pem")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.pem"):
        load_roots(tmp_path / "missing.pem")
