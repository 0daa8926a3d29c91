"""Servers on loopback that stand in for the network: one that plays a script, and a calendar."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from evtool.core.timestamp.ots.bitcoin import BlockHeader
from evtool.core.timestamp.ots.format import serialize_timestamp
from evtool.core.timestamp.ots.proof import (
    BitcoinAttestation,
    Branch,
    Operation,
    OperationKind,
    PendingAttestation,
    Timestamp,
)
from tests.timestamp.fake_chain import mine_chain


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer; an underscore in a header's name stands for a hyphen."""
    named = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class ScriptedServer:
    """Answers the n-th connection with the n-th text, byte for byte, and keeps what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.host}/tsr"
        self.received: list[bytes] = []
        self._thread = Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        for text in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.received.append(_read_request(connection))
                connection.sendall(text)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes a thread that waits in accept; close alone does not.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    # A TLS greeting (22) is no HTTP request and does not end like one; the script answers it as it stands.
    while b"\r\n\r\n" not in data and data[:1] != b"\x16":
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Calendar:
    """An OpenTimestamps calendar: promises at once, keeps its promises when `publish` is called."""

    def __init__(self) -> None:
        self.commitments: list[bytes] = []
        self.headers: dict[int, BlockHeader] = {}
        self._kept: dict[str, bytes] = {}
        calendar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                commitment = self.rfile.read(int(self.headers["Content-Length"]))
                calendar.commitments.append(commitment)
                self._answer(200, serialize_timestamp(Timestamp((PendingAttestation(calendar.url),))))

            def do_GET(self) -> None:
                kept = calendar._kept.get(self.path.removeprefix("/timestamp/"))
                self._answer(404 if kept is None else 200, kept or b"Pending confirmation in Bitcoin blockchain")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def publish(self, height: int, commitments: Sequence[bytes] | None = None, time: int = 1_740_830_400) -> None:
        """Put the promised commitments into blocks of a chain made up on the spot, each beside a stranger's."""
        for offset, commitment in enumerate(self.commitments if commitments is None else commitments):
            sibling = Operation(OperationKind.PREPEND, b"\x07" * 32)
            root = Operation(OperationKind.SHA256).apply(b"\x07" * 32 + commitment) or b""
            (header,) = mine_chain([root], time)
            self.headers[height + offset] = header
            end = Timestamp((BitcoinAttestation(height + offset),))
            tree = Timestamp((Branch(sibling, Timestamp((Branch(Operation(OperationKind.SHA256), end),))),))
            self._kept[commitment.hex()] = serialize_timestamp(tree)

    def __enter__(self) -> Calendar:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def closed_port() -> int:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
