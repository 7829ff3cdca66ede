"""A real S3 server for a test: VersityGW or MinIO on a free loopback port, data in the test's folder.

Also what a test does to it from outside: signed requests (for buckets and for looking inside).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from harness.server import END_WITH_PARENT, ROOT, ServerFailed, free_port

KINDS = ("versitygw", "minio")
REGION = "us-east-1"
# Characters that must be encoded somewhere on the way.
ACCESS_KEY, SECRET_KEY = "elanus-test", "se/cr+et=&%~key"


def binary(kind: str) -> str:
    """Builds it at the first use on a machine."""
    answer = subprocess.run([ROOT / "tests/engines/install", kind], capture_output=True, text=True, timeout=1800)
    if answer.returncode != 0:
        raise ServerFailed(f"tests/engines/install {kind}: {answer.stderr}")
    return answer.stdout.strip()


class S3Server:
    def __init__(self, kind: str, folder: pathlib.Path, *, tls: tuple[str, str] | None = None):
        self.kind, self.folder, self.tls = kind, pathlib.Path(folder), tls
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def command(self) -> tuple[list[str], dict[str, str]]:
        program, data = binary(self.kind), str(self.folder / "data")
        if self.kind == "minio":
            arguments = ["server", "--quiet", "--address", self.address]
            if self.tls:
                certificates = self.folder / "certs"
                certificates.mkdir(exist_ok=True)
                (certificates / "public.crt").write_bytes(pathlib.Path(self.tls[0]).read_bytes())
                (certificates / "private.key").write_bytes(pathlib.Path(self.tls[1]).read_bytes())
                arguments += ["--certs-dir", str(certificates)]
            return [program, *arguments, data], {
                "MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY, "MINIO_REGION": REGION,
                "MINIO_UPDATE": "off", "MINIO_BROWSER": "off", "MINIO_DOMAIN": "localhost",
            }  # fmt: skip
        arguments = ["--region", REGION, "--port", self.address, "--keep-alive"]
        if self.tls:
            arguments += ["--cert", self.tls[0], "--key", self.tls[1]]
        return [program, *arguments, "posix", "--sidecar", str(self.folder / "meta"), data], {
            "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY,
        }  # fmt: skip

    def start(self) -> "S3Server":
        for name in ("data", "meta"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        command, environment = self.command()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*END_WITH_PARENT, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {"HOME": str(self.folder)} | environment,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.kind} ended: {(self.folder / 'log').read_text()[-2000:]}")
            try:
                if self.tls:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    return self
                if self.request("GET", "")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)  # Polling the outside of another process: there is no event to wait on.
        raise ServerFailed(f"{self.kind} does not answer")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "S3Server":
        return self.start()

    def __exit__(self, *_) -> None:
        self.kill()

    # --- from outside ---

    def request(self, method: str, path: str, query: dict[str, str] | None = None, body: bytes = b""):
        """(HTTP status, body) of a signed request; path is "bucket/key"."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        path = "/" + urllib.parse.quote(path, safe="/~")
        text = "&".join(f"{k}={urllib.parse.quote(v, safe='~')}" for k, v in sorted((query or {}).items()))
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": self.address, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        names = ";".join(headers)
        canonical = "\n".join([method, path, text, *(f"{k}:{v}" for k, v in headers.items()), "", names, digest])
        scope = f"{day}/{REGION}/s3/aws4_request"
        signed = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + SECRET_KEY).encode()
        for step in (day, REGION, "s3", "aws4_request", signed):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope},SignedHeaders={names},Signature={key.hex()}"
        )
        request = urllib.request.Request(
            self.url + path + ("?" + text if text else ""), data=body or None, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def make_bucket(self, name: str) -> None:
        assert self.request("PUT", name)[0] == 200

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        status, body = self.request("GET", bucket, {"list-type": "2", "prefix": prefix})
        assert status == 200, body
        return sorted(e.text for e in ElementTree.fromstring(body).iter() if e.tag.endswith("}Key") or e.tag == "Key")
