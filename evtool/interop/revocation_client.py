"""Fetches revocation lists and OCSP answers over HTTP. What comes back is unverified bytes.

A list is fetched with GET (RFC 5280, section 4.2.1.13), a responder is asked with POST (RFC 6960, appendix A).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from evtool.core.text.limits import MAX_CRL_BYTES, MAX_OCSP_BYTES
from evtool.core.timestamp.x509.sources import RevocationSource, SourceKind
from evtool.interop.http_client import Outgoing, find_proxy, send

_QUESTION = (("Content-Type", "application/ocsp-request"), ("Accept", "application/ocsp-response"))


def prepare_question(source: RevocationSource) -> Outgoing:
    """Decide what would be sent; `wire` of the result shows it byte for byte.

    Raises:
        NetworkError: the address cannot be used.
    """
    if source.kind is SourceKind.RESPONDER:
        return Outgoing("POST", source.url, _QUESTION, source.request)
    return Outgoing("GET", source.url, (("Accept", "*/*"),))


def fetch_answer(source: RevocationSource, *, pause: Callable[[float], None] = time.sleep) -> bytes:
    """Ask, and give what came back, within the limits of `manifests/FORMAT-limits.md`.

    Plain http is as good as https: lists and answers are signed.

    Raises:
        NetworkError: there is no usable reply.
    """
    limit = MAX_OCSP_BYTES if source.kind is SourceKind.RESPONDER else MAX_CRL_BYTES
    return send(prepare_question(source), limit, proxy=find_proxy(source.url), pause=pause).body
