"""The format pages: short, complete, and cited rightly; each rule has its vectors, each vector its rule."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from evtool.core.custody.events import DETAILS, Event
from evtool.core.finding import Code, Effect
from evtool.core.values import names_of
from evtool.core.verdict.verdict import Step
from evtool.operations.verify.steps import STEPS

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "manifests").glob("*.md"))}
VERIFY = PAGES["FORMAT-verify.md"]
TABLE = PAGES["FORMAT-vectors.md"]
VECTORS = ROOT / "tests" / "vectors" / "verify"
RECIPES = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(VECTORS.glob("*.toml"))}

RULE = re.compile(r"^\| ([A-Z][0-9]+) \|", re.MULTILINE)
LETTERS = {"T": "text", "M": "manifest", "P": "manifest", "D": "manifest", "L": "manifest"} | dict.fromkeys(
    "RES", "entry"
)
"""First letter of a rule -> the page on which its numbers begin; E goes on in FORMAT-events.md."""


def rules_of(page: str) -> list[str]:
    return [rule for rule in RULE.findall(PAGES[f"FORMAT-{page}.md"]) if rule[0] in LETTERS]


RULES = [rule for page in ("text", "manifest", "entry", "events", "bundle") for rule in rules_of(page)]


def vector_rows() -> list[list[str]]:
    """The table of FORMAT-vectors.md: step, rule, vectors that break it, vectors that keep it."""
    table = TABLE.partition("| Step | Rule | Broken by | Kept by |\n| --- | --- | --- | --- |\n")[2]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9-]+)`", cell)


def findings_of_the_page() -> dict[str, list[str]]:
    """Code -> axis, effects, steps and meaning."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.*) \|$", PAGES["FORMAT-verdict.md"].partition("| Finding |")[2], re.MULTILINE
    )
    return {name: cells.split(" | ") for name, cells in rows}


def headings_of(text: str) -> set[str]:
    return {line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")}


def steps_of_the_page() -> set[str]:
    """`3` for each step, `3a` for each part of one."""
    found: set[str] = set()
    section = VERIFY.partition("## The steps\n")[2].partition("\n## ")[0]
    for number, body in re.findall(r"\*\*Step (\d+): [^*]+\*\*(.*?)(?=\*\*Step |\Z)", section, re.DOTALL):
        found |= {number, *(f"{number}{letter}" for letter in re.findall(r"^- ([a-z])\. ", body, re.MULTILINE))}
    return found


def sources() -> dict[str, str]:
    """Everything that may cite a page: code, tests, README, CHANGELOG, examples and the pages themselves."""
    files = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "manifests").rglob("*")]
    files += [path for folder in ("evtool", "tests", "examples") for path in (ROOT / folder).rglob("*")]
    wanted = {".py", ".md", ".toml", ".txt", ".json"}
    here = [path for path in files if path.is_file() and path.suffix in wanted and path.name != Path(__file__).name]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8", "replace") for path in here}


# --- length and completeness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_short(name: str) -> None:
    """Nobody reads a specification of a thousand lines; the index is read first."""
    assert PAGES[name].count("\n") <= (150 if name == "FORMAT.md" else 350)


def test_the_index_has_every_page() -> None:
    """FORMAT.md leads to each page, and the page about JSON to those that are made of it."""
    index = set(re.findall(r"\]\((FORMAT-[a-z-]+\.md)\)", PAGES["FORMAT.md"]))
    documents = set(re.findall(r"\]\((FORMAT-json-[a-z]+\.md)", PAGES["FORMAT-json.md"]))
    assert index | documents | {"FORMAT.md"} == set(PAGES)


def test_every_page_says_what_it_does_not_show_or_leads_to_it() -> None:
    """A reader of one page alone must not take it for more than it is."""
    made = {name for name, text in PAGES.items() if "do not edit it" in text}
    limits = re.compile(r"^## (What (this|a bundle) does not (show|prove)|What is not proven)", re.MULTILINE)
    silent = {name for name, text in PAGES.items() if not limits.search(text)} - made - {"FORMAT.md"}
    assert silent == set()


def test_the_pages_name_every_finding_and_every_event() -> None:
    """A new code or event has to be explained here before it can be printed."""
    assert {name: row[0] for name, row in findings_of_the_page().items()} == {
        code.value: code.axis.value for code in Code
    }
    events = PAGES["FORMAT-events.md"].split("## The table of events")[1].split("\n## ")[0]
    rows_of_events = dict(re.findall(r"^\| `([a-z-]+)` \|[^|]*\|([^|]*)\|", events, re.MULTILINE))
    assert set(rows_of_events) == {"event", *(event.value for event in Event)}
    for event, details in DETAILS.items():
        if event not in (Event.SEALED, Event.RENEWED):  # these have sections of their own
            wanted = set(names_of(details))
            assert wanted <= set(re.findall(r"`([a-z_]+)`", rows_of_events[event.value])), event


def test_the_page_knows_the_effects_and_the_steps_of_every_finding() -> None:
    """A code that gets another effect somewhere in the code, or a step that is renumbered, has to be told here."""
    said = findings_of_the_page()
    code = "".join(path.read_text("utf-8") for path in (ROOT / "evtool" / "operations").rglob("*.py"))
    code += (ROOT / "evtool" / "core" / "custody" / "chain.py").read_text("utf-8")
    pairs = set(re.findall(r"\bCode\.([A-Z_]+),\s*Effect\.([A-Z]+)", code))
    assert len(pairs) > 40
    unsaid = {(name, effect) for name, effect in pairs if Effect[effect].value not in said[Code[name].value][1]}
    assert unsaid == set()
    for name, (_, effects, steps, meaning) in said.items():
        assert set(effects.split(", ")) <= {effect.value for effect in Effect}, name
        assert set(re.findall(r"\d+[a-z]?", steps)) <= steps_of_the_page(), name
        assert meaning.endswith("."), name


def test_every_format_that_the_code_names_is_on_the_page_of_formats() -> None:
    """Documents, tables and lists: whatever bears a number is listed."""
    code = "".join(path.read_text("utf-8") for path in (ROOT / "evtool").rglob("*") if path.suffix in (".py", ".toml"))
    named = set(re.findall(r"evtool-[a-z-]+/[0-9]+", code))
    listed = set(re.findall(r"^\| `(evtool-[a-z-]+/[0-9]+)` \|", PAGES["FORMAT-json.md"], re.MULTILINE))
    assert named == listed


# --- rules and vectors -----------------------------------------------------------------------------------------------


def test_rules_are_numbered_without_a_gap() -> None:
    """A rule that is cited is found, and a rule that was taken out leaves no hole unseen."""
    for letter in LETTERS:
        numbers = [int(rule[1:]) for rule in RULES if rule[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1)), letter


def test_every_rule_says_who_must_do_what() -> None:
    """A rule without a key word of RFC 2119 is a description, and two readers will disagree over it."""
    rows = {
        rule: row
        for text in PAGES.values()
        for rule, row in re.findall(r"^\| ([A-Z][0-9]+) \| (.*)$", text, re.MULTILINE)
    }
    assert set(RULES) <= set(rows)
    # The rules about names in a bundle stand under one heading: "A sealed path MUST be replaced that".
    of_names = {f"B{number}" for number in range(7, 16)}
    assert [rule for rule in RULES if rule not in of_names and not re.search("MUST|MAY", rows[rule])] == []


def test_every_vector_stands_in_the_table_once_and_every_name_there_is_a_vector() -> None:
    """A rule without a vector, or a vector without a rule, is found here."""
    named = Counter(name for row in vector_rows() for cell in row[2:] for name in names_in(cell))
    assert [name for name, count in named.items() if count > 1] == []
    assert set(named) == set(RECIPES)


def test_what_breaks_a_rule_fails_and_what_keeps_it_verifies() -> None:
    """The columns of the table say what the recipes say."""
    for _, rule, broken, kept in vector_rows():
        assert [name for name in names_in(broken) if RECIPES[name]["exit"] == 0] == [], rule
        assert [name for name in names_in(kept) if RECIPES[name]["exit"] != 0] == [], rule


def test_every_rule_stands_in_the_table_or_among_those_without_a_vector() -> None:
    """The pages say themselves which rules nothing here breaks."""
    in_table = {row[1] for row in vector_rows()}
    without = re.search(r"These rules have no vector here: ([^.]*)\.", TABLE)
    assert without is not None
    listed = set(re.findall(r"[A-Z][0-9]+", without[1]))
    assert in_table & listed == set()
    assert {rule for rule in in_table if re.fullmatch(r"[A-Z][0-9]+", rule)} | listed == {
        rule for rule in RULES if rule[0] != "B"
    }


def test_the_table_follows_the_steps() -> None:
    """Every row names a step of the list, in its order."""
    rows = [row[0] for row in vector_rows()]
    assert set(rows) <= steps_of_the_page()
    places = [(int(re.sub("[a-z]", "", step)), step) for step in rows]
    assert [number for number, _ in places] == sorted(number for number, _ in places)


def test_sentences_of_the_list_name_no_vectors() -> None:
    """They stand beside the steps, so that the steps can be read."""
    assert [name for name in RECIPES if f"`{name}`" in VERIFY] == []


# --- who cites what --------------------------------------------------------------------------------------------------


def test_the_code_has_the_steps_of_the_page() -> None:
    """The same numbers in the list, in the enum, and in what each call says of itself."""
    assert {step for step in steps_of_the_page() if step.isdigit()} == {str(number) for number in range(1, 17)}
    assert [str(step.number) for step in Step] == [str(number) for number in range(1, len(Step) + 1)]
    for number, call in enumerate(STEPS, start=1):
        assert str(call.__doc__).startswith(f"Step {number}: ")
    chain = (ROOT / "evtool" / "core" / "custody" / "chain.py").read_text("utf-8")
    parts = {step for step in re.findall(r"\b([23][a-z])\b", chain) if step in steps_of_the_page()}
    assert parts == {step for step in steps_of_the_page() if re.fullmatch("2[ab]|3[a-g]", step)}


def test_whatever_is_cited_exists() -> None:
    """Pages, their sections, rules and steps: a page that is rewritten takes its citations along."""
    steps, wrong = steps_of_the_page(), []
    for source, text in sources().items():
        for name in re.findall(r"\bFORMAT(?:-[a-z]+)*\.md", text):
            wrong += [] if name in PAGES else [f"{source}: {name}"]
        for name, title in re.findall(r'\b(FORMAT(?:-[a-z]+)*\.md)[)`]*,\s+section\s+"([^"]+)"', text):
            wrong += [] if title in headings_of(PAGES.get(name, "")) else [f"{source}: {name}, {title}"]
        wrong += [f"{source}: {found}" for found in re.findall(r"FORMAT(?:-[a-z]+)*\.md[)`]*,\s+sections?\s+\d+", text)]
        for rule in re.findall(r"\brules? ([A-Z][0-9]+)\b", text):
            wrong += [] if rule in RULES else [f"{source}: rule {rule}"]
        for step in re.findall(r"FORMAT-verify\.md[)`]*,\s+steps? (\d+[a-z]?)", text):
            wrong += [] if step in steps else [f"{source}: step {step}"]
    assert wrong == []


def test_links_between_the_pages_lead_somewhere() -> None:
    """Files, and headings where a link names one."""
    wrong = []
    for page, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", text):
            wrong += [] if not target or (ROOT / "manifests" / target).exists() else [f"{page}: {target}"]
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", text):
            anchors = {
                re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in headings_of(PAGES[target or page])
            }
            wrong += [] if anchor in anchors else [f"{page}: {target}#{anchor}"]
    assert wrong == []


def test_the_notes_of_the_house_are_not_cited() -> None:
    """What is published refers to nothing that is not."""
    published = {name: text for name, text in sources().items() if name.startswith(("manifests/", "evtool/", "README"))}
    assert [name for name, text in published.items() if re.search(r"\bDESIGN\b|\bREVIEW\b|\bSTYLE\b", text)] == []


@pytest.mark.parametrize("word", ["authentic", "court-proof", "tamper-proof", "isprintable"])
def test_the_pages_claim_nothing_that_cannot_be_shown(word: str) -> None:
    """Neither a promise, nor a rule that only one programming language can follow."""
    assert [name for name, text in PAGES.items() if word in text.lower()] == []
