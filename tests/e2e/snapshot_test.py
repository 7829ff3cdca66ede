"""Snapshots: a collection as it was at a moment, kept, listed, pinned, and made a collection again."""

import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException

from harness.client import count, index_params, refused
from harness.server import Server

pytestmark = pytest.mark.skipif(not hasattr(MilvusClient, "create_snapshot"), reason="clients of the 2.6 line have none")

ROWS, DIM = 300, 8
NOT_FOUND, PINNED, BLOCKED, INVALID = 2600, 2601, 2317, 1100


@pytest.fixture
def own(tmp_path):
    with Server(tmp_path / "data", env={
        "INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64",
        "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false",
        "DATACOORD_GC_DROPTOLERANCE": "0", "DATACOORD_GC_MISSINGTOLERANCE": "0", "DATACOORD_GC_INTERVAL": "1",
    }) as server:  # fmt: skip
        yield server


@pytest.fixture
def client(own):
    return MilvusClient(own.uri, timeout=30)


def rows(first, number):
    random = np.random.default_rng(first)
    return [{"id": i, "vector": random.random(DIM).tolist(), "tenant": f"t{i % 7}", "price": None if i % 5 == 0 else i * 0.5,
             "extra": i} for i in range(first, first + number)]  # fmt: skip


def fill(client, name="c", *, partition_key=False, partitions=()):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("tenant", DataType.VARCHAR, max_length=16, is_partition_key=partition_key)
    schema.add_field("price", DataType.DOUBLE, nullable=True)
    params = index_params(client, kind="HNSW", metric="L2", M=8, efConstruction=64)
    params.add_index(field_name="tenant", index_type="INVERTED")
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong",
                             **({"num_partitions": 4} if partition_key else {}))  # fmt: skip
    for partition in partitions:
        client.create_partition(name, partition)
    for i, partition in enumerate(partitions or [""]):
        client.insert(name, rows(i * ROWS, ROWS), **({"partition_name": partition} if partition else {}))


def everything(client, name, **options):
    return {r["id"]: dict(r) for r in client.query(name, filter="id >= 0", output_fields=["*"], **options)}


def nearest(client, name):
    queries = np.random.default_rng(1).random((5, DIM)).tolist()
    found = client.search(name, queries, limit=10, filter='tenant != "t3"', search_params={"ef": 200})
    return [[(hit["id"], round(hit["distance"], 4)) for hit in hits] for hits in found]


def wait_for(client, job):
    deadline = time.monotonic() + 60
    while True:
        info = client.get_restore_snapshot_state(job)
        if info.state in ("RestoreSnapshotCompleted", "RestoreSnapshotFailed"):
            return info
        assert time.monotonic() < deadline, info
        time.sleep(0.05)


def restore(client, name, snapshot="s", target="again", **options):
    job = client.restore_snapshot(snapshot, source_collection_name=name, target_collection_name=target, **options)
    info = wait_for(client, job)
    assert info.state == "RestoreSnapshotCompleted", info
    assert info.progress == 100 and info.collection_name == target and info.snapshot_name == snapshot, info
    return info


def objects(server, kind):
    return sorted(str(p.relative_to(server.data_dir)) for p in server.data_dir.rglob("*") if p.is_file() and f"/{kind}/" in str(p))


def wait(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_what_came_later_is_not_in_it(client):
    fill(client, partitions=["north", "south"])
    client.delete("c", filter="id in [1, 2, 301]")
    before, near = everything(client, "c"), nearest(client, "c")
    client.create_snapshot("s", "c", description="as it was")
    client.delete("c", filter="id < 200")
    client.upsert("c", rows(250, 1) + rows(5000, 10), partition_name="north")
    client.delete("c", filter="id > 400", partition_name="south")
    client.flush("c")

    restore(client, "c")
    assert client.get_load_state("again")["state"].name == "NotLoad"
    client.load_collection("again")
    assert everything(client, "again") == before
    assert nearest(client, "again") == near
    assert set(client.list_partitions("again")) == {"_default", "north", "south"}
    assert everything(client, "again", partition_names=["south"]) == {k: v for k, v in before.items() if k >= ROWS}
    assert client.describe_index("again", "vector")["pending_index_rows"] == 0
    # It lives a life of its own.
    client.delete("again", filter="id == 5")
    client.insert("again", rows(9000, 5), partition_name="south")
    assert count(client, "again") == len(before) + 4
    assert 9000 not in everything(client, "c")


def test_deletes_of_one_partition_stay_in_it(client):
    fill(client, partitions=["north", "south"])
    client.insert("c", rows(0, 10), partition_name="south")  # The same keys elsewhere.
    client.flush("c")
    client.delete("c", filter="id < 10", partition_name="north")
    client.create_snapshot("s", "c")
    restore(client, "c")
    client.load_collection("again")
    assert count(client, "again", partition_names=["north"]) == ROWS - 10
    assert count(client, "again", partition_names=["south"]) == ROWS + 10


def test_a_schema_with_a_partition_key_comes_back(client):
    fill(client, partition_key=True)
    client.create_snapshot("s", "c")
    restore(client, "c")
    client.load_collection("again")
    ours, theirs = client.describe_collection("again"), client.describe_collection("c")
    for part in ("fields", "enable_dynamic_field", "num_partitions", "consistency_level"):
        assert ours[part] == theirs[part], part
    assert client.list_indexes("again") == client.list_indexes("c")
    assert everything(client, "again") == everything(client, "c")
    assert len(client.query("again", filter='tenant == "t2"')) == len([i for i in range(ROWS) if i % 7 == 2])
    client.insert("again", rows(ROWS, 7))
    assert count(client, "again") == ROWS + 7


@pytest.mark.parametrize("rewrite", [False, True])
def test_the_restored_collection_outlives_its_source(own, client, rewrite):
    fill(client)
    client.delete("c", filter="id < 10")
    client.create_snapshot("s", "c")
    before, near = everything(client, "c"), nearest(client, "c")
    if rewrite:
        from pymilvus.grpc_gen import milvus_pb2 as wire
        job = client._get_connection()._stub.RestoreSnapshot(wire.RestoreSnapshotRequest(
            name="s", collection_name="c", target_collection_name="again", rewrite_data=True)).job_id  # fmt: skip
        assert wait_for(client, job).state == "RestoreSnapshotCompleted"
    else:
        kept = objects(own, "insert_log")
        restore(client, "c")
        assert objects(own, "insert_log") == kept, "nothing is copied"
    client.drop_collection("c")
    own.kill()
    own.start()
    client = MilvusClient(own.uri, timeout=30)
    assert client.list_snapshots() == []
    client.load_collection("again")
    assert everything(client, "again") == before
    assert nearest(client, "again") == near
    client.compact("again")
    assert everything(client, "again") == before
    client.drop_collection("again")
    for kind in ("insert_log", "delta_log", "index_files"):
        wait(lambda kind=kind: objects(own, kind) == [], f"{kind} is not emptied")


def test_what_a_snapshot_names_stays(own, client):
    fill(client)
    client.create_snapshot("s", "c")
    kept = objects(own, "insert_log")
    client.release_collection("c")
    client.truncate_collection("c")
    own.kill()
    own.start()
    client = MilvusClient(own.uri, timeout=30)
    assert objects(own, "insert_log") == kept
    restore(client, "c")
    client.load_collection("again")
    assert count(client, "again") == ROWS
    client.drop_collection("again")
    client.drop_snapshot("s", "c")
    wait(lambda: objects(own, "insert_log") == [], "nothing names them any more")


def test_names_descriptions_and_jobs(client):
    fill(client)
    fill(client, "d")
    client.create_snapshot("s", "c", description="first")
    client.create_snapshot("t", "c")
    client.create_snapshot("s", "d")
    assert sorted(client.list_snapshots("c")) == ["s", "t"]
    assert sorted(client.list_snapshots()) == ["s", "s", "t"]
    info = client.describe_snapshot("s", "c")
    assert (info.name, info.description, info.collection_name) == ("s", "first", "c")
    assert info.partition_names == ["_default"]
    assert abs(info.create_ts - time.time() * 1000) < 60_000
    job = restore(client, "c").job_id
    restore(client, "d", target="other")
    assert [j.job_id for j in client.list_restore_snapshot_jobs("again")] == [job]
    assert len(client.list_restore_snapshot_jobs()) == 2

    with refused("already exists", INVALID):
        client.create_snapshot("s", "c")
    with refused("snapshot", INVALID):
        client.create_snapshot("no name", "c")
    with refused("compaction_protection_seconds", INVALID):
        client.create_snapshot("u", "c", compaction_protection_seconds=604_801)
    with refused("collection not found", 100):
        client.create_snapshot("u", "nowhere")
    for call in (lambda: client.describe_snapshot("u", "c"), lambda: client.drop_snapshot("u", "c"),
                 lambda: client.pin_snapshot_data("t", "d"),
                 lambda: client.restore_snapshot("t", source_collection_name="d", target_collection_name="x")):  # fmt: skip
        with refused("snapshot not found", NOT_FOUND):
            call()
    with refused("already exists", INVALID):
        client.restore_snapshot("s", source_collection_name="c", target_collection_name="d")
    with refused("job", INVALID):
        client.get_restore_snapshot_state(1)


def test_it_becomes_a_collection_of_another_database(client):
    fill(client)
    client.create_snapshot("s", "c")
    client.create_database("elsewhere")
    restore(client, "c", target="c", target_db_name="elsewhere")
    client.use_database("elsewhere")
    client.load_collection("c")
    assert count(client, "c") == ROWS
    assert client.list_snapshots() == []
    client.drop_collection("c")
    client.drop_database("elsewhere")


def test_pins_are_in_the_metrics(own, client):
    fill(client)
    client.create_snapshot("s", "c")

    def pins():
        return [value for series, value in own.metrics().items()
                if series.startswith("milvus_datacoord_snapshot_active_pins{") and 'snapshot_name="s"' in series]  # fmt: skip

    assert pins() == [0]
    pin = client.pin_snapshot_data("s", "c", ttl_seconds=3600)
    assert pins() == [1]
    client.unpin_snapshot_data(pin)
    assert pins() == [0]
    client.drop_snapshot("s", "c")
    assert pins() == []


def test_pins_and_protection(client):
    fill(client)
    client.create_snapshot("s", "c", compaction_protection_seconds=3600)
    with refused("compaction blocked by snapshot protection", BLOCKED):
        client.compact("c")
    pin = client.pin_snapshot_data("s", "c", ttl_seconds=3600)
    with refused("snapshot is pinned", PINNED):
        client.drop_snapshot("s", "c")
    with refused("snapshot is pinned", PINNED):
        client.drop_collection("c")
    client.unpin_snapshot_data(pin)
    client.drop_snapshot("s", "c")
    client.compact("c")
    client.create_snapshot("s", "c")
    client.pin_snapshot_data("s", "c", ttl_seconds=1)
    wait(lambda: drops(client, "c"), "the pin does not end by itself")


def drops(client, name):
    try:
        client.drop_collection(name)
    except MilvusException as refusal:
        assert refusal.code == PINNED, refusal
    return not client.has_collection(name)
