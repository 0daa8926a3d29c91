"""The door to the network: what leaves, what is taken for an answer, and what is not."""

from __future__ import annotations

import pytest

from evtool.core.errors import RefusedError
from evtool.interop.http_client import NetworkError, NetworkProblem, Outgoing, find_proxy, send
from evtool.interop.ots_client import fetch_upgrade, submit
from evtool.interop.tsa_client import curl_line, fetch_response, prepare_request
from tests.timestamp.servers import Calendar, ScriptedServer, answer, closed_port

REQUEST = b"\x30\x03\x02\x01\x01"
GOOD = answer(b"the response")


def no_pause(_seconds: float) -> None:
    pytest.fail("nothing here should have to wait")


def problem_of(*answers: bytes) -> tuple[NetworkProblem, str]:
    """Ask a server with these answers; gives the problem and the whole message."""
    with ScriptedServer(*answers) as server, pytest.raises(NetworkError) as caught:
        fetch_response(server.url, REQUEST, pause=no_pause)
    assert caught.value.url == server.url
    assert caught.value.message.startswith(f"{server.url}: ")
    return caught.value.problem, f"{caught.value.message} {caught.value.hint}"


def test_what_leaves_is_what_was_shown_before_and_names_nobody() -> None:
    with ScriptedServer(GOOD) as server:
        shown = prepare_request(server.url, REQUEST).wire
        assert fetch_response(server.url, REQUEST, pause=no_pause) == b"the response"

    assert server.received == [shown]
    head = shown.decode("ascii").partition("\r\n\r\n")[0].split("\r\n")
    assert head == [
        "POST /tsr HTTP/1.1",
        f"Host: {server.host}",
        "Content-Type: application/timestamp-query",
        "Accept: application/timestamp-reply",
        "Content-Length: 5",
        "Connection: close",
    ]


def test_nothing_leaves_before_it_is_sent() -> None:
    """Deciding what would be sent contacts nobody, even where nobody could answer."""
    outgoing = prepare_request(f"http://127.0.0.1:{closed_port()}/", REQUEST)
    assert outgoing.wire.endswith(REQUEST)


def test_nobody_listening() -> None:
    url = f"http://127.0.0.1:{closed_port()}/tsr"
    with pytest.raises(NetworkError) as caught:
        fetch_response(url, REQUEST, pause=no_pause)
    assert caught.value.problem is NetworkProblem.UNREACHABLE


def test_an_unknown_host() -> None:
    with pytest.raises(NetworkError) as caught:
        send(Outgoing("GET", "http://nowhere.invalid/"), 100, pause=no_pause)
    assert caught.value.problem is NetworkProblem.UNREACHABLE


def test_a_hotel_portal_is_recognised_and_its_title_cannot_rewrite_the_screen() -> None:
    page = "<!DOCTYPE html><html><title>Wel\u202ecome\x1b[2J\n to the hotel</title></html>".encode()
    problem, message = problem_of(answer(page))

    assert problem is NetworkProblem.WEB_PAGE
    assert r'titled "Wel\u{202E}come\u{1B}[2J to the hotel"' in message
    assert "login portal" in message


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "500 Internal Server Error"])
def test_a_web_page_under_any_status_is_called_one(status: str) -> None:
    assert problem_of(answer(b"Sorry", status, Content_Type="text/html; charset=utf-8"))[0] is NetworkProblem.WEB_PAGE


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "511 Network Authentication Required"])
def test_a_proxy_that_wants_a_login(status: str) -> None:
    assert problem_of(answer(b"", status))[0] is NetworkProblem.PROXY


def test_other_statuses_are_named() -> None:
    problem, message = problem_of(answer(b"", "418 I'm a teapot"))
    assert problem is NetworkProblem.STATUS
    assert "418" in message


def test_an_endless_answer_is_cut_at_one_mebibyte() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    assert problem_of(head + bytes((1 << 20) + 1))[0] is NetworkProblem.TOO_LARGE


def test_a_whole_mebibyte_is_taken() -> None:
    with ScriptedServer(answer(bytes(1 << 20))) as server:
        assert len(fetch_response(server.url, REQUEST, pause=no_pause)) == 1 << 20


def test_an_answer_that_ends_early_is_no_answer() -> None:
    assert problem_of(GOOD[:-1])[0] is NetworkProblem.CUT_OFF


@pytest.mark.parametrize(
    "text", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"]
)
def test_what_is_not_http_is_no_answer(text: bytes) -> None:
    assert problem_of(text)[0] in (NetworkProblem.CUT_OFF, NetworkProblem.UNREACHABLE)


def test_a_redirect_to_another_host_is_not_followed() -> None:
    with ScriptedServer(GOOD) as other:
        problem, message = problem_of(answer(b"", "307 Temporary Redirect", Location=other.url))
        assert other.received == []
    assert problem is NetworkProblem.REDIRECT
    assert other.host in message


def test_a_redirect_on_the_same_host_is_followed_with_the_same_body() -> None:
    with ScriptedServer(answer(b"", "308 Permanent Redirect", Location="/new?x=1"), GOOD) as server:
        assert fetch_response(server.url, REQUEST, pause=no_pause) == b"the response"
    assert server.received[1].startswith(b"POST /new?x=1 HTTP/1.1\r\n")
    assert server.received[1].endswith(b"\r\n\r\n" + REQUEST)


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "//evil.example/", "http://127.0.0.1\t/"])
def test_a_redirect_to_anywhere_else_is_not_followed(location: str) -> None:
    problem, _ = problem_of(answer(b"", "302 Found", Location=location))
    assert problem in (NetworkProblem.REDIRECT, NetworkProblem.BAD_ADDRESS)


def test_redirects_in_a_circle_end() -> None:
    loop = answer(b"", "307 Temporary Redirect", Location="/tsr")
    assert problem_of(*[loop] * 10)[0] is NetworkProblem.STATUS


def test_a_busy_server_is_asked_again_after_the_pause_it_asks_for() -> None:
    pauses: list[float] = []
    busy = answer(b"", "429 Too Many Requests", Retry_After="7")
    with ScriptedServer(busy, answer(b"", "503 Service Unavailable"), GOOD) as server:
        assert fetch_response(server.url, REQUEST, pause=pauses.append) == b"the response"
    assert pauses == [7.0, 4.0]


def test_a_server_that_stays_busy_is_left_alone_after_three_times() -> None:
    pauses: list[float] = []
    hours = answer(b"", "503 Service Unavailable", Retry_After="86400")
    with ScriptedServer(hours, hours, hours, GOOD) as server, pytest.raises(NetworkError) as caught:
        fetch_response(server.url, REQUEST, pause=pauses.append)
    assert caught.value.problem is NetworkProblem.BUSY
    assert pauses == [60.0, 60.0]
    assert len(server.received) == 3


def test_a_date_to_come_back_at_is_understood() -> None:
    pauses: list[float] = []
    past = answer(b"", "503 Service Unavailable", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")
    with ScriptedServer(past, GOOD) as server:
        fetch_response(server.url, REQUEST, pause=pauses.append)
    assert pauses == [0.0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tsa.example",
        "ftp://tsa.example/",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@tsa.example/",
        "http://tsa.example/\r\nX-Evil: 1",
        "http://tsa.example/ with space",
        "http://tsa.example/#part",
        "http://tsa.example:99999/",
        "http://[::1/",
        "http://ts\u00e4.example/",
    ],
)
def test_an_address_that_could_do_harm_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(NetworkError) as caught:
        prepare_request(url, REQUEST)
    assert caught.value.problem is NetworkProblem.BAD_ADDRESS
    assert caught.value.message.isprintable()


def test_a_server_without_a_certificate_is_named() -> None:
    with ScriptedServer(b"this is not TLS at all\r\n\r\n") as server, pytest.raises(NetworkError) as caught:
        send(Outgoing("GET", f"https://{server.host}/"), 100, pause=no_pause)
    assert caught.value.problem in (NetworkProblem.TLS, NetworkProblem.UNREACHABLE)


def test_a_proxy_is_asked_with_the_whole_address() -> None:
    with ScriptedServer(GOOD) as proxy:
        reply = send(
            prepare_request("http://tsa.example/tsr", REQUEST), 100, proxy=f"http://{proxy.host}", pause=no_pause
        )
    assert reply.body == b"the response"
    assert proxy.received[0].startswith(b"POST http://tsa.example/tsr HTTP/1.1\r\nHost: tsa.example\r\n")


def test_a_proxy_of_an_unknown_kind_is_never_gone_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who works through Tor must not be shown to the authority because evtool cannot do SOCKS."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9050")
    with ScriptedServer(GOOD) as server:
        with pytest.raises(NetworkError) as caught:
            fetch_response(server.url, REQUEST, pause=no_pause)
        assert server.received == []
    assert caught.value.problem is NetworkProblem.PROXY


def test_the_proxy_of_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "10.0.0.1:3128")
    assert find_proxy("http://tsa.example/") == "http://10.0.0.1:3128"
    monkeypatch.setenv("no_proxy", "tsa.example")
    assert find_proxy("http://tsa.example/") is None


def test_the_curl_line_sends_the_same_thing() -> None:
    assert curl_line("http://tsa.example/tsr", "0001.tsq", "0001.tsr") == (
        "curl", "-sS", "-H", "Content-Type: application/timestamp-query", "--data-binary", "@0001.tsq",
        "http://tsa.example/tsr", "-o", "0001.tsr",
    )  # fmt: skip


def test_a_calendar_that_is_not_listed_is_not_contacted() -> None:
    with Calendar() as calendar:
        with pytest.raises(RefusedError, match="not on your list"):
            fetch_upgrade(calendar.url, bytes(32), ["https://other.example"], pause=no_pause)
        assert fetch_upgrade(calendar.url, bytes(32), [calendar.url], pause=no_pause) is None


def test_a_calendar_gets_ten_thousand_bytes_and_no_more() -> None:
    with ScriptedServer(answer(bytes(10_001))) as server, pytest.raises(NetworkError) as caught:
        submit(f"http://{server.host}", bytes(32), pause=no_pause)
    assert caught.value.problem is NetworkProblem.TOO_LARGE


def test_a_silent_server_is_given_up() -> None:
    with ScriptedServer() as server, pytest.raises(NetworkError) as caught:
        send(prepare_request(server.url, REQUEST), 100, timeout=0.2, pause=no_pause)
    assert caught.value.problem is NetworkProblem.TIMEOUT
