"""Objects that nothing names: what lists them, what removes them and when, and what never is one of them."""

import json
import subprocess
import time

import pytest
from pymilvus import MilvusClient

from harness.client import count, index_params, simple_schema
from harness.server import Server

DIM = 8
PAGE = "/management/datacoord/garbage_collection"
AT_ONCE = {
    "DATACOORD_GC_MISSINGTOLERANCE": "0", "DATACOORD_GC_DROPTOLERANCE": "0", "DATACOORD_GC_INTERVAL": "1",
}  # fmt: skip


@pytest.fixture
def own(tmp_path):
    with Server(tmp_path / "data", env=dict(AT_ONCE)) as server:
        yield server


def fill(server, name="c"):
    client = MilvusClient(server.uri, timeout=30)
    client.create_collection(name, schema=simple_schema(client), index_params=index_params(client),
                             consistency_level="Strong")  # fmt: skip
    client.insert(name, [{"id": i, "vector": [float(i)] * DIM} for i in range(100)])
    client.flush(name)
    return client


def objects(server, kind="insert_log"):
    return sorted(p for p in server.data_dir.rglob("*") if p.is_file() and f"/{kind}/" in str(p))


def stray(server):
    """A file beside those of a segment, as an ended flush leaves it."""
    listed = objects(server)[0]
    lost = listed.with_name(str(int(listed.name) + 1000))
    lost.write_bytes(b"x" * 1234)
    return lost


def wait(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def page(server, path):
    status, body = server.health(PAGE + path)
    return status, json.loads(body)


def dry_run(server, *arguments):
    return subprocess.run([server.binary, "gc", "--dry-run", "--data-dir", server.data_dir, *arguments],
                          capture_output=True, text=True, timeout=60, env=server.env)  # fmt: skip


def test_a_dry_run_lists_and_a_start_removes(own):
    fill(own).close()
    refused = dry_run(own)
    assert refused.returncode != 0 and "data directory" in refused.stderr, "a server runs"
    own.stop()
    nothing = dry_run(own)
    assert nothing.returncode == 0 and " 0 of 0 bytes would be removed" in nothing.stdout, nothing
    before = objects(own)
    lost = stray(own)
    listed = dry_run(own)
    assert listed.returncode == 0, listed.stderr
    assert "1234" in listed.stdout and lost.name in listed.stdout and "does not list this file" in listed.stdout
    report = json.loads(dry_run(own, "--json").stdout)
    assert report["removable_objects"] == 1 and report["removable_bytes"] == 1234
    assert lost.exists(), "it was only listed"
    own.start()
    wait(lambda: not lost.exists(), "the start removes it")
    assert objects(own) == before
    client = MilvusClient(own.uri, timeout=30)
    assert count(client, "c") == 100
    assert own.metrics()['elanus_gc_objects_total{status="removed"}'] == 1


def test_a_running_server_tells_what_it_would_remove(own):
    client = fill(own)
    own.restart(env={"DATACOORD_GC_MISSINGTOLERANCE": "86400"})
    own.stop()
    lost = stray(own)
    own.start(env={"DATACOORD_GC_MISSINGTOLERANCE": "86400"})
    wait(lambda: (page(own, "/dry_run")[1].get("report") or {}).get("garbage"), "a listing")
    status, answer = page(own, "/dry_run")
    (object_,) = answer["report"]["garbage"]
    assert status == 200 and object_["key"].endswith(lost.name) and not object_["removable"]
    assert lost.exists()
    client.close()


def test_removal_can_be_paused(own):
    client = fill(own)
    status, answer = page(own, "/pause?pause_seconds=600")
    assert status == 200 and answer["msg"] == "OK" and answer["ticket"]
    own_files = objects(own)
    for bad in ("/pause?pause_seconds=0", "/pause?pause_seconds=x", "/resume?ticket=77", "/resume"):
        assert page(own, bad)[0] == 400, bad
    status, resumed = page(own, f"/resume?ticket={answer['ticket']}")
    assert (status, resumed) == (200, {"msg": "OK"})
    assert objects(own) == own_files
    client.drop_collection("c")
    wait(lambda: not objects(own), "a dropped collection's files go")
    client.close()


def test_what_is_dropped_stays_for_its_readers(tmp_path):
    with Server(tmp_path / "data", env=AT_ONCE | {"DATACOORD_GC_DROPTOLERANCE": "4"}) as server:
        client = fill(server)
        files = objects(server)
        client.drop_collection("c")
        time.sleep(1)
        assert objects(server) == files
        assert server.metrics()["elanus_gc_objects_waiting"] == len(files)
        wait(lambda: not objects(server), "its time has come")
        client.close()


def test_nothing_is_removed_from_a_store_that_is_ahead_of_the_catalog(own):
    fill(own).close()
    own.stop()
    lost = stray(own)
    newer = lost.with_name(str(int(lost.name) + 10**12))
    newer.write_bytes(b"y")
    answer = dry_run(own)
    assert answer.returncode != 0 and "ahead of the catalog" in answer.stderr
    own.start()
    wait(lambda: "ahead of the catalog" in own.log_tail(400), "the log says so")
    assert lost.exists() and newer.exists()
    client = MilvusClient(own.uri, timeout=30)
    assert count(client, "c") == 100
