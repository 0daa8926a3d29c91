"""Links are followed as systems do: through other links, step by step, and without end to end only where they loop."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from evtool.core.container.link_paths import LinkPaths
from tests.attacks.trees import leads_outside

LINKS = {
    "sub/up": "..",
    "sub/here": ".",
    "outside": "../elsewhere",
    "absolute": "/etc",
    "loop": "loop2/x",
    "loop2": "loop",
    "chain": "sub/up/sub/up/sub",
    "deep/er": "../sub/here/here/up",
}


@pytest.mark.parametrize(
    ("directory", "target", "inside"),
    [
        ("", "a", True),
        ("", "sub/up/secret", True),
        ("", "sub/up/../secret", False),
        ("", "sub/nothing/../up/../x", False),
        ("sub", "..", True),
        ("sub", "../..", False),
        ("", "sub/here/here/here/up/a", True),
        ("", "sub/here/up/..", False),
        ("", "outside", False),
        ("", "outside/../a", False),
        ("", "absolute/passwd", False),
        ("", "/etc/passwd", False),
        ("", "loop", True),
        ("", "loop/../../x", True),
        ("", "chain/up", True),
        ("", "chain/up/..", False),
        ("", "SUB/UP/../secret", False),
        ("deep", "er/../..", False),
        ("", "deep/er/sub", True),
        ("", "a/b/../../..", False),
        ("", "a/b/../../c/./", True),
    ],
)
def test_a_target_is_inside_if_every_step_is(directory: str, target: str, inside: bool) -> None:
    for _ in range(2):  # what was found out once is remembered, and the same
        paths = LinkPaths(LINKS.items())
        assert paths.leads_inside(directory, target) is inside
        assert paths.leads_inside(directory, target) is inside


def test_links_that_are_one_to_a_system_without_case_lead_nowhere_good() -> None:
    paths = LinkPaths([("up", "."), ("UP", "sub"), ("Up", ".")])
    assert not paths.leads_inside("", "up/x")
    assert paths.leads_inside("", "x/up")


def test_the_answer_is_that_of_a_walk_over_real_links(tmp_path: Path) -> None:
    """Random links, made for real, and followed by code that knows nothing of this one."""
    dice = random.Random(1)
    outside = 0
    for trial in range(200):
        root = tmp_path / str(trial)
        (root / "a" / "b").mkdir(parents=True)
        (root / "c").mkdir()
        links: dict[str, str] = {}
        for number in range(6):
            name = dice.choice(["", "a/", "a/b/", "c/"]) + f"l{number}"
            steps = ["..", "..", "a", "b", "c", ".", *(f"l{other}" for other in range(6))]
            links[name] = "/".join(dice.choice(steps) for _ in range(dice.randint(1, 4)))
            (root / name).symlink_to(links[name])
        paths = LinkPaths(links.items())
        for name, target in links.items():
            leads_out = leads_outside(root, name.encode())
            outside += leads_out
            assert paths.leads_inside(name.rpartition("/")[0], target) != leads_out, (trial, links, name)
    assert outside > 50


def test_a_target_tells_every_name_that_is_written_in_it() -> None:
    paths = LinkPaths([("way", "open"), ("secret-way", "open")])
    for told in ("open/a.txt", "way"):
        paths.tell(told)
    assert paths.tells_only_told("", "open/a.txt")
    assert paths.tells_only_told("", "way/a.txt")
    assert paths.tells_only_told("", "open/../open/a.txt")
    assert not paths.tells_only_told("", "secret/../open/a.txt")
    assert not paths.tells_only_told("", "secret-way/a.txt")
    assert not paths.tells_only_told("", "open/b.txt")
    assert not paths.tells_only_told("", "../open/a.txt")
    assert not paths.tells_only_told("", "/open/a.txt")


def test_long_chains_and_wide_fans_of_links_take_no_time() -> None:
    """What a stranger signs: each link leads over two others, so followed anew each time it would never end."""
    links = [(f"l{number}", f"l{number - 1}/l{number - 1}") for number in range(1, 20_000)]
    paths = LinkPaths([("l0", "."), *links])
    started = time.process_time()
    assert paths.leads_inside("", "l19999/x")
    assert not paths.leads_inside("", "l19999/..")
    assert time.process_time() - started < 5
