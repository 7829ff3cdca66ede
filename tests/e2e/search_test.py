"""Search: exact against NumPy for every vector type and metric, growing, flushed and indexed."""

import time

import numpy as np
import pytest
from pymilvus import DataType

from harness import vectors
from harness.client import count, index_params, refused, simple_schema

pytestmark = pytest.mark.core
ROWS, DIM, QUERIES, K = 1500, 32, 8, 10
CASES = [(kind, metric) for kind, metrics in vectors.METRICS.items() for metric in metrics]


def names(case):
    return case.name if isinstance(case, DataType) else case


def exact_index(kind):
    return {DataType.BINARY_VECTOR: "BIN_FLAT", DataType.INT8_VECTOR: "AUTOINDEX"}.get(kind, "FLAT")


def ids_of(results):
    return [[h["id"] for h in hits] for hits in results]


def check_against_brute_force(client, name, kind, metric, rows, queries, floor=1.0, mask=None, **options):
    results = client.search(name, [vectors.to_client(kind, q) for q in queries], limit=K, anns_field="vector", **options)
    assert [len(hits) for hits in results] == [K] * len(queries)
    truth = vectors.scores(kind, metric, queries, rows)
    best = vectors.nearest(kind, metric, queries, rows, K, mask)
    for i, hits in enumerate(results):
        found = np.array([h["distance"] for h in hits])
        order = -found if metric in vectors.LARGER_IS_BETTER else found
        assert (np.diff(order) >= -1e-4 * np.maximum(1, np.abs(order[:-1]))).all(), "not sorted"
        own = np.array([truth[i, h["id"]] for h in hits])
        assert np.allclose(found, own, rtol=2e-3, atol=2e-3), "a score is not the metric's value"
        if floor == 1.0:  # Exact: ties may swap keys, so compare the scores.
            assert np.allclose(own, truth[i, best[i]], rtol=2e-3, atol=2e-3), "a nearer row was missed"
    assert floor == 1.0 or vectors.recall(best, ids_of(results)) >= floor


@pytest.mark.parametrize("kind, metric", CASES, ids=names)
def test_exact_search_growing_flushed_and_after_new_rows(client, name, kind, metric):
    rng = np.random.default_rng(7)
    rows, queries = vectors.make(kind, ROWS, DIM, rng), vectors.make(kind, QUERIES, DIM, rng)
    client.create_collection(name, schema=simple_schema(client, dim=DIM, vector=kind),
                             index_params=index_params(client, kind=exact_index(kind), metric=metric),
                             consistency_level="Strong")  # fmt: skip
    half = ROWS // 2

    def insert(begin, end):
        client.insert(name, [{"id": i, "vector": vectors.to_client(kind, rows[i])} for i in range(begin, end)])

    insert(0, half)
    check_against_brute_force(client, name, kind, metric, rows[:half], queries)
    client.flush(name)
    check_against_brute_force(client, name, kind, metric, rows[:half], queries)
    insert(half, ROWS)  # Part sealed, part growing.
    check_against_brute_force(client, name, kind, metric, rows, queries)
    client.delete(name, filter="id % 3 == 0")
    alive = np.arange(ROWS) % 3 != 0
    check_against_brute_force(client, name, kind, metric, rows, queries, mask=alive)


@pytest.mark.parametrize("kind, metric", CASES, ids=names)
def test_hnsw_recall_before_during_and_after_the_build(client, name, kind, metric):
    rng = np.random.default_rng(11)
    rows, queries = vectors.make(kind, 4000, DIM, rng), vectors.make(kind, 32, DIM, rng)
    client.create_collection(
        name, schema=simple_schema(client, dim=DIM, vector=kind), consistency_level="Strong",
        index_params=index_params(client, kind="HNSW", metric=metric, M=16, efConstruction=200),
    )  # fmt: skip
    for begin in range(0, len(rows), 1000):
        client.insert(name, [{"id": i, "vector": vectors.to_client(kind, rows[i])} for i in range(begin, begin + 1000)])
    options = {"search_params": {"params": {"ef": 128}}}
    # Binary distances tie so often that key recall says nothing: their scores are compared.
    # Inner product over vectors of unequal length is no metric, and graphs find less with it: faiss 1.x
    # has 0.67 on these very vectors with the same parameters.
    floor = 0.5 if kind == DataType.BINARY_VECTOR else 0.65 if metric == "IP" else 0.95
    check_against_brute_force(client, name, kind, metric, rows, queries, floor, **options)
    client.flush(name)
    check_against_brute_force(client, name, kind, metric, rows, queries, floor, **options)
    wait_for_index(client, name)
    check_against_brute_force(client, name, kind, metric, rows, queries, floor, **options)
    assert count(client, name) == 4000


@pytest.mark.parametrize("kind, metric", [case for case in CASES if case[0] != DataType.INT8_VECTOR and case[1] not in ("SUBSTRUCTURE", "SUPERSTRUCTURE")], ids=names)  # fmt: skip
def test_ivf_probes_lists_and_finds_all_with_all_of_them(client, name, kind, metric):
    rng = np.random.default_rng(12)
    rows, queries = vectors.make(kind, 4000, DIM, rng), vectors.make(kind, 32, DIM, rng)
    index = "BIN_IVF_FLAT" if kind == DataType.BINARY_VECTOR else "IVF_FLAT"
    make_indexed(client, name, kind, metric, rows, index, nlist=32)
    options = {"search_params": {"params": {"nprobe": 32}}}
    floor = 0.5 if kind == DataType.BINARY_VECTOR else 0.99  # As above; halves tie now and then.
    check_against_brute_force(client, name, kind, metric, rows, queries, floor, **options)
    with refused("nprobe", 1100):
        client.search(name, [vectors.to_client(kind, queries[0])], limit=3, search_params={"params": {"nprobe": 0}})


def make_indexed(client, name, kind, metric, rows, index, **params):
    """A collection of these rows, flushed, with its index finished; returns what describes the index."""
    client.create_collection(
        name, schema=simple_schema(client, dim=DIM, vector=kind), consistency_level="Strong",
        index_params=index_params(client, kind=index, metric=metric, **params),
    )  # fmt: skip
    client.insert(name, [{"id": i, "vector": vectors.to_client(kind, row)} for i, row in enumerate(rows)])
    client.flush(name)
    described = wait_for_index(client, name)
    assert described["index_type"] == index
    return described


def wait_for_index(client, name, index="vector", timeout=60):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        described = client.describe_index(name, index)
        if described["state"] == "Finished" and int(described["pending_index_rows"]) == 0:
            return described
        time.sleep(0.05)  # The client can only poll.
    raise AssertionError(f"index not finished: {described}")


def test_limit_offset_and_no_overlap(client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8} for i in range(50)])
    whole = ids_of(client.search(simple, [[0.0] * 8], limit=50))[0]
    assert whole == list(range(50))
    parts = [ids_of(client.search(simple, [[0.0] * 8], limit=7, offset=o))[0] for o in range(0, 50, 7)]
    assert sum(parts, []) == whole


def test_equal_scores_come_smaller_key_first(client, simple):
    client.insert(simple, [{"id": i, "vector": [1.0] * 8} for i in (5, 3, 9, 1, 7)])
    client.flush(simple)
    client.insert(simple, [{"id": i, "vector": [1.0] * 8} for i in (4, 8, 2)])
    assert ids_of(client.search(simple, [[0.0] * 8], limit=6))[0] == [1, 2, 3, 4, 5, 7]


def test_filters_partitions_and_output_fields_together(client, simple):
    client.create_partition(simple, "odd")
    for i in range(40):
        client.insert(simple, [{"id": i, "vector": [float(i)] * 8, "k": i % 5, "s": f"n{i}"}],
                      partition_name="odd" if i % 2 else "_default")  # fmt: skip
    hits = client.search(simple, [[0.0] * 8], limit=10, filter="k in [1, 2]", partition_names=["odd"],
                         output_fields=["k", "s", "vector"])[0]  # fmt: skip
    expected = [i for i in range(40) if i % 2 and i % 5 in (1, 2)]
    assert [h["id"] for h in hits] == expected[:10]
    for hit in hits:
        assert hit["entity"]["k"] == hit["id"] % 5 and hit["entity"]["s"] == f"n{hit['id']}"
        assert hit["entity"]["vector"] == [float(hit["id"])] * 8


def test_star_returns_everything(client, simple):
    client.insert(simple, [{"id": 1, "vector": [1.0] * 8, "x": "y"}])
    hit = client.search(simple, [[1.0] * 8], limit=1, output_fields=["*"])[0][0]
    assert hit["entity"] == {"id": 1, "vector": [1.0] * 8, "x": "y"}


def test_nothing_matches(client, simple):
    assert client.search(simple, [[0.0] * 8, [1.0] * 8], limit=5) == [[], []]
    client.insert(simple, [{"id": 1, "vector": [1.0] * 8}])
    assert client.search(simple, [[0.0] * 8], limit=5, filter="id > 10") == [[]]


def test_round_decimal(client, simple):
    client.insert(simple, [{"id": 1, "vector": [0.123456] * 8}])
    hit = client.search(simple, [[0.0] * 8], limit=1, search_params={"round_decimal": 2}, round_decimal=2)[0][0]
    assert hit["distance"] == pytest.approx(round(8 * 0.123456**2, 2), abs=1e-6)


def test_many_queries_at_once(client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8} for i in range(100)])
    results = client.search(simple, [[i % 100 + 0.1] * 8 for i in range(2000)], limit=1)
    assert ids_of(results) == [[i % 100] for i in range(2000)]


def test_fewer_rows_than_limit(client, simple):
    client.insert(simple, [{"id": i, "vector": [1.0] * 8} for i in range(3)])
    assert len(client.search(simple, [[0.0] * 8], limit=16384)[0]) == 3


def test_templates_fill_filters(client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8, "c": "ab"[i % 2]} for i in range(20)])
    hits = client.search(simple, [[0.0] * 8], limit=20, filter="id >= {low} and c in {names}",
                         filter_params={"low": 5, "names": ["a"]})[0]  # fmt: skip
    assert [h["id"] for h in hits] == list(range(6, 20, 2))


@pytest.mark.parametrize(
    "options, text",
    [
        ({"limit": 16385}, "[1, 16384]"),
        ({"limit": 10, "offset": 16380}, "16384"),
        ({"limit": 10, "anns_field": "nope"}, "nope"),
        ({"limit": 10, "search_params": {"metric_type": "IP"}}, "metric type not match"),
        ({"limit": 10, "search_params": {"metric_type": "SOUNDEX"}}, "metric type"),
        ({"limit": 10, "filter": "id =="}, "cannot parse expression"),
        ({"limit": 10, "filter": "id > 'x'"}, "cannot parse expression"),
        ({"limit": 10, "partition_names": ["nope"]}, "nope"),
        ({"limit": 10, "round_decimal": 9}, "round_decimal"),
    ],
)
def test_bad_searches_say_what_is_wrong(client, simple, options, text):
    client.insert(simple, [{"id": 1, "vector": [1.0] * 8}])
    with refused(text):
        client.search(simple, [[1.0] * 8], **options)


def test_wrong_query_dimension_and_type(client, simple):
    with refused("dimension mismatch"):
        client.search(simple, [[1.0] * 7], limit=1)
    with refused("vector type must be the same"):
        client.search(simple, [np.ones(8, dtype=np.float16)], limit=1)


def test_unknown_output_field_without_dynamic_field(client, name):
    client.create_collection(name, schema=simple_schema(client, dynamic=False), index_params=index_params(client))
    with refused("field nope not exist"):
        client.search(name, [[1.0] * 8], limit=1, output_fields=["nope"])
    with refused("field nope not exist"):
        client.query(name, filter="id > 0", output_fields=["nope"])


def test_several_vector_fields_need_a_name(client, name):
    schema = simple_schema(client)
    schema.add_field("second", DataType.BINARY_VECTOR, dim=16)
    params = index_params(client)
    params.add_index(field_name="second", index_type="BIN_FLAT", metric_type="JACCARD")
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong")
    client.insert(name, [{"id": i, "vector": [float(i)] * 8, "second": bytes([i, 255])} for i in range(10)])
    assert ids_of(client.search(name, [[4.2] * 8], limit=1, anns_field="vector"))[0] == [4]
    hit = client.search(name, [bytes([7, 255])], limit=1, anns_field="second")[0][0]
    assert hit["id"] == 7 and hit["distance"] == 0
    with refused("please specify a anns_field"):
        client.search(name, [[1.0] * 8], limit=1, anns_field="")


def test_rows_beyond_one_segment_are_all_found(tmp_path):
    """Small segments, so that many are cut, sealed and indexed while rows arrive."""
    from pymilvus import MilvusClient

    from harness.server import Server

    small = {"DATACOORD_SEGMENT_MAXSIZE": "1", "DATACOORD_SEGMENT_SEALPROPORTION": "0.5"}
    rng = np.random.default_rng(3)
    rows = vectors.make(DataType.FLOAT_VECTOR, 6000, 64, rng)
    queries = vectors.make(DataType.FLOAT_VECTOR, 8, 64, rng)
    with Server(tmp_path / "data", env=small) as server:
        client = MilvusClient(server.uri, timeout=30)
        client.create_collection("c", schema=simple_schema(client, dim=64), consistency_level="Strong",
                                 index_params=index_params(client, kind="HNSW", metric="L2", M=16, efConstruction=128))  # fmt: skip
        for begin in range(0, 6000, 500):
            client.insert("c", [{"id": i, "vector": rows[i].tolist()} for i in range(begin, begin + 500)])
            check_against_brute_force(client, "c", DataType.FLOAT_VECTOR, "L2", rows[: begin + 500], queries, 0.9,
                                      search_params={"params": {"ef": 100}})  # fmt: skip
        client.flush("c")
        wait_for_index(client, "c")
        assert len(client.list_persistent_segments("c")) > 1
        check_against_brute_force(client, "c", DataType.FLOAT_VECTOR, "L2", rows, queries, 0.95,
                                  search_params={"params": {"ef": 100}})  # fmt: skip
        assert count(client, "c") == 6000
        assert int(client.get_collection_stats("c")["row_count"]) == 6000
