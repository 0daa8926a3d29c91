"""The JSON document about the user's list of recipients; the schema in `manifests/` is made from it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class RecipientShown(Struct, frozen=True, kw_only=True):
    """One recipient of the user's list.

    Attributes:
        code: its code.
        organisation: code of the organisation that it belongs to, or null.
        kinds: what it is; empty if that is not known.
        purposes: what it may receive items for.
        agreements: numbers of the agreements that it has signed.
        region: two letters of ISO 3166-1, where it works, or null.
        death_penalty: whether a death penalty can follow from what it does; null if that is not known.
        keys: public keys that bundles for it are encrypted to.
        signing_keys: fingerprints of the keys that it signs receipts with.
    """

    code: str
    organisation: str | None
    kinds: tuple[str, ...]
    purposes: tuple[str, ...]
    agreements: tuple[str, ...]
    region: str | None
    death_penalty: bool | None
    keys: tuple[str, ...]
    signing_keys: tuple[str, ...]


class RecipientsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool recipient add`, `list`, `show` and `remove` print.

    Attributes:
        format: what this document is, and in which version.
        recipients: those that were added, changed, found or removed, in the order of their codes.
    """

    format: Literal["evtool-recipient-list/1"] = "evtool-recipient-list/1"
    recipients: tuple[RecipientShown, ...]
