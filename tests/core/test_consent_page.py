"""The examples of `FORMAT-consent.md` and `FORMAT-agreements.md` are read by the program; their lists are complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from evtool.core.consent.agreements import Agreement
from evtool.core.consent.decision import RecipientKind
from evtool.core.consent.refusal import Reason
from evtool.core.consent.state import combine_terms
from evtool.core.custody.events import ConsentChanged, TermsText
from evtool.core.custody.register import parse_register
from evtool.core.manifest.context import FIELDS
from evtool.core.manifest.statement import ConsentStatement, ContextStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.terms.terms import TERMS, TermShape
from evtool.core.values import names_of
from evtool.interop.item_defaults import parse_defaults
from tests.keys.lists import parse_agreements, parse_recipients

MANIFESTS = Path(__file__).parents[2] / "manifests"
PAGE = "".join((MANIFESTS / f"FORMAT-{name}.md").read_text(encoding="utf-8") for name in ("consent", "agreements"))
BLOCKS = re.findall(r"^```(?:toml)?\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_example_lines_are_statements() -> None:
    context, consent = (parse_statement(line.encode()) for line in BLOCKS[0].splitlines())
    assert isinstance(context, ContextStatement)
    assert isinstance(consent, ConsentStatement)
    assert (context.item, context.field) == (consent.item, "title")


def test_the_example_change_takes_the_consent_back() -> None:
    (table,) = [block for block in BLOCKS if "[consent-changed]" in block]
    change = ConsentChanged(TermsText(tomllib.loads(table)["consent-changed"]["terms"])).consent
    assert change.stated == {"status": "withdrawn"}


def test_the_example_files_are_read() -> None:
    (defaults,) = [block for block in BLOCKS if "evtool-defaults/1" in block]
    (recipients,) = [block for block in BLOCKS if "evtool-recipients/1" in block]
    (everything,) = parse_defaults(defaults.encode()).find("any/file")
    assert everything.stated.terms
    assert combine_terms(everything.stated.terms, everything.stated.terms) == everything.stated.terms
    assert parse_recipients(recipients.encode()).find("ohchr-dprk").signing_keys
    (agreements,) = [block for block in BLOCKS if "evtool-agreements/1" in block]
    (agreement,) = parse_agreements(agreements.encode()).by_number.values()
    assert None not in (agreement.ends, agreement.onward, agreement.at_end, agreement.document)
    (register,) = [block for block in BLOCKS if "evtool-register/1" in block]
    assert [person.code for person in parse_register(register.encode())] == ["S17"]


def test_the_page_names_every_term_code_field_and_reason() -> None:
    for term in TERMS:
        assert f"`{term.name}`" in PAGE
        for code in term.codes or ():
            assert f"`{code.value}`" in PAGE, f"{term.name}: {code.value}"
        if term.shape is TermShape.TEXT:
            assert str(term.limit) in PAGE
    for field in FIELDS:
        assert f"`{field.name}`" in PAGE
    for name in names_of(Agreement)[1:]:
        assert f"`{name}`" in PAGE
    for kind in RecipientKind:
        assert f"`{kind.value}`" in PAGE
    for reason in Reason:
        assert f"`{reason.value}`" in PAGE or reason.value.startswith("status-"), reason
