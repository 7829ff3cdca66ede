"""A store that misbehaves: what was acknowledged stays, and the server recovers without a restart."""

import itertools
import random

import pytest
from s3_fixtures import (  # noqa: F401 (one_store is a fixture)
    check_found,
    connect,
    environment,
    insert,
    is_loaded,
    make,
    one_store,
    wait_indexed,
    wait_until,
)

from harness.client import count, refused
from harness.fault_proxy import Fault, FaultProxy
from harness.server import Server, ServerFailed

ROOTS = itertools.count(1)


@pytest.fixture
def proxy(one_store):  # noqa: F811
    with FaultProxy(one_store.address) as running:
        yield running


@pytest.fixture
def server(proxy, tmp_path):
    with Server(tmp_path / "data", env=environment(proxy.address, MINIO_ROOTPATH=f"fault/{next(ROOTS)}")) as running:
        yield running
        proxy.heal()


def sometimes(kind, share, seed=1):
    rng = random.Random(seed)
    return lambda request: Fault(kind) if rng.random() < share else None


@pytest.mark.parametrize("kind", ["error_500", "slow_down", "reset", "short_body", "silent_short", "flip"])
def test_faults_that_pass_are_not_seen_by_clients(proxy, server, kind):
    spoils = kind in ("silent_short", "flip")

    def on_reads(request, chance=sometimes(kind, 0.1 if spoils else 0.3)):
        # What is put is checked by the store; these two spoil what is read.
        if spoils and (request.method != "GET" or "list-type" in request.target):
            return None
        return chance(request)

    client = connect(server)
    make(client, "c")
    proxy.fault = on_reads
    insert(client, "c", 0, 2000)
    client.flush("c")
    wait_indexed(client, "c")
    client.release_collection("c")
    client.load_collection("c")
    check_found(client, "c", 0, 2000)
    assert count(client, "c") == 2000
    assert proxy.counts.get(kind, 0) > 0, "no fault was met"
    client.close()


def test_a_stalled_store_is_given_up_and_comes_back(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 500)
    proxy.fault = lambda request: Fault("stall") if request.method == "PUT" else None
    with refused("minio.requestTimeoutMs"):
        client.flush("c", timeout=60)
    assert count(client, "c") == 500
    proxy.heal()
    client.flush("c")
    check_found(client, "c", 0, 500)
    client.close()


def test_rows_are_safe_while_the_store_is_down_and_flushed_afterwards(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 500)
    client.flush("c")
    wait_until(lambda: count(client, "c") == 500)
    proxy.fault = lambda request: Fault("reset")
    insert(client, "c", 1000, 1500)  # The log is local.
    with refused("object store"):
        client.flush("c")
    check_found(client, "c", 0, 500)  # What is resident is served.
    check_found(client, "c", 1000, 1500)
    server.kill()
    proxy.heal()
    server.start()
    client.close()
    client = connect(server)
    assert count(client, "c") == 1000
    client.flush("c")
    check_found(client, "c", 1000, 1500)
    client.close()


def test_a_load_that_met_a_dead_store_ends_by_itself(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 2000)
    client.flush("c")
    wait_indexed(client, "c")
    client.release_collection("c")
    proxy.fault = lambda request: Fault("reset")
    with pytest.raises(Exception, match="object store"):
        client.load_collection("c")
    proxy.heal()
    wait_until(lambda: is_loaded(client, "c"), what="loaded without being asked again")
    check_found(client, "c", 0, 2000)
    client.close()


def test_a_restart_into_a_store_that_fails_reads_recovers(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 2000)
    client.flush("c")
    wait_indexed(client, "c")
    client.close()
    server.kill()
    proxy.fault = lambda request: Fault("error_500") if "insert_log" in request.target or "index_files" in request.target else None
    server.start()
    proxy.heal()
    client = connect(server)
    wait_until(lambda: is_loaded(client, "c"))
    check_found(client, "c", 0, 2000)
    client.close()


def test_an_index_that_could_not_be_read_or_written_comes_later(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 2000)
    proxy.fault = lambda request: Fault("slow_down") if "index_files" in request.target else None
    client.flush("c")
    wait_until(lambda: proxy.counts.get("slow_down", 0) > 3, what="the build met the fault")
    check_found(client, "c", 0, 2000)  # By scanning.
    proxy.heal()
    wait_indexed(client, "c")
    check_found(client, "c", 0, 2000)
    client.close()


def test_a_stale_listing_removes_nothing_that_is_needed(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 500)
    client.flush("c")
    client.close()
    proxy.fault = lambda request: Fault("stale_list") if "insert_log" in request.target else None
    server.restart(kill=True)
    client = connect(server)
    wait_until(lambda: is_loaded(client, "c"))
    check_found(client, "c", 0, 500)
    client.close()


def test_a_read_only_store_is_named(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 100)
    proxy.fault = lambda request: Fault("denied") if request.method in ("PUT", "POST") else None
    with refused("allow s3:PutObject"):
        client.flush("c")
    proxy.heal()
    client.flush("c")
    client.close()


def test_a_wrong_clock_is_named(proxy, tmp_path):
    # The store insists on its time whatever is signed.
    proxy.fault = lambda request: Fault("skew", seconds=10**8)
    server = Server(tmp_path / "data", env=environment(proxy.address, MINIO_ROOTPATH=f"fault/{next(ROOTS)}"))
    server.launch()
    try:
        wait_until(lambda: "clock differs from the object store's" in server.log_tail(), what="named in the log")
    finally:
        server.kill()


def test_a_store_that_denies_reading_ends_the_start(proxy, tmp_path):
    proxy.fault = lambda request: Fault("denied")
    with pytest.raises(ServerFailed, match="allow s3:GetObject"):
        Server(tmp_path / "data", env=environment(proxy.address)).start(timeout=30)


def test_a_server_ends_while_its_store_is_down(proxy, server):
    client = connect(server)
    make(client, "c")
    insert(client, "c", 0, 100)
    client.close()
    proxy.fault = lambda request: Fault("stall")
    assert server.stop(timeout=120) == 0
    proxy.heal()
    server.start()
    client = connect(server)
    assert count(client, "c") == 100
    client.close()
