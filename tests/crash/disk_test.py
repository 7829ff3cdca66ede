"""A full disk and an honest answer: clear refusals, reads that go on, writes that resume, fdatasync first."""

import os
import re
import shutil
import subprocess
import time

import pytest
from pymilvus import MilvusClient, MilvusException

from harness.client import count, index_params, simple_schema
from harness.server import Server

pytestmark = pytest.mark.server
MEGABYTE = 1 << 20
DISK_LIMIT_EXCEEDED = 7


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 96 MB of our own; needs the right to mount."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "elanus-test", str(place)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def connect(server):
    return MilvusClient(server.uri, timeout=30, dedicated=True)


def rows(begin, size):
    return [{"id": i, "vector": [float(i)] * 8, "filler": "x" * 1000} for i in range(begin, begin + size)]


def fill_up(client, begin):
    """Inserts until the disk says no. Returns (rows acknowledged, the refusal)."""
    acknowledged = begin
    for _ in range(500):
        try:
            client.insert("c", rows(acknowledged, 500), timeout=20)
            acknowledged += 500
        except MilvusException as error:
            return acknowledged, error
    raise AssertionError("96 MB never filled up")


def fill_rest(path):
    """Leaves no byte free."""
    with open(path, "ab", buffering=0) as file:
        for chunk in (65_536, 4096, 1):
            try:
                while True:
                    file.write(bytes(chunk))
            except OSError:
                pass  # No room for this much.


def fill_catalog(client, created):
    """Creates collections until that fails: the catalog's files have some room of their own."""
    for i in range(500):
        client.create_collection(f"other{i}", schema=simple_schema(client), timeout=10)
        created.append(f"other{i}")


def wait_for_write(client, begin, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            client.insert("c", rows(begin, 1), timeout=5)
            return
        except MilvusException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)  # R7 allows ten seconds until writes are taken again.


@pytest.mark.timeout(300)
def test_full_disk(small_disk, tmp_path):
    ballast = small_disk / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 50 * MEGABYTE)
    server = Server(small_disk / "data")
    server.log_path = tmp_path / "server.log"
    with server:
        client = connect(server)
        client.create_collection("c", schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
        client.insert("c", rows(0, 100))
        acknowledged, refusal = fill_up(client, 100)
        assert refusal.code == DISK_LIMIT_EXCEEDED and "no space left" in refusal.message, refusal

        # To the last byte: log, segment file and catalog each say what is missing, and reads go on.
        rest = small_disk / "rest"
        fill_rest(rest)
        created = []
        for what, ask in {
            "log": lambda: client.insert("c", rows(acknowledged, 500), timeout=10),
            "log of deletes": lambda: client.delete("c", ids=[3], timeout=10),
            "segment": lambda: client.flush("c", timeout=10),
            "catalog": lambda: fill_catalog(client, created),
        }.items():
            with pytest.raises(MilvusException) as refused:
                ask()
            assert refused.value.code == DISK_LIMIT_EXCEEDED, f"{what}: {refused.value}"
            assert re.search("no space left|no room", refused.value.message), f"{what}: {refused.value}"
            assert server.running and count(client, "c") == acknowledged
            assert client.search("c", [[50.0] * 8], limit=1)[0][0]["id"] == 50
        assert sorted(client.list_collections()) == sorted(["c", *created])

        rest.unlink()
        ballast.unlink()
        wait_for_write(client, acknowledged)
        client.create_collection("other", schema=simple_schema(client))
        client.flush("c", timeout=60)
        assert count(client, "c") == acknowledged + 1
        client.close()

        # And all of it is there after a kill, full disk or not.
        server.restart(kill=True)
        assert count(connect(server), "c") == acknowledged + 1


@pytest.mark.timeout(300)
def test_killed_with_a_full_disk(small_disk, tmp_path):
    ballast = small_disk / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 60 * MEGABYTE)
    server = Server(small_disk / "data")
    server.log_path = tmp_path / "server.log"
    with server:
        client = connect(server)
        client.create_collection("c", schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
        acknowledged, _ = fill_up(client, 0)
        client.close()
        server.kill()
        ballast.unlink()
        server.start()
        client = connect(server)
        assert count(client, "c") in (acknowledged, acknowledged + 500)  # The refused batch is whole or absent.
        wait_for_write(client, 1_000_000)


@pytest.mark.timeout(120)
def test_an_answer_waits_for_its_sync(tmp_path):
    """Each acknowledged insert of a lone client is preceded by a sync of its own."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    server = Server(tmp_path / "data")
    with server:
        client = connect(server)
        client.create_collection("c", schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
        tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,sync_file_range,io_uring_enter", "-o", str(trace),
             "-p", str(server.process.pid)], stderr=subprocess.PIPE, text=True)  # fmt: skip
        first = tracer.stderr.readline()
        if "attached" not in first:
            tracer.kill()
            pytest.skip(f"cannot trace here: {first.strip()}")
        for i in range(20):
            client.insert("c", rows(i, 1))
        tracer.terminate()
        tracer.wait()
    syncs = re.findall(r"(?:fsync|fdatasync)\(\d+<[^>]*rdb_data[^>]*>", trace.read_text())
    assert len(syncs) >= 20, f"{len(syncs)} syncs of the log for 20 acknowledged inserts"
