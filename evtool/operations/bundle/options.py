"""What is to be packed, to whom it goes, and what came of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import force_setattr

from evtool.core.consent.agreements import Agreements
from evtool.core.consent.decision import Recipient, RecipientKind, Request
from evtool.core.custody.events import Confirmations, Disclosed, PartyCode
from evtool.core.errors import FormatError, UsageError, Way
from evtool.core.finding import Words
from evtool.core.ssh.key import PublicKey
from evtool.core.terms.terms import Purpose, code_text
from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.keys.age_keys import EncryptionKey
from evtool.keys.passphrase import Passphrase
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.withhold import NAMES
from evtool.operations.bundle.writer import Form
from evtool.operations.record.place import Where
from evtool.operations.record.trust import TrustPolicy
from evtool.report.travels import Travels


class Disclosure(Struct, frozen=True):
    """To whom, on what ground, and for what the bundle goes; recorded in the entry `disclosed`.

    Attributes:
        recipient: who gets it, as the user describes it.
        purpose: what for.
        authority: what allows it: agreement, warrant or order, by number.
        agreements: the agreements that the user lists, or None if the user keeps no list of them.
        confirmed: what a second agent confirms of the terms of items.
        approved_by: code of that second agent.
        is_onward: whether the collection came from others, even where its record does not show it.
        trust: whose signatures under terms of consent count.
        is_publication: whether it goes to everybody, which takes items whose handling is public; see `publication`.
    """

    recipient: Recipient
    purpose: Purpose | str
    authority: str
    agreements: Agreements | None
    confirmed: frozenset[str] = frozenset()
    approved_by: str | None = None
    is_onward: bool = False
    trust: TrustPolicy = field(default_factory=TrustPolicy)
    is_publication: bool = False

    @classmethod
    def publication(cls, authority: str | None, agreements: Agreements | None, trust: TrustPolicy) -> Disclosure:
        """Disclose to nobody by name; only items whose handling is public can go that way."""
        everybody = Recipient("public", kinds=frozenset({RecipientKind.PUBLIC}))
        ground = authority or "public handling"
        return cls(everybody, "publication", ground, agreements, trust=trust, is_publication=True)

    def request(self, agent: str | None, moment: datetime, key: PublicKey | None = None) -> Request:
        """Put the question that consent has to answer."""
        return Request(
            recipient=self.recipient,
            purpose=self.purpose,
            day=moment.date(),
            agreements=self.agreements,
            authority=self.authority,
            agent=agent,
            key=key,
            is_onward=self.is_onward,
            confirmed=self.confirmed,
            approved_by=self.approved_by,
            is_publication=self.is_publication,
        )

    def details(self) -> Disclosed:
        """Give the table of the entry, as far as it is known before the bundle is.

        Raises:
            UsageError: something that is confirmed is no code.
        """
        try:
            return Disclosed(
                recipient=PartyCode(self.recipient.code),
                authority=self.authority,
                purpose=code_text(self.purpose),
                approved_by=PartyCode(self.approved_by) if self.approved_by else None,
                confirmed=Confirmations(tuple(sorted(self.confirmed))) if self.confirmed else None,
            )
        except FormatError as error:
            raise UsageError.like(error) from None


class PackOptions(Struct, frozen=True):
    """What to pack, and how.

    Attributes:
        wanted: what to disclose.
        neutral_names: withhold the names; the payload goes under names made of item numbers.
        recipients: whom to encrypt to; with none and no passphrase the bundle is not encrypted.
        passphrase: what to encrypt with instead.
        where: where the record is, if not in the directory.
    """

    wanted: Wanted = field(default_factory=Wanted)
    neutral_names: bool = False
    recipients: tuple[EncryptionKey, ...] = ()
    passphrase: Passphrase | None = None
    where: Where = None

    def __post_init__(self) -> None:
        # A name that only the file lost would still stand in the manifest of the bundle.
        if self.neutral_names and NAMES not in self.wanted.withhold:
            wanted = replace(self.wanted, withhold=self.wanted.withhold | {NAMES})
            force_setattr(self, "wanted", wanted)

    @property
    def has_neutral_names(self) -> bool:
        """Whether the files go by item numbers; they must where names are withheld."""
        return NAMES in self.wanted.withhold

    def form_of(self, output: Path) -> Form:
        """Tell the form of a bundle from its name and from whether it is encrypted.

        Raises:
            UsageError: the two do not fit together.
        """
        encrypted = bool(self.recipients) or self.passphrase is not None
        name = output.name.lower()
        if encrypted != name.endswith(".age"):
            raise UsageError(
                "an encrypted bundle is named ….zip.age, and no other is",
                hint="give keys or a passphrase together with a name that ends in .zip.age",
                key="bundle-name-encrypted",
                ways=(Way.ENCRYPTION,),
            )
        if encrypted and not name.endswith(".zip.age"):
            raise UsageError(
                "an encrypted bundle must be a zip container",
                hint="give a name that ends in .zip.age",
                key="bundle-name-zip",
            )
        return Form.AGE if encrypted else Form.ZIP if name.endswith(".zip") else Form.FOLDER


class PackResult(Struct, frozen=True):
    """A bundle that was written and verified.

    Attributes:
        entry: number of the entry `disclosed` at the source.
        head: its SHA-256; the recipient can ask for it with `verify --expect-head`.
        items: items in the bundle.
        withheld: items that the bundle does not disclose.
        left_out: items that were asked for and may not be disclosed, each with the reason.
        duties: what the recipient has to keep to, a short phrase each.
        files, size: payload files, and bytes in them.
        by_number: items whose files go by their number: that was asked for, or some system cannot hold their names.
        like_record: items whose path begins with a name that is `custody`, the place of the record, but for case.
        travels: what goes to the recipient beside the evidence.
        report: what verifying the bundle showed.
        disclosed: numbers of the items in the bundle.
    """

    entry: int
    head: str
    items: int
    withheld: int
    left_out: tuple[tuple[int, str], ...]
    duties: tuple[Words, ...]
    files: int
    by_number: tuple[int, ...]
    like_record: int
    travels: Travels
    size: int
    report: Report
    disclosed: ItemRanges


class PackPreview(Struct, frozen=True):
    """What a bundle would hold.

    Attributes:
        items, withheld, left_out, duties, travels, disclosed: as in `PackResult`.
    """

    items: int
    withheld: int
    left_out: tuple[tuple[int, str], ...]
    duties: tuple[Words, ...]
    travels: Travels
    disclosed: ItemRanges
