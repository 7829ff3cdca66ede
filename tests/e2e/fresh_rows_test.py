"""Rows without an index yet: searched by codes, compared exactly; what a search says of itself; builds that are watched."""

import json
import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import milvus_pb2

from harness import vectors
from harness.client import index_params, simple_schema
from harness.server import Server
from harness.wire import Wire, search_request, status_of

pytestmark = pytest.mark.core
DIM, ROWS, K = 64, 6000, 10
# Growing segments are coded from their first rows on; every search counts as slow, and so is logged with its plan.
ENV = {
    "QUERYNODE_SEGCORE_INTERIMINDEX_INDEXBUILDRATIO": "0",
    "PROXY_SLOWQUERYSPANINSECONDS": "0",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("fresh") / "data", env=ENV) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    connected = MilvusClient(server.uri, timeout=60)
    yield connected
    connected.close()


def fill(client, name, kind, metric, rows, index="HNSW"):
    client.create_collection(
        name, schema=simple_schema(client, dim=DIM, vector=kind), consistency_level="Strong",
        index_params=index_params(client, kind=index, metric=metric),
    )  # fmt: skip
    for begin in range(0, len(rows), 2000):
        block = rows[begin : begin + 2000]
        client.insert(name, [{"id": begin + i, "vector": vectors.to_client(kind, row)} for i, row in enumerate(block)])


def plan_of(wire, name, query):
    request = search_request(name, [query.tobytes()], limit=K, params=json.dumps({"elanus.explain": True}))
    answer = wire("Search", request)
    assert status_of(answer).code == 0, status_of(answer)
    return json.loads(status_of(answer).extra_info["elanus.explain"])["segments"]


def wait_for_codes(wire, name, query, timeout=60):
    """Rows are coded behind the first search that finds them uncoded."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        (segment,) = plan_of(wire, name, query)
        if segment["strategy"].startswith(f"codes of {ROWS // 1024 * 1024} rows"):
            return segment
        time.sleep(0.02)  # There is nothing to wait on but the plan.
    raise AssertionError(f"never coded: {segment}")


@pytest.mark.parametrize("kind, metric", [(DataType.FLOAT_VECTOR, "L2"), (DataType.FLOAT_VECTOR, "IP"), (DataType.BFLOAT16_VECTOR, "COSINE"), (DataType.INT8_VECTOR, "L2")])  # fmt: skip
def test_growing_rows_are_found_by_codes(client, wire, name, kind, metric):
    rng = np.random.default_rng(5)
    rows, queries = vectors.make(kind, ROWS, DIM, rng), vectors.make(kind, 20, DIM, rng)
    fill(client, name, kind, metric, rows)

    def search(query, **options):
        hits = client.search(name, [vectors.to_client(kind, query)], limit=K, anns_field="vector", **options)[0]
        return [hit["id"] for hit in hits]

    if kind == DataType.FLOAT_VECTOR:
        segment = wait_for_codes(wire, name, queries[0])
        assert segment["state"] == "growing" and segment["rows"] == ROWS == segment["candidates"]
        assert segment["distances"] > ROWS // 1024 * 1024 and segment["searches"] == 1
    for mask, options in [(None, {}), (np.arange(ROWS) % 4 != 0, {"filter": "id % 4 != 0"}), (np.arange(ROWS) < 50, {"filter": "id < 50"})]:
        best = vectors.nearest(kind, metric, queries, rows, K, mask)
        found = [search(query, **options) for query in queries]
        assert vectors.recall(best, found) >= 0.97, options
    # What is deleted is gone at once, what is inserted is there at once.
    nearest = search(queries[0])[0]
    client.delete(name, ids=[nearest])
    assert nearest not in search(queries[0])
    client.insert(name, [{"id": ROWS + 1, "vector": vectors.to_client(kind, queries[0])}])
    if metric != "IP":
        assert search(queries[0])[0] == ROWS + 1


def test_an_iterator_over_coded_rows_gives_each_row_once_in_order(client, wire, name):
    rng = np.random.default_rng(6)
    kind = DataType.FLOAT_VECTOR
    rows, query = vectors.make(kind, ROWS, DIM, rng), vectors.make(kind, 1, DIM, rng)[0]
    fill(client, name, kind, "L2", rows)
    wait_for_codes(wire, name, query)
    pages = client.search_iterator(name, [query.tolist()], batch_size=100, limit=1500, anns_field="vector", search_params={"metric_type": "L2"})
    found = []
    while page := pages.next():
        found += [(hit["distance"], hit["id"]) for hit in page]
    pages.close()
    assert len(found) == 1500 == len({id for _, id in found})
    assert [distance for distance, _ in found] == sorted(distance for distance, _ in found)
    best = vectors.nearest(kind, "L2", query[None], rows, 1500, None)
    assert vectors.recall(best, [[id for _, id in found]]) >= 0.99


def test_an_index_without_files_is_always_exact(client, wire, name):
    rng = np.random.default_rng(7)
    rows, query = vectors.make(DataType.FLOAT_VECTOR, ROWS, DIM, rng), vectors.make(DataType.FLOAT_VECTOR, 1, DIM, rng)[0]
    fill(client, name, DataType.FLOAT_VECTOR, "L2", rows, index="FLAT")
    for _ in range(5):
        (segment,) = plan_of(wire, name, query)
        assert segment["strategy"] == "exact" and segment["distances"] == ROWS


def test_work_is_counted_and_slow_searches_are_logged_with_their_plan(client, server, wire, name):
    rng = np.random.default_rng(8)
    rows, query = vectors.make(DataType.FLOAT_VECTOR, 500, DIM, rng), vectors.make(DataType.FLOAT_VECTOR, 1, DIM, rng)[0]
    fill(client, name, DataType.FLOAT_VECTOR, "L2", rows)
    series = 'elanus_search_distances_total{node_id="1",segment_state="Growing"}'
    before = server.metrics().get(series, 0)
    with Wire(server.address, metadata=[("client-request-id", "trace-me-7")]) as traced:
        answer = traced("Search", search_request(name, [query.tobytes()], limit=K))
    assert status_of(answer).code == 0 and "elanus.explain" not in status_of(answer).extra_info
    assert server.metrics()[series] - before == 500
    line = next(line for line in server.log_tail(200).splitlines() if "trace-me-7" in line and "slow search" in line)
    assert name in line and "exact, 500 distances" in line, line


@pytest.mark.parametrize("type_", ["IVF_FLAT", "IVF_SQ8"])
def test_lists_stay_on_disk_where_memory_is_to_be_spared(client, wire, name, type_):
    rng = np.random.default_rng(10)
    kind = DataType.FLOAT_VECTOR
    rows, queries = vectors.make(kind, 3000, DIM, rng), vectors.make(kind, 10, DIM, rng)
    client.create_collection(name, schema=simple_schema(client, dim=DIM), consistency_level="Strong", index_params=index_params(
        client, kind=type_, metric="L2", nlist=32, **{"mmap.enabled": "true"}))  # fmt: skip
    client.insert(name, [{"id": i, "vector": row} for i, row in enumerate(rows)])
    client.flush(name)
    deadline = time.monotonic() + 60
    while (segment := plan_of(wire, name, queries[0])[0])["strategy"] != f"{type_}: probe lists":
        assert time.monotonic() < deadline, segment
        time.sleep(0.02)  # The client can only poll.
    assert 0 < segment["reads"] <= 2 * segment["hops"] and segment["bytes_read"] > 0
    assert plan_of(wire, name, queries[0])[0]["reads"] == 0, "the lists are kept"
    found = client.search(name, queries.tolist(), limit=K, anns_field="vector", search_params={"params": {"nprobe": 32}})
    best = vectors.nearest(kind, "L2", queries, rows, K, None)
    assert vectors.recall(best, [[hit["id"] for hit in hits] for hits in found]) >= (1 if type_ == "IVF_FLAT" else 0.95)


# --- builds that are watched ---


def describe(wire, name):
    answer = wire("DescribeIndex", milvus_pb2.DescribeIndexRequest(collection_name=name))
    assert answer.status.code == 0, answer.status
    return answer.index_descriptions[0]


def big_build(client, name):
    """Rows and an index that takes a while to build; flushed, so that it has begun."""
    rng = np.random.default_rng(9)
    rows = rng.standard_normal((8000, DIM)).astype(np.float32)
    client.create_collection(name, schema=simple_schema(client, dim=DIM), index_params=index_params(
        client, kind="HNSW", metric="L2", M=32, efConstruction=200))  # fmt: skip
    for begin in range(0, len(rows), 4000):
        client.insert(name, [{"id": begin + i, "vector": row} for i, row in enumerate(rows[begin : begin + 4000])])
    client.flush(name)
    return len(rows)


def until_halfway(wire, name, total):
    """Rows built as they were seen, up to the first look that is neither none nor all."""
    seen, deadline = [0], time.monotonic() + 60
    while time.monotonic() < deadline:
        described = describe(wire, name)
        assert described.indexed_rows + described.pending_index_rows == described.total_rows
        assert described.indexed_rows >= seen[-1]
        seen.append(described.indexed_rows)
        if 0 < described.indexed_rows < total:
            return seen
        time.sleep(0.005)  # The client can only poll.
    raise AssertionError(seen)


def test_a_build_says_how_far_it_is(client, wire, name):
    total = big_build(client, name)
    seen = until_halfway(wire, name, total)
    while seen[-1] < total:
        described = describe(wire, name)
        assert described.indexed_rows >= seen[-1]
        seen.append(described.indexed_rows)
        time.sleep(0.005)  # The client can only poll.
        progress = wire("GetIndexBuildProgress", milvus_pb2.GetIndexBuildProgressRequest(collection_name=name))
        assert progress.total_rows == total and progress.indexed_rows >= seen[-1]
    assert len(set(seen)) > 3, seen
    assert describe(wire, name).index_state_fail_reason == ""


def index_files(server):
    return {path for path in server.data_dir.rglob("*") if path.is_file() and "index_files" in path.parts and path.stat().st_size > 1 << 20}


def test_a_build_ends_with_its_collection(client, server, wire, name):
    before = index_files(server)  # Those of dropped collections stay a while.
    total = big_build(client, name)
    until_halfway(wire, name, total)
    client.drop_collection(name)
    deadline = time.monotonic() + 60
    while any(key.startswith("elanus_index_build_percent") for key in server.metrics()):
        assert time.monotonic() < deadline, "the build goes on"
        time.sleep(0.02)  # The outside can only poll.
    assert index_files(server) <= before


def test_a_build_beyond_the_budget_is_refused_with_its_reason(tmp_path):
    with Server(tmp_path / "data", env={"ELANUS_INDEXBUILD_MEMORY": "8m"}) as server, Wire(server.address) as wire:
        client = MilvusClient(server.uri, timeout=60)
        rows = np.random.default_rng(1).standard_normal((2000, DIM)).astype(np.float32)
        fill(client, "refused", DataType.FLOAT_VECTOR, "L2", rows)
        client.flush("refused")
        deadline = time.monotonic() + 60
        while (described := describe(wire, "refused")).state != 4:  # Failed.
            assert time.monotonic() < deadline, described
            time.sleep(0.02)  # The client can only poll.
        assert "elanus.indexBuild.memory" in described.index_state_fail_reason, described
        assert "elanus.indexBuild.memory" in server.log_tail(200)
        assert len(client.search("refused", [rows[5].tolist()], limit=3)[0]) == 3
        client.close()
