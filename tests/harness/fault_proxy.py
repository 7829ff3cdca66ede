"""An HTTP proxy in front of an S3 server that misbehaves as a test tells it to.

    with FaultProxy(server.address) as proxy:
        proxy.fault = lambda request: Fault("slow_down") if request.method == "PUT" else None

One thread a connection. Requests pass byte by byte (the Host header too, so that signatures stay good).
"""

from __future__ import annotations

import dataclasses
import email.utils
import http.client
import socket
import threading
import time
from typing import Callable, Optional

from harness.server import free_port


@dataclasses.dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclasses.dataclass
class Fault:
    """kind: error_500, slow_down, reset, short_body (cut, the length tells), silent_short (200, the length lies along),
    flip (one bit of the body), stall (no answer until the proxy is told to go on), skew (the store's clock is off),
    stale_list (an empty listing), denied (403), late (the answer comes after `seconds`), mid_reset (half of the body, then
    a reset), long_body (the length tells of more than comes), empty (200 with nothing), garbage (200 with noise),
    refuse (closed without an answer), or one of STATUSES."""

    kind: str
    seconds: float = 0  # skew, late


# Answers instead of the store's, by name.
STATUSES = {
    "error_500": (500, "InternalError"), "error_502": (502, "BadGateway"), "slow_down": (503, "SlowDown"),
    "unavailable": (503, "ServiceUnavailable"), "error_504": (504, "GatewayTimeout"), "too_many": (429, "TooManyRequests"),
    "request_timeout": (400, "RequestTimeout"), "denied": (403, "AccessDenied"), "expired": (400, "ExpiredToken"),
    "bad_key": (403, "InvalidAccessKeyId"), "bad_signature": (403, "SignatureDoesNotMatch"), "not_found": (404, "NoSuchKey"),
    "no_bucket": (404, "NoSuchBucket"), "conflict": (409, "OperationAborted"),
}  # fmt: skip


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
    return status, {"Content-Type": "application/xml"}, body


class FaultProxy:
    def __init__(self, upstream: str):
        self.upstream = upstream
        self.port = free_port()
        self.fault: Callable[[Request], Optional[Fault]] = lambda request: None
        self.counts: dict[str, int] = {}  # Faults by kind.
        self.requests = 0
        self._go_on = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._sockets: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def go_on(self) -> None:
        """Ends every stall."""
        self.fault = lambda request: None
        self._go_on.set()
        self._go_on = threading.Event()

    def heal(self) -> None:
        self.go_on()

    def close(self) -> None:
        self.go_on()
        self._listener.close()
        for connection in list(self._sockets):
            connection.close()

    def __enter__(self) -> "FaultProxy":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while self._serve_one(connection, stream):
                    pass
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            self._sockets.discard(connection)

    @staticmethod
    def _read(stream) -> Request | None:
        line = stream.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = {}
        while (text := stream.readline(65536).decode("latin-1").strip()) != "":
            name, _, value = text.partition(":")
            headers[name] = value.strip()
        length = next((int(v) for k, v in headers.items() if k.lower() == "content-length"), 0)
        return Request(line[0], line[1], headers, stream.read(length))

    def _serve_one(self, connection, stream) -> bool:
        request = self._read(stream)
        if request is None:
            return False
        self.requests += 1
        fault = self.fault(request)
        kind = fault.kind if fault else ""
        if kind:
            self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return False
        if kind == "stall":
            self._go_on.wait()
            return False
        if kind == "refuse":
            return False
        if kind == "late":
            time.sleep(fault.seconds)
        if kind in STATUSES:
            answer = _error(*STATUSES[kind], "A fault that a test injects.")
        elif kind == "empty":
            answer = 200, {}, b""
        elif kind == "garbage":
            answer = 200, {"Content-Type": "application/xml"}, bytes(range(256)) * 4
        elif kind == "skew" and not self._near(request, fault.seconds):
            answer = _error(403, "RequestTimeTooSkewed", "The difference between the request time and the server's is too large.")
        elif kind == "stale_list" and "list-type=2" in request.target:
            answer = 200, {"Content-Type": "application/xml"}, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        elif kind == "skew":
            answer = 200, {"ETag": '"0"'}, b""
        else:
            answer = self._forward(request)
        status, headers, body = answer
        if kind == "skew":
            headers["Date"] = email.utils.formatdate(time.time() + fault.seconds, usegmt=True)
        length = len(body)
        if kind == "flip" and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        if kind == "silent_short":
            status, body = 200, body[: len(body) // 2]
            headers = {k: v for k, v in headers.items() if k.lower() != "content-range"}
            length = len(body)
        if kind in ("short_body", "mid_reset"):
            body = body[: len(body) // 2]
        if kind == "long_body":
            length += 100
        if request.method == "HEAD":
            length, body = int(headers.get("Content-Length", 0)), b""
        head = f"HTTP/1.1 {status} X\r\n" + "".join(
            f"{k}: {v}\r\n" for k, v in headers.items()
            if k.lower() not in ("content-length", "transfer-encoding", "connection")
        )  # fmt: skip
        connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode("latin-1") + body)
        if kind == "mid_reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        return kind not in ("short_body", "mid_reset", "long_body")

    @staticmethod
    def _near(request: Request, seconds: int) -> bool:
        """Whether the request was signed with the clock of the store."""
        stamp = next((v for k, v in request.headers.items() if k.lower() == "x-amz-date"), "")
        expected = time.strftime("%Y%m%dT%H", time.gmtime(time.time() + seconds))
        return stamp.startswith(expected)

    def _forward(self, request: Request):
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(request.body)
            answer = upstream.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except OSError:
            return _error(502, "", "")[0], {}, b"no upstream"
        finally:
            upstream.close()
