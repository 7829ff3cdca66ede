"""Rows that expire: by their age (collection.ttl.seconds) or by a time of their own (ttl_field)."""

import datetime
import time

import pytest
from pymilvus import DataType, MilvusClient

from harness.client import count, index_params, plain, refused, simple_schema
from harness.server import Server

DIM = 8


@pytest.fixture
def own(tmp_path):
    with Server(tmp_path / "data", env={
        "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false",
        "DATACOORD_GC_DROPTOLERANCE": "0",
    }) as server:  # fmt: skip
        yield server


def rows(ids, **more):
    return [{"id": i, "vector": [float(i)] * DIM, **more} for i in ids]


def wait(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def ids(client, name, **options):
    return sorted(r["id"] for r in plain(client.query(name, filter="id >= 0", output_fields=["id"], **options)))


def found(client, name):
    hits = client.search(name, [[0.0] * DIM], limit=100, output_fields=["id"])[0]
    return sorted(hit["id"] for hit in hits)


def create(client, name, schema=None, **properties):
    client.create_collection(name, schema=schema or simple_schema(client), index_params=index_params(client),
                             consistency_level="Strong", properties=properties)  # fmt: skip


def test_rows_expire_for_every_read_whether_flushed_or_not(client, name):
    create(client, name, **{"collection.ttl.seconds": "3"})
    client.insert(name, rows(range(5)))
    client.flush(name)
    client.insert(name, rows(range(5, 10)))
    assert count(client, name) == 10
    wait(lambda: count(client, name) == 0, "rows do not expire")
    assert ids(client, name) == [] and found(client, name) == []
    assert client.get(name, ids=[1, 7]) == []
    client.upsert(name, rows([1, 7]))  # Refreshed.
    assert ids(client, name) == [1, 7] == found(client, name)


def test_the_age_may_be_altered(client, name):
    create(client, name)
    client.insert(name, rows(range(3)))
    client.flush(name)
    time.sleep(1.1)
    assert count(client, name) == 3
    client.alter_collection_properties(name, {"collection.ttl.seconds": 1})
    assert count(client, name) == 0, "at once"
    client.alter_collection_properties(name, {"collection.ttl.seconds": 0})
    assert count(client, name) == 3, "nothing was compacted meanwhile"
    client.alter_collection_properties(name, {"collection.ttl.seconds": 1})
    client.drop_collection_properties(name, ["collection.ttl.seconds"])
    assert count(client, name) == 3
    for bad in ("-2", "soon", "1e9", "3155760001"):
        with refused("collection.ttl.seconds"):
            client.alter_collection_properties(name, {"collection.ttl.seconds": bad})
    assert client.describe_collection(name)["properties"].get("collection.ttl.seconds") is None


def test_a_compaction_leaves_expired_rows_out(own):
    client = MilvusClient(own.uri, timeout=30)
    create(client, "c", **{"collection.ttl.seconds": "100000"})
    client.insert("c", rows(range(10)))
    client.flush("c")
    time.sleep(2.5)
    client.insert("c", rows(range(10, 15)))
    client.flush("c")
    client.alter_collection_properties("c", {"collection.ttl.seconds": 2})
    client.compact("c")
    wait(lambda: len(client.list_persistent_segments("c")) <= 1, "the compaction does not end")
    wait(lambda: count(client, "c") == 0, "rows do not expire")
    client.compact("c")
    wait(lambda: client.list_persistent_segments("c") == [], "nothing is left of it")
    wait(lambda: not [p for p in own.data_dir.rglob("*") if p.is_file() and "/insert_log/" in str(p)], "files are left")
    own.restart(kill=True)
    client = MilvusClient(own.uri, timeout=30)
    assert count(client, "c") == 0


def test_an_age_for_the_whole_server(tmp_path):
    with Server(tmp_path / "data", env={"COMMON_ENTITYEXPIRATION": "2"}) as server:
        client = MilvusClient(server.uri, timeout=30)
        create(client, "short")
        create(client, "long", **{"collection.ttl.seconds": "-1"})
        for name in ("short", "long"):
            client.insert(name, rows(range(4)))
        assert count(client, "short") == 4
        wait(lambda: count(client, "short") == 0, "rows do not expire")
        assert count(client, "long") == 4


def with_time(client):
    schema = simple_schema(client)
    schema.add_field("gone_at", DataType.TIMESTAMPTZ, nullable=True)
    schema.add_field("number", DataType.INT64, nullable=True)
    return schema


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_rows_expire_at_a_time_of_their_own(own):
    client = MilvusClient(own.uri, timeout=30)
    create(client, "c", with_time(client), ttl_field="gone_at")
    client.insert("c", rows([1], gone_at=in_seconds(-1)) + rows([2], gone_at=in_seconds(3)))
    client.insert("c", rows([3], gone_at=in_seconds(3600)) + rows([4], gone_at=None))
    assert ids(client, "c") == [2, 3, 4] == found(client, "c")
    client.flush("c")
    assert ids(client, "c") == [2, 3, 4] or ids(client, "c") == [3, 4]
    wait(lambda: ids(client, "c") == [3, 4], "row 2 does not expire")
    assert found(client, "c") == [3, 4] and count(client, "c") == 2
    client.compact("c")
    wait(lambda: [s.num_rows for s in client.list_persistent_segments("c")] == [2], "expired rows stay in files")
    client.upsert("c", rows([3], gone_at=in_seconds(-5)))
    assert ids(client, "c") == [4]
    client.drop_collection_properties("c", ["ttl_field"])
    assert ids(client, "c") == [3, 4]


def test_what_cannot_be_a_time_to_expire(client, name):
    schema = with_time(client)
    with refused("ttl field"):
        create(client, name, schema, ttl_field="absent")
    with refused("Timestamptz"):
        create(client, name, schema, ttl_field="number")
    with refused("cannot be set at the same time"):
        create(client, name, schema, **{"ttl_field": "gone_at", "collection.ttl.seconds": "5"})
    create(client, name, schema, **{"collection.ttl.seconds": "500"})
    with refused("cannot be set at the same time"):
        client.alter_collection_properties(name, {"ttl_field": "gone_at"})
