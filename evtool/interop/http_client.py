"""The one door to the network: a small HTTP client for time-stamp authorities and calendars.

It opens a socket only when `send` is called, and sends the bytes that `Outgoing.wire` shows beforehand, no more: no
cookies, no program name, no version. A reply is capped in size, each wait is 15 seconds at most, a redirect never leads
to another host, and a page meant for people (a login portal, a proxy's refusal) is recognised as such.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import Enum
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct

from evtool.core.errors import InputError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.values import replace

TIMEOUT = 15.0
"""Seconds for each wait: connecting, and every read."""

BODY_DEADLINE = 60.0
"""Seconds for a whole body; a server that sends a byte now and then does not hold a run for hours."""

TRIES = 3
MAX_PAUSE = 60.0
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS = 3
_BUSY = frozenset({429, 503})
_PORTAL = frozenset({407, 511})
_CHUNK = 1 << 16
_URL = compiled_when_used(r"[!-~]+\Z")
_TITLE = compiled_when_used(rb"<title[^>]*>(.{0,400}?)</title", re.IGNORECASE | re.DOTALL)


class NetworkProblem(Enum):
    """What went wrong, for scripts."""

    BAD_ADDRESS = "bad-address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    STATUS = "status"
    BUSY = "busy"
    REDIRECT = "redirect"
    TOO_LARGE = "too-large"
    CUT_OFF = "cut-off"
    WEB_PAGE = "web-page"
    PROXY = "proxy"


class NetworkError(InputError):
    """A server could not be asked, or did not answer as one should.

    Attributes:
        problem: the kind of problem.
        url: the address, as it was given.
    """

    def __init__(self, problem: NetworkProblem, url: str, what: str, hint: str = "") -> None:
        super().__init__(
            "{url}: {what_en}",
            hint="{advice_en}",
            key="network",
            url=shown(url),
            problem=problem.value,
            what_en=what,
            advice_en=hint,
        )
        self.problem = problem
        self.url = url


class Outgoing(Struct, frozen=True):
    """One request, completely decided before anything is sent.

    Attributes:
        method: GET or POST.
        url: address, http or https, without user name, fragment or anything but printable ASCII.
        headers: headers besides Host, Content-Length and Connection.
        body: what is sent.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __post_init__(self) -> None:
        _split(self.url)

    @property
    def all_headers(self) -> tuple[tuple[str, str], ...]:
        """Give every header in the order it is sent."""
        length = (("Content-Length", str(len(self.body))),) if self.method == "POST" else ()
        return (("Host", _split(self.url).netloc), *self.headers, *length, ("Connection", "close"))

    @property
    def wire(self) -> bytes:
        """Give the exact bytes that a direct connection carries (for https: inside TLS)."""
        lines = [f"{self.method} {_target(_split(self.url))} HTTP/1.1", *(f"{n}: {v}" for n, v in self.all_headers)]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii") + self.body


class Reply(Struct, frozen=True):
    """What a server answered: its status and body."""

    status: int
    body: bytes


def _split(url: str) -> SplitResult:
    # Anything else in an address could smuggle header lines, or send a password in the clear.
    try:
        parts = urlsplit(url)
        port_ok = parts.port != 0
    except ValueError:
        parts, port_ok = urlsplit(""), False
    if not _URL.match(url) or not port_ok or parts.scheme not in ("http", "https") or not parts.hostname:
        hint = "give an address such as http://tsa.example/tsr"
        raise NetworkError(NetworkProblem.BAD_ADDRESS, url, "not an http or https address", hint)
    if parts.username is not None or parts.fragment:
        raise NetworkError(
            NetworkProblem.BAD_ADDRESS, url, "an address with a user name or a fragment is not supported"
        )
    return parts


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def send(
    request: Outgoing,
    limit: int,
    *,
    accept_status: frozenset[int] = frozenset({200}),
    proxy: str | None = None,
    timeout: float = TIMEOUT,
    pause: Callable[[float], None] = time.sleep,
) -> Reply:
    """Send a request and read the reply, at most `limit` bytes of it.

    A server that says it is busy (429, 503) is asked again, up to three times, after the pause it asks for. `proxy` is
    the address of an HTTP proxy, None connects directly. `timeout` is in seconds, for each wait.

    Raises:
        NetworkError: there is no usable reply.
    """
    current, redirects, wait = request, 0, 2.0
    for attempt in range(TRIES + _MAX_REDIRECTS):
        reply, headers = _exchange(current, limit, proxy, timeout)
        if reply.status in _REDIRECTS and redirects < _MAX_REDIRECTS:
            current = _follow(current, headers.get("Location", ""))
            redirects += 1
        elif reply.status in _BUSY and attempt - redirects < TRIES - 1:
            pause(_pause_of(headers.get("Retry-After"), wait))
            wait *= 2
        else:
            break
    return _judge(request.url, reply, headers, accept_status)


def _exchange(
    request: Outgoing, limit: int, proxy: str | None, timeout: float
) -> tuple[Reply, http.client.HTTPMessage]:
    url = request.url
    try:
        connection, target = _connect(request, proxy, timeout)
        try:
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.all_headers:
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            with connection.getresponse() as response:
                return Reply(response.status, _read(response, limit, url)), response.headers
        finally:
            connection.close()
    except TimeoutError:
        raise NetworkError(NetworkProblem.TIMEOUT, url, f"no answer within {timeout:g} seconds") from None
    except socket.gaierror:
        raise NetworkError(
            NetworkProblem.UNREACHABLE, url, "the host's name is not known", "is there a network?"
        ) from None
    except ssl.SSLError as error:
        what = f"no secure connection: {shown(error.reason or str(error), 120)}"
        raise NetworkError(NetworkProblem.TLS, url, what) from error
    except http.client.HTTPException as error:
        raise NetworkError(NetworkProblem.CUT_OFF, url, f"the answer is not HTTP ({type(error).__name__})") from error
    except OSError as error:
        what = f"cannot be reached: {shown(error.strerror or type(error).__name__, 120)}"
        raise NetworkError(NetworkProblem.UNREACHABLE, url, what, "is there a network?") from error


def _connect(request: Outgoing, proxy: str | None, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    parts = _split(request.url)
    via = _split(proxy) if proxy else parts
    if proxy and via.scheme != "http":
        raise NetworkError(NetworkProblem.PROXY, proxy, "this kind of proxy is not supported")
    host, port = via.hostname or "", via.port
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        return connection, request.url if proxy else _target(parts)
    secure = http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    if proxy:
        secure.set_tunnel(parts.hostname or "", parts.port or 443)
    return secure, _target(parts)


def _read(response: http.client.HTTPResponse, limit: int, url: str) -> bytes:
    deadline = time.monotonic() + BODY_DEADLINE
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        chunks.append(chunk)
        if size > limit:
            raise NetworkError(NetworkProblem.TOO_LARGE, url, f"the answer has more than {limit} bytes")
        if time.monotonic() > deadline:
            raise NetworkError(NetworkProblem.TIMEOUT, url, f"no complete answer within {BODY_DEADLINE:.0f} seconds")
    # read1 does not mind a body that ends before its announced length; a cut token would look like a damaged one.
    announced = response.headers.get("Content-Length", "")
    if not response.chunked and announced.isascii() and announced.isdigit() and int(announced[:12]) > size:
        raise NetworkError(NetworkProblem.CUT_OFF, url, f"the answer ends after {size} of {announced[:12]} bytes")
    return b"".join(chunks)


def _follow(request: Outgoing, location: str) -> Outgoing:
    """Go where the server points, on the same host only, and never from https down to http."""
    here, there = _split(request.url), _destination(request.url, location)
    upgrade = there is not None and (here.scheme, there.scheme) == ("http", "https") and not (here.port or there.port)
    if there is None or there.hostname != here.hostname or not (there.netloc == here.netloc or upgrade):
        what = f"it redirects to another host, {shown(location, 120)}" if location else "it redirects to nowhere"
        hint = "if that is intended, give the other address yourself"
        raise NetworkError(NetworkProblem.REDIRECT, request.url, what, hint)
    if (here.scheme, there.scheme) == ("https", "http"):
        raise NetworkError(NetworkProblem.REDIRECT, request.url, "it redirects from https down to http")
    return replace(request, url=there.geturl())


def _destination(url: str, location: str) -> SplitResult | None:
    try:
        return _split(urljoin(url, location)) if location else None
    except (NetworkError, ValueError):
        return None


def _pause_of(retry_after: str | None, fallback: float) -> float:
    """Read Retry-After, in seconds or as a date (RFC 9110, section 10.2.3); at most a minute is granted."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_PAUSE)
    try:
        wanted = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return fallback
    return min(max(wanted, 0.0), MAX_PAUSE)


def _judge(url: str, reply: Reply, headers: http.client.HTTPMessage, accept: frozenset[int]) -> Reply:
    if reply.status in _PORTAL:
        what = f"a proxy or network portal wants a login (status {reply.status})"
        raise NetworkError(NetworkProblem.PROXY, url, what, "log in to the network first, with a browser")
    if reply.status in _BUSY:
        what = f"it is busy (status {reply.status}), asked {TRIES} times"
        raise NetworkError(NetworkProblem.BUSY, url, what, "try again later, or ask another one")
    if reply.status in accept and reply.status != 200:
        return reply
    kind = headers.get_content_type() if "Content-Type" in headers else ""
    if kind == "text/html" or reply.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        what = f"a web page came back (status {reply.status}{_title(reply.body)})"
        hint = "a login portal or a proxy may have answered, or the address is that of a web page"
        raise NetworkError(NetworkProblem.WEB_PAGE, url, what, hint)
    if reply.status not in accept:
        raise NetworkError(NetworkProblem.STATUS, url, f"it answered with status {reply.status}")
    return reply


def _title(body: bytes) -> str:
    match = _TITLE.search(body[:_CHUNK])
    text = " ".join(match[1].decode("utf-8", "replace").split()) if match else ""
    return f', titled "{shown(text, 80)}"' if text else ""


def find_proxy(url: str) -> str | None:
    """Find the proxy that the user's environment names for an address.

    Raises:
        NetworkError: it names one that is not supported; going around it would show the user's own address.
    """
    # This imports half of the standard library, and most runs open no connection.
    from urllib.request import getproxies, proxy_bypass

    parts = _split(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith("http://"):
        hint = "use a proxy with an http:// address, or unset the variable"
        raise NetworkError(NetworkProblem.PROXY, url, "the environment names an unsupported kind of proxy", hint)
    return proxy
