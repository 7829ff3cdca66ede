"""Range search: bounds to the point, in every state that rows go through."""

import numpy as np
import pytest
from pymilvus import DataType

from harness import vectors
from harness.client import index_params, refused, simple_schema

ROWS, DIM = 1200, 16
CASES = [
    (DataType.FLOAT_VECTOR, "L2"),
    (DataType.FLOAT_VECTOR, "IP"),
    (DataType.FLOAT_VECTOR, "COSINE"),
    (DataType.INT8_VECTOR, "L2"),
    (DataType.BINARY_VECTOR, "HAMMING"),
    (DataType.BINARY_VECTOR, "JACCARD"),
]


def kind_of(vector_type):
    return {DataType.BINARY_VECTOR: "BIN_FLAT", DataType.INT8_VECTOR: "HNSW"}.get(vector_type, "FLAT")


def in_range(score, metric, radius, range_filter):
    if metric in vectors.LARGER_IS_BETTER:
        return radius < score and (range_filter is None or score <= range_filter)
    return score < radius and (range_filter is None or range_filter <= score)


def check(client, name, queries, metric, pairs):
    whole = client.search(name, queries, limit=ROWS, anns_field="vector", search_params={"params": {"ef": 4096}})
    for begin, end in pairs:
        for query, hits in zip(queries, whole):
            scores = [hit["distance"] for hit in hits]
            # The bounds are scores of rows: the row at the radius is out, the one at range_filter is in.
            radius, range_filter = scores[end], None if begin is None else scores[begin]
            if radius == range_filter:
                continue
            params = {"radius": radius, "ef": 4096}
            if range_filter is not None:
                params["range_filter"] = range_filter
            expected = [h["id"] for h in hits if in_range(h["distance"], metric, radius, range_filter)]
            for offset, limit in ((0, 1000), (0, 5), (3, 7)):
                found = client.search(name, [query], limit=limit, anns_field="vector",
                                      search_params={"params": params, "offset": offset})[0]  # fmt: skip
                ids = [hit["id"] for hit in found]
                if metric in ("L2", "IP", "COSINE"):  # Hits of equal scores may swap at the limit.
                    assert ids == expected[offset : offset + limit]
                else:
                    assert len(ids) == len(expected[offset : offset + limit]) and set(ids) <= set(expected)


@pytest.mark.parametrize("vector_type, metric", CASES, ids=lambda v: v if isinstance(v, str) else v.name)
def test_range_search_growing_flushed_and_mixed(client, name, vector_type, metric):
    rng = np.random.default_rng(3)
    rows = vectors.make(vector_type, ROWS, DIM, rng)
    queries = [vectors.to_client(vector_type, q) for q in vectors.make(vector_type, 5, DIM, rng)]
    client.create_collection(name, schema=simple_schema(client, dim=DIM, vector=vector_type),
                             index_params=index_params(client, kind=kind_of(vector_type), metric=metric),
                             consistency_level="Strong")  # fmt: skip

    def insert(begin, end):
        client.insert(name, [{"id": i, "vector": vectors.to_client(vector_type, rows[i])} for i in range(begin, end)])

    insert(0, 700)
    check(client, name, queries, metric, [(None, 40), (10, 60), (300, 650)])
    client.flush(name)
    check(client, name, queries, metric, [(None, 40), (10, 60), (300, 650)])
    insert(700, ROWS)
    client.delete(name, filter="id in [3, 5, 800, 1100]")
    check(client, name, queries, metric, [(None, 40), (10, 60), (300, 1000)])


def test_a_range_and_a_filter_on_an_index(client, name):
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((3000, DIM)).astype(np.float32)
    client.create_collection(name, schema=simple_schema(client, dim=DIM),
                             index_params=index_params(client, kind="HNSW", metric="L2", M=16, efConstruction=200),
                             consistency_level="Strong")  # fmt: skip
    client.insert(name, [{"id": i, "vector": rows[i].tolist(), "odd": i % 2} for i in range(len(rows))])
    client.flush(name)
    truth = ((rows - rows[0]) ** 2).sum(1)
    order = [i for i in np.argsort(truth) if i % 2]
    radius, range_filter = float(truth[order[300]]), float(truth[order[100]])
    found = client.search(name, [rows[0].tolist()], limit=150, filter="odd == 1",
                          search_params={"params": {"radius": radius, "range_filter": range_filter, "ef": 500}})[0]  # fmt: skip
    ids = [hit["id"] for hit in found]
    assert len(ids) == 150 and len(set(ids) & set(order[99:252])) >= 145
    assert all(range_filter * 0.9999 <= hit["distance"] < radius * 1.0001 for hit in found)


def test_bounds_in_the_wrong_order_are_refused(client, simple):
    client.insert(simple, [{"id": 1, "vector": [0.0] * 8}])
    query = [[0.0] * 8]
    with refused("range_filter must be less than radius", 1100, 65535):
        client.search(simple, query, search_params={"params": {"radius": 1.0, "range_filter": 2.0}})
    with refused("should be a number"):
        client.search(simple, query, search_params={"params": {"radius": "far"}})
    assert len(client.search(simple, query, search_params={"params": {"range_filter": 2.0}})[0]) == 1
    assert len(client.search(simple, query, search_params={"params": {"radius": 0.0}})[0]) == 0
