"""Segments are merged and deleted rows left out; nobody who reads notices."""

import threading
import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException

from harness.client import count, index_params, simple_schema
from harness.server import Server
from harness.wire import Wire

ROWS, DIM = 400, 8


@pytest.fixture
def own(tmp_path):
    """Small limits, so that what takes hours elsewhere happens here; nothing is merged unless asked."""
    with Server(tmp_path / "data", env={
        "INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64",
        "DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false",
        "DATACOORD_GC_DROPTOLERANCE": "0",
    }) as server:  # fmt: skip
        yield server


def rows(first, number, **more):
    random = np.random.default_rng(first)
    return [{"id": i, "vector": random.random(DIM).tolist(), "k": f"v{i}", **more} for i in range(first, first + number)]


def fill(client, name="c", segments=3, **more):
    """Some flushed segments of ROWS rows each."""
    client.create_collection(name, schema=simple_schema(client), consistency_level="Strong",
                             index_params=index_params(client, kind="HNSW", metric="L2", M=8, efConstruction=64))  # fmt: skip
    for i in range(segments):
        client.insert(name, rows(i * ROWS, ROWS, **more))
        client.flush(name)


def segments(client, name="c"):
    return {s.segment_id: s for s in client.list_persistent_segments(name)}


def compact(client, name="c", **options):
    job = client.compact(name, **options)
    deadline = time.monotonic() + 60
    while client.get_compaction_state(job) != "Completed":
        assert time.monotonic() < deadline, "the compaction does not end"
        time.sleep(0.05)
    return job


def everything(client, name="c"):
    return {r["id"]: r for r in client.query(name, filter="id >= 0", output_fields=["*"])}


def nearest(client, name="c"):
    queries = np.random.default_rng(1).random((5, DIM)).tolist()
    return [[(hit["id"], round(hit["distance"], 4)) for hit in hits]
            for hits in client.search(name, queries, limit=10, search_params={"params": {"ef": 200}})]  # fmt: skip


def test_segments_become_one_and_rows_stay(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client)
    client.delete("c", ids=list(range(0, 100)))
    client.upsert("c", [{"id": 500, "vector": [9.0] * DIM, "k": "new"}])
    client.flush("c")
    before, hits, old = everything(client), nearest(client), segments(client)
    assert len(old) == 4
    job = compact(client)
    made = segments(client)
    assert len(made) == 1 and not set(made) & set(old)
    (segment,) = made.values()
    assert segment.num_rows == len(before) == 1100
    assert segment.is_sorted and segment.level == 3  # L2
    (plan,) = client.get_compaction_plans(job).plans
    assert set(plan.sources) == set(old) and plan.target == segment.segment_id
    assert everything(client) == before and nearest(client) == hits
    assert [s.segment_id for s in client.list_loaded_segments("c")] == [segment.segment_id]
    described = client.describe_index("c", "vector")
    assert described["state"] == "Finished" and described["indexed_rows"] == 1100
    # Deletes and upserts of rows in the merged segment, then a crash.
    client.delete("c", ids=[600])
    client.upsert("c", [{"id": 700, "vector": [8.0] * DIM, "k": "newer"}])
    after = everything(client)
    assert 600 not in after and after[700]["k"] == "newer"
    client.close()
    own.restart(kill=True)
    client = MilvusClient(own.uri, timeout=30)
    assert everything(client) == after


def test_flushes_and_compactions_are_in_the_metrics(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client)
    client.delete("c", ids=list(range(0, 100)))
    client.flush("c")

    def value(family, **labels):
        wanted = [f'{key}="{text}"' for key, text in labels.items()]
        return sum(number for series, number in own.metrics().items()
                   if series.split("{")[0] == family and all(label in series for label in wanted))  # fmt: skip

    assert value("milvus_datanode_flush_req_count", status="success") >= 4
    assert value("milvus_datanode_flushed_data_rows", data_source="streaming") == 3 * ROWS
    assert value("milvus_datanode_flushed_data_size", data_source="streaming") > 3 * ROWS * DIM * 4
    assert value("milvus_datanode_save_latency_count") == 4
    assert value("milvus_datacoord_l0_delete_entries_num", db_name="default") == 100
    assert value("milvus_datacoord_compaction_task_num") == 0
    compact(client)
    merges = {"compaction_type": "MixCompaction"}
    states = {s: value("milvus_datacoord_compaction_task_num", status=s, **merges) for s in ("pending", "executing", "done")}
    assert states == {"pending": 0, "executing": 0, "done": 1}
    assert value("milvus_datanode_compaction_latency_count", **merges) == 1
    for stage in ("pending", "executing"):
        assert value("milvus_datacoord_compaction_latency_count", compaction_stage=stage, **merges) == 1
    assert value("milvus_datanode_flushed_data_rows", data_source="compaction") == 3 * ROWS - 100
    assert value("elanus_compaction_rows_left_out_total") == 100
    client.drop_collection("c")
    assert not any("milvus_datacoord_l0_delete_entries_num" in series for series in own.metrics())


def test_files_of_what_was_replaced_are_removed(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client)
    client.delete("c", ids=list(range(ROWS)))
    client.flush("c")

    def objects(kind):
        return [p for p in own.data_dir.rglob("*") if p.is_file() and f"/{kind}/" in str(p)]

    columns = len(objects("insert_log"))
    assert objects("delta_log")
    compact(client)
    deadline = time.monotonic() + 30
    while (len(objects("insert_log")) > columns // 3 or objects("delta_log")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(objects("insert_log")) == columns // 3 and not objects("delta_log")
    assert count(client, "c") == 2 * ROWS


def test_what_has_nothing_to_do_says_so(own):
    client = MilvusClient(own.uri, timeout=30)
    client.create_collection("c", schema=simple_schema(client))
    assert client.compact("c") == -1
    assert client.get_compaction_state(-1) == "Completed"
    assert client.get_compaction_state(123456) == "Completed"
    client.insert("c", rows(0, 10))
    client.flush("c")
    compact(client)  # One segment that is as it would be made: a plan that is done.
    assert [s.level for s in segments(client).values()] == [3]
    assert client.compact("c") == -1


def test_bad_requests(own):
    client = MilvusClient(own.uri, timeout=30)
    client.create_collection("c", schema=simple_schema(client))
    with pytest.raises(MilvusException, match="collection not found"):
        client.compact("nobody")
    with pytest.raises(MilvusException, match="collection not support clustering compaction") as refused:
        client.compact("c", is_clustering=True)
    assert refused.value.code == 2304
    with Wire(own.address) as wire:
        status = wire("ManualCompaction", collection_name="c", target_size=-1).status
        assert status.code == 1100 and "target_size" in status.reason
        status = wire("ManualCompaction", collection_name="c", partition_id=77).status
        assert status.code == 200, status


def test_the_target_size_is_kept(own):
    client = MilvusClient(own.uri, timeout=30)
    client.create_collection("c", schema=simple_schema(client), consistency_level="Strong")
    for i in range(4):
        # 1,000 bytes a row that nothing compresses: 400 KB a segment.
        client.insert("c", [dict(row, text=np.random.default_rng(row["id"]).bytes(1000).hex()) for row in rows(i * ROWS, ROWS)])
        client.flush("c")
    sources = len(segments(client))
    compact(client, target_size=1)
    made = segments(client)
    assert sources == 4 and len(made) == 2
    assert sum(s.num_rows for s in made.values()) == 4 * ROWS


def test_small_segments_merge_by_themselves(tmp_path):
    env = {"DATACOORD_COMPACTION_MIX_TRIGGERINTERVAL": "1"}
    with Server(tmp_path / "data", env=env) as server:
        client = MilvusClient(server.uri, timeout=30)
        fill(client, segments=5)
        before = everything(client)
        deadline = time.monotonic() + 60
        while len(segments(client)) > 1 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(segments(client)) == 1
        # Of one that keeps fewer than eight rows in ten the rest is dropped.
        client.delete("c", ids=list(range(0, 500)))
        client.flush("c")
        while client.get_collection_stats("c")["row_count"] != 1500 and time.monotonic() < deadline + 120:
            time.sleep(0.2)
            if time.monotonic() > deadline:
                break
        assert {k: v for k, v in before.items() if k >= 500} == everything(client)


def test_readers_and_writers_go_on_while_segments_merge(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client, segments=6)
    stop, failures, searches = threading.Event(), [], [0]

    def read():
        mine = MilvusClient(own.uri, timeout=30)
        while not stop.is_set():
            found = mine.query("c", filter=f"id < {6 * ROWS}", output_fields=["count(*)"])[0]["count(*)"]
            hits = mine.search("c", [[0.5] * DIM], limit=100, search_params={"params": {"ef": 200}})[0]
            if found != 6 * ROWS or len({h["id"] for h in hits}) != 100:
                failures.append((found, len(hits)))
            searches[0] += 1
        mine.close()

    def write():
        mine, at = MilvusClient(own.uri, timeout=30), 1_000_000
        while not stop.is_set():
            mine.insert("c", rows(at, 50))
            mine.upsert("c", rows(0, 5))
            mine.delete("c", ids=[at])
            at += 50
        mine.close()

    threads = [threading.Thread(target=read), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        compact(client)
        client.flush("c")
    stop.set()
    for thread in threads:
        thread.join()
    assert searches[0] > 0 and not failures
    client.release_collection("c")
    client.flush("c")
    job = client.compact("c")  # Which a load meets.
    client.load_collection("c")
    while client.get_compaction_state(job) != "Completed":
        time.sleep(0.02)
    assert client.query("c", filter=f"id < {6 * ROWS}", output_fields=["count(*)"])[0]["count(*)"] == 6 * ROWS


def test_a_field_added_between_segments(own):
    client = MilvusClient(own.uri, timeout=30)
    fill(client, segments=1)
    client.add_collection_field("c", "later", DataType.INT64, nullable=True, default_value=7)
    client.insert("c", rows(ROWS, ROWS, later=8))
    client.flush("c")
    client.release_collection("c")
    compact(client)
    client.load_collection("c")
    assert len(segments(client)) == 1
    found = client.query("c", filter="id >= 0", output_fields=["later"])
    assert {r["later"] for r in found if r["id"] < ROWS} == {7}
    assert {r["later"] for r in found if r["id"] >= ROWS} == {8}


def test_many_small_files_of_deletes_become_one(tmp_path):
    with Server(tmp_path / "data", env={
        "DATACOORD_COMPACTION_LEVELZERO_FORCETRIGGER_DELTALOGMINNUM": "4",
        "DATACOORD_COMPACTION_SINGLE_RATIO_THRESHOLD": "1",
        "DATACOORD_COMPACTION_MIX_TRIGGERINTERVAL": "100000",
        "DATACOORD_GC_DROPTOLERANCE": "0",
    }) as server:  # fmt: skip
        client = MilvusClient(server.uri, timeout=30)
        fill(client, segments=2)
        for i in range(9):
            client.delete("c", filter=f"id in [{i}, {ROWS + i}]")
            client.flush("c")
        deadline = time.monotonic() + 60
        while len(files := [p for p in server.data_dir.rglob("*") if p.is_file() and "/delta_log/" in str(p)]) >= 4:
            assert time.monotonic() < deadline, files
            time.sleep(0.1)
        assert files, "the segments have not taken them in"
        before = everything(client)
        assert len(before) == 2 * ROWS - 18
        server.kill()
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        client.load_collection("c")
        assert everything(client) == before
