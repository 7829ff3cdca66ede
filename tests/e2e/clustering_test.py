"""Rows put together by a clustering key: what clients see of it, before, during and after."""

import json
import threading
import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.client.prepare import Prepare

from harness.server import Server
from harness.wire import Wire

ROWS, BATCHES, DIM, VALUES = 1500, 3, 8, 1000
ENV = {
    "INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64",
    "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false",
    "QUERYNODE_ENABLESEGMENTPRUNE": "true",
}


@pytest.fixture
def own(tmp_path):
    with Server(tmp_path / "data", env=ENV) as server:
        yield server


def rows_of(batch):
    """Keys all over the range in each batch; the payload does not compress, so that there is enough of it."""
    random = np.random.default_rng(batch)
    return [{"id": batch * ROWS + i, "key": int(random.integers(VALUES)), "vector": random.random(DIM).tolist(),
             "payload": random.bytes(500).hex()} for i in range(ROWS)]  # fmt: skip


def fill(client, name="c", batches=BATCHES, **key):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("key", DataType.INT64, **(key or {"is_clustering_key": True}))
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("payload", DataType.VARCHAR, max_length=2000)
    params = client.prepare_index_params()
    params.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 8, "efConstruction": 64})
    more = {"num_partitions": 1} if key else {}
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong", **more)
    kept = {}
    for batch in range(batches):
        rows = rows_of(batch)
        client.insert(name, rows)
        client.flush(name)
        kept |= {row["id"]: row for row in rows}
    return kept


def cluster(client, name="c"):
    job = client.compact(name, is_clustering=True, target_size=1)
    assert job > 0
    deadline = time.monotonic() + 120
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline, "the compaction does not end"
        time.sleep(0.05)
    return job


def segments(client, name="c"):
    return {s.segment_id: s for s in client.list_persistent_segments(name)}


def keys_by_id(client, expression, name="c"):
    return {row["id"]: row["key"] for row in client.query(name, filter=expression, output_fields=["key"])}


def plan_of(server, expression, name="c"):
    """What a search says of how it went."""
    request = Prepare.search_requests_with_expr(
        name, anns_field="vector", param={"metric_type": "L2", "params": {"elanus.explain": True}},
        limit=10, data=[[0.5] * DIM], expr=expression)  # fmt: skip
    with Wire(server.address) as wire:
        answer = wire("Search", request)
    assert answer.status.code == 0, answer.status
    return json.loads(answer.status.extra_info["elanus.explain"])


def test_rows_are_put_together_and_nobody_misses_one(own):
    client = MilvusClient(own.uri, timeout=30)
    kept = fill(client)
    client.delete("c", ids=list(range(0, 100)))
    client.upsert("c", [dict(kept[2000], key=777)])
    for i in range(100):
        del kept[i]
    kept[2000]["key"] = 777
    fields = {field["name"]: field for field in client.describe_collection("c")["fields"]}
    assert fields["key"]["is_clustering_key"] and not fields["id"].get("is_clustering_key")
    client.flush("c")
    old = segments(client)
    stop, failures, reads = threading.Event(), [], [0]
    wanted = {i: row["key"] for i, row in kept.items() if row["key"] < 50}

    def read():
        mine = MilvusClient(own.uri, timeout=30)
        while not stop.is_set():
            found = keys_by_id(mine, "key < 50")
            hits = mine.search("c", [[0.5] * DIM], limit=20, filter="key < 50", search_params={"params": {"ef": 200}})[0]
            if found != wanted or len({hit["id"] for hit in hits}) != 20:
                failures.append((len(found), len(hits)))
            reads[0] += 1
        mine.close()

    reader = threading.Thread(target=read)
    reader.start()
    job = cluster(client)
    at = reads[0]
    while reads[0] < at + 3:
        time.sleep(0.05)
    stop.set()
    reader.join()
    assert not failures and reads[0] > 3
    made = segments(client)
    assert len(made) >= 3 and not set(made) & set(old)
    assert sum(s.num_rows for s in made.values()) == len(kept)
    assert all(s.level == 3 and s.is_sorted for s in made.values())
    plans = client.get_compaction_plans(job).plans
    assert {plan.target for plan in plans} == set(made)
    assert all(set(plan.sources) == set(old) for plan in plans)
    everything = {i: row["key"] for i, row in kept.items()}
    assert keys_by_id(client, "id >= 0") == everything
    # A narrow range is in few segments; the others are not looked at.
    assert keys_by_id(client, "key < 50") == wanted
    plan = plan_of(own, "key < 50")
    assert plan["segments_pruned"] >= len(made) - 2 and len(plan["segments"]) <= 2, plan
    assert plan_of(own, "")["segments_pruned"] == 0
    # Nothing new is nothing to do; what comes then is put where it belongs.
    assert client.compact("c", is_clustering=True, target_size=1) == -1
    client.delete("c", ids=[4000])
    client.insert("c", [dict(kept[4000], key=5)])
    everything[4000] = 5
    client.flush("c")
    assert keys_by_id(client, "id >= 0") == everything
    client.close()
    own.restart(kill=True)
    client = MilvusClient(own.uri, timeout=30)
    assert keys_by_id(client, "id >= 0") == everything
    cluster(client)
    assert keys_by_id(client, "id >= 0") == everything
    client.close()


def test_a_partition_key_gives_each_tenant_few_segments(tmp_path):
    with Server(tmp_path / "data", env=ENV | {"COMMON_USEPARTITIONKEYASCLUSTERINGKEY": "true"}) as server:
        client = MilvusClient(server.uri, timeout=30)
        kept = fill(client, is_partition_key=True)
        cluster(client)
        made = segments(client)
        assert len(made) >= 3
        for tenant in (0, 400, 999):
            expected = {i: tenant for i, row in kept.items() if row["key"] == tenant}
            assert keys_by_id(client, f"key == {tenant}") == expected
            assert plan_of(server, f"key == {tenant}")["segments_pruned"] >= len(made) - 2
        client.close()


def test_it_happens_unasked(tmp_path):
    env = ENV | {
        "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "true",
        "DATACOORD_COMPACTION_CLUSTERING_AUTOENABLE": "true",
        "DATACOORD_COMPACTION_CLUSTERING_TRIGGERINTERVAL": "1",
        "DATACOORD_COMPACTION_CLUSTERING_NEWDATASIZETHRESHOLD": "1k",
        "DATACOORD_SEGMENT_MAXSIZE": "1",
    }
    with Server(tmp_path / "data", env=env) as server:
        client = MilvusClient(server.uri, timeout=30)
        kept = fill(client, batches=2)
        deadline = time.monotonic() + 60
        while plan_of(server, "key < 20")["segments_pruned"] == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert plan_of(server, "key < 20")["segments_pruned"] > 0
        assert keys_by_id(client, "id >= 0") == {i: row["key"] for i, row in kept.items()}
        client.close()


def test_what_cannot_be_clustered_says_so(own):
    client = MilvusClient(own.uri, timeout=30)
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM, is_clustering_key=True)
    with pytest.raises(MilvusException, match="vector clustering key not allowed") as refused:
        client.create_collection("v", schema=schema)
    assert refused.value.code == 107
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("a", DataType.INT64, is_partition_key=True)
    client.create_collection("keyed", schema=schema)
    with pytest.raises(MilvusException, match="collection not support clustering compaction") as refused:
        client.compact("keyed", is_clustering=True)
    assert refused.value.code == 2304


def test_an_isolated_search_names_one_tenant(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client, batches=1, is_partition_key=True)
    client.release_collection("c")
    client.drop_index("c", "vector")
    client.alter_collection_properties("c", {"partitionkey.isolation": "true"})
    params = client.prepare_index_params()
    params.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 8, "efConstruction": 64})
    client.create_index("c", params)
    client.load_collection("c")

    def search(expression):
        return client.search("c", [[0.5] * DIM], limit=5, filter=expression, output_fields=["key"])[0]

    assert all(hit["entity"]["key"] == 7 for hit in search("key == 7 and id >= 0"))
    for expression, words in (
        ("", "partition key not found in expr"),
        ("id > 3", "partition key not found in expr"),
        ("key in [1, 2]", "partition key isolation does not support IN"),
        ("key == 1 or id > 3", "partition key isolation does not support OR"),
    ):
        with pytest.raises(MilvusException, match=words) as refused:
            search(expression)
        assert refused.value.code == 1100
    assert len(keys_by_id(client, "id >= 0")) == ROWS  # Queries may ask for all.


@pytest.mark.parametrize("point", ["compact.before_files", "compact.between_segments", "compact.after_files",
                                   "coord.compact.before", "coord.compact.after"])  # fmt: skip
def test_a_kill_at(point, tmp_path):
    """Either all of the old segments or all of the new ones, and the next try works."""
    with Server(tmp_path / "data", env=ENV) as server:
        client = MilvusClient(server.uri, timeout=30)
        kept = {i: row["key"] for i, row in fill(client).items()}
        client.delete("c", ids=[1, 2])
        kept = {i: key for i, key in kept.items() if i > 2 or i == 0}
        client.flush("c")
        old = set(segments(client))
        client.close()
        server.restart(env={"ELANUS_CRASH_POINT": point})
        client = MilvusClient(server.uri, timeout=30)
        client.compact("c", is_clustering=True, target_size=1)
        deadline = time.monotonic() + 60
        while server.running:
            assert time.monotonic() < deadline, f"did not end at {point}"
            time.sleep(0.05)
        client.close()
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        found = set(segments(client))
        if point == "coord.compact.after":
            assert not found & old and len(found) >= 3
        else:
            assert found == old
        assert keys_by_id(client, "id >= 0") == kept
        if found == old:
            cluster(client)
            assert keys_by_id(client, "id >= 0") == kept and not set(segments(client)) & old
        client.close()
