"""What a read may and must see: Strong, Session, Bounded, Eventually, and a guarantee in the past."""

import threading

import numpy as np
import pytest
from pymilvus import MilvusClient

from harness.client import count, index_params, simple_schema
from harness.wire import Wire, search_request

pytestmark = pytest.mark.core


def test_strong_reads_see_every_acknowledged_write_of_others(server, client, simple):
    other = MilvusClient(server.uri)
    for i in range(200):
        client.insert(simple, [{"id": i, "vector": [float(i)] * 8}])
        assert other.search(simple, [[float(i)] * 8], limit=1, consistency_level="Strong")[0][0]["id"] == i
    other.close()


def test_session_reads_see_their_own_writes(client, simple):
    for i in range(100):
        client.upsert(simple, [{"id": 1, "vector": [float(i)] * 8, "v": i}])
        (row,) = client.query(simple, filter="id == 1", output_fields=["v"], consistency_level="Session")
        assert row["v"] == i


@pytest.mark.parametrize("level", ["Bounded", "Eventually"])
def test_weaker_levels_answer_without_waiting(client, simple, level):
    client.insert(simple, [{"id": 1, "vector": [0.0] * 8}])
    assert len(client.search(simple, [[0.0] * 8], limit=5, consistency_level=level)[0]) <= 1


def test_default_level_comes_from_the_collection(client, name):
    client.create_collection(name, schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
    for i in range(50):
        client.insert(name, [{"id": i, "vector": [0.0] * 8}])
        assert count(client, name) == i + 1


def test_a_guarantee_of_a_write_waits_for_it(server, client, simple):
    with Wire(server.address) as wire:
        stamp = wire("AllocTimestamp").timestamp
        request = search_request(simple, [np.zeros(8)])
        request.consistency_level, request.guarantee_timestamp = 4, stamp
        assert wire("Search", request, timeout=10).status.code == 0


def test_readers_and_writers_at_once_never_see_half_a_batch(server, client, simple):
    """Each upsert rewrites ten keys with one number; a reader must find one number in all ten."""
    stop, torn = threading.Event(), []

    def read():
        own = MilvusClient(server.uri)
        while not stop.is_set():
            found = {r["v"] for r in own.query(simple, filter="id < 10", output_fields=["v"], consistency_level="Strong")}
            if len(found) > 1:
                torn.append(found)
        own.close()

    write = lambda v: client.upsert(simple, [{"id": i, "vector": [float(v)] * 8, "v": v} for i in range(10)])  # noqa: E731
    write(0)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for v in range(1, 120):
        write(v)
        if v == 60:
            client.flush(simple)
    stop.set()
    for reader in readers:
        reader.join()
    assert not torn, torn[:3]
    assert count(client, simple) == 10
