"""A server process under test: free loopback ports, a data folder, start, stop, kill, start again.

The process ends with the test process (parent-death signal) and is only ever ended by its own id.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary_path() -> pathlib.Path:
    return pathlib.Path(os.environ.get("ELANUS_BINARY", ROOT / "build/release/bin/elanus"))


def _ports():
    """Ports below the range from which the kernel takes its own, each once.

    A port of the kernel's range may be given twice, so that a client still in back-off from the first server
    refuses the second; or it becomes the own end of a connection between here and the server's bind.
    """
    low, high = 10_000, 32_768
    try:
        high = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        pass
    low = min(low, high // 2)
    begin = random.SystemRandom().randrange(low, high)
    yield from range(begin, high)
    yield from range(low, begin)


_unused_ports = _ports()


def free_port() -> int:
    for port in _unused_ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # Somebody else's.
    raise ServerFailed("every port was used")


# Ends the server with the test process. A program in front of it rather than a preexec_fn: that would
# fork this process, and gRPC's threads do not survive a fork (the child aborts now and then).
END_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]


class ServerFailed(Exception):
    """The process ended or did not become healthy; the message carries the end of its log."""


class Server:
    def __init__(self, data_dir, *, env=None, arguments=(), port=None, http_port=None, binary=None):
        self.data_dir = pathlib.Path(data_dir)
        self.fresh_ports = False  # A new port at each start: a client in back-off from the last one is not met.
        self.port = port or free_port()
        self.http_port = http_port or free_port()
        self.env = dict(env or {})
        self.arguments = list(arguments)
        self.binary = pathlib.Path(binary) if binary else binary_path()
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".server.log")
        self.process: subprocess.Popen | None = None

    # --- addresses ---

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        return f"http://{self.address}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    # --- life ---

    def command(self) -> list[str]:
        return [
            str(self.binary), "run", "standalone",
            "--data-dir", str(self.data_dir),
            "--port", str(self.port), "--http-port", str(self.http_port),
            *self.arguments,
        ]  # fmt: skip

    def launch(self, env=None) -> "Server":
        """Starts the process without waiting for it."""
        assert self.process is None or self.process.poll() is not None, "already running"
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        if self.fresh_ports:
            self.port, self.http_port = free_port(), free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ELANUS_CRASH")}
        environment |= self.env | (env or {})
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*END_WITH_PARENT, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment,
            )  # fmt: skip
        return self

    def start(self, env=None, timeout: float = 60) -> "Server":
        self.launch(env)
        self.wait_healthy(timeout)
        return self

    def wait_healthy(self, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(f"ended with {self.process.returncode}\n{self.log_tail()}")
            if self.health()[0] == 200:
                return
            time.sleep(0.005)  # Polling the outside of another process: there is no event to wait on.
        raise ServerFailed(f"not healthy after {timeout} s: {self.health()}\n{self.log_tail()}")

    def health(self, path: str = "/healthz"):
        """(HTTP status, body); status 0 when nobody listens."""
        try:
            with urllib.request.urlopen(self.http + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        if self.running:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self, timeout: float = 60) -> int:
        """SIGTERM and wait. Returns the exit status; kills and complains past the timeout."""
        if not self.running:
            return self.process.returncode if self.process else 0
        self.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"did not stop in {timeout} s\n{self.log_tail()}") from None

    def restart(self, *, kill: bool = False, env=None) -> "Server":
        self.kill() if kill else self.stop()
        return self.start(env)

    def __enter__(self) -> "Server":
        return self if self.running else self.start()

    def __exit__(self, *_) -> None:
        self.kill()

    # --- looking inside from outside ---

    def log_tail(self, lines: int = 40) -> str:
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def memory_bytes(self, what: str = "VmRSS") -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its full name with labels."""
        samples = {}
        for line in self.health("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples


def run_command(*arguments, env=None, timeout=30, binary=None) -> subprocess.CompletedProcess:
    """Runs the binary to its end: `version`, `config`, a refused start."""
    return subprocess.run(
        [str(binary or binary_path()), *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def crash_point_names() -> list[str]:
    """Every named crash point the binary knows."""
    answer = run_command("crash-points")
    if answer.returncode != 0:
        raise ServerFailed(f"`elanus crash-points` failed: {answer.stderr}")
    return sorted(set(answer.stdout.split()))


if __name__ == "__main__":
    print(json.dumps({"binary": str(binary_path()), "exists": binary_path().exists()}))
