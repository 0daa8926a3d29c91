"""Asks a time-stamp authority over HTTP (RFC 3161, section 3.4). What comes back is unverified bytes."""

from __future__ import annotations

import time
from collections.abc import Callable

from evtool.core.text.limits import MAX_RESPONSE_BYTES
from evtool.core.timestamp.request import MEDIA_TYPE, REPLY_MEDIA_TYPE
from evtool.interop.http_client import Outgoing, find_proxy, send


def prepare_request(url: str, request: bytes) -> Outgoing:
    """Decide what would be sent to an authority; `wire` of the result shows it byte for byte.

    Raises:
        NetworkError: the address cannot be used.
    """
    return Outgoing("POST", url, (("Content-Type", MEDIA_TYPE), ("Accept", REPLY_MEDIA_TYPE)), request)


def fetch_response(url: str, request: bytes, *, pause: Callable[[float], None] = time.sleep) -> bytes:
    """Send a time-stamp request and give what came back, at most 1 MiB.

    Plain http is as good as https: the reply is signed, and the nonce keeps old replies out.

    Raises:
        NetworkError: there is no usable reply.
    """
    outgoing = prepare_request(url, request)
    return send(outgoing, MAX_RESPONSE_BYTES, proxy=find_proxy(url), pause=pause).body


def curl_line(url: str, request_file: str, response_file: str) -> tuple[str, ...]:
    """Give the arguments of the curl command that does the same on a machine without evtool."""
    header = f"Content-Type: {MEDIA_TYPE}"
    return ("curl", "-sS", "-H", header, "--data-binary", f"@{request_file}", url, "-o", response_file)
