"""Iterators over search and query results: every row once, from one snapshot, whatever goes on meanwhile."""

import contextlib

import numpy as np
import pytest
from pymilvus import Collection, DataType, connections

from harness import vectors
from harness.client import index_params, refused, simple_schema
from search_test import wait_for_index

DIM = 16


def drain(iterator, batch=None):
    """All hits of all pages; no page but the last is shorter than the batch."""
    pages = []
    while (page := iterator.next()) is not None and len(page) > 0:
        pages.append([(hit["id"], hit["distance"]) for hit in page])
    iterator.close()
    if batch is not None:
        assert all(len(page) == batch for page in pages[:-1]) and all(len(page) <= batch for page in pages)
    return [hit for page in pages for hit in page]


def fill(client, name, rows, kind, metric, vector_type=DataType.FLOAT_VECTOR, flush=True):
    client.create_collection(name, schema=simple_schema(client, dim=DIM, vector=vector_type),
                             index_params=index_params(client, kind=kind, metric=metric),
                             consistency_level="Strong")  # fmt: skip
    half = len(rows) // 2
    data = [{"id": i, "vector": vectors.to_client(vector_type, row), "odd": i % 2} for i, row in enumerate(rows)]
    client.insert(name, data[:half])
    if flush:
        client.flush(name)
    client.insert(name, data[half:])


@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
@pytest.mark.parametrize("batch", [7, 100, 1000])
def test_pages_are_one_big_search(client, name, metric, batch):
    rng = np.random.default_rng(1)
    rows = vectors.make(DataType.FLOAT_VECTOR, 600, DIM, rng)
    query = vectors.make(DataType.FLOAT_VECTOR, 1, DIM, rng)[0].tolist()
    fill(client, name, rows, "FLAT", metric)
    whole = [(h["id"], h["distance"]) for h in client.search(name, [query], limit=600)[0]]
    assert drain(client.search_iterator(name, [query], batch_size=batch), batch) == whole
    odd = [hit for hit in whole if hit[0] % 2]
    assert drain(client.search_iterator(name, [query], batch_size=batch, filter="odd == 1"), batch) == odd
    assert drain(client.search_iterator(name, [query], batch_size=batch, limit=55)) == whole[:55]


def test_rows_of_one_score_come_once_and_all(client, name):
    # 3000 rows at five distances, as duplicates make them.
    rows = np.zeros((3000, DIM), dtype=np.float32)
    rows[:, 0] = np.arange(3000) % 5
    fill(client, name, rows, "HNSW", "L2")
    hits = drain(client.search_iterator(name, [[0.0] * DIM], batch_size=130), 130)
    assert len(hits) == 3000 and len({id for id, _ in hits}) == 3000
    assert [score for _, score in hits] == sorted(score for _, score in hits)


def test_binary_vectors_whose_scores_are_few(client, name):
    rng = np.random.default_rng(2)
    rows = vectors.make(DataType.BINARY_VECTOR, 900, DIM, rng)
    fill(client, name, rows, "BIN_FLAT", "HAMMING", DataType.BINARY_VECTOR)
    query = vectors.to_client(DataType.BINARY_VECTOR, rows[0])
    hits = drain(client.search_iterator(name, [query], batch_size=50), 50)
    assert sorted(id for id, _ in hits) == list(range(900))


def test_an_iterator_stops_at_its_range(client, name):
    rng = np.random.default_rng(3)
    rows = vectors.make(DataType.FLOAT_VECTOR, 500, DIM, rng)
    fill(client, name, rows, "FLAT", "L2")
    query = rows[0].tolist()
    whole = [(h["id"], h["distance"]) for h in client.search(name, [query], limit=500)[0]]
    params = {"params": {"radius": whole[300][1], "range_filter": whole[40][1]}}
    assert drain(client.search_iterator(name, [query], batch_size=33, search_params=params)) == whole[40:300]


@pytest.mark.parametrize("kind", ["HNSW", "HNSW_SQ", "IVF_FLAT", "IVF_SQ8", "IVF_RABITQ", "SCANN", "DISKANN"])
def test_an_approximate_index_gives_nearly_all_and_nothing_twice(client, name, kind):
    rng = np.random.default_rng(4)
    rows = vectors.make(DataType.FLOAT_VECTOR, 4000, DIM, rng)
    fill(client, name, rows, kind, "L2")
    client.flush(name)
    assert wait_for_index(client, name)["indexed_rows"] == len(rows)
    hits = drain(client.search_iterator(name, [rows[0].tolist()], batch_size=200,
                                        search_params={"params": {"ef": 300, "nprobe": 40}}))  # fmt: skip
    assert len({id for id, _ in hits}) == len(hits) >= 3800


def test_pages_come_from_one_snapshot(client, name):
    rng = np.random.default_rng(5)
    rows = vectors.make(DataType.FLOAT_VECTOR, 400, DIM, rng)
    fill(client, name, rows, "FLAT", "L2")
    query = rows[0].tolist()
    whole = [(h["id"], h["distance"]) for h in client.search(name, [query], limit=400)[0]]
    search = client.search_iterator(name, [query], batch_size=50)
    by_key = client.query_iterator(name, batch_size=50, output_fields=["odd"])
    seen, keys = [], []
    for step in range(100):
        page, rows_page = search.next(), by_key.next()
        seen += [(hit["id"], hit["distance"]) for hit in page]
        keys += [row["id"] for row in rows_page]
        if not page and not rows_page:
            break
        client.insert(name, [{"id": 1000 + step * 10 + i, "vector": query} for i in range(10)])
        client.delete(name, filter=f"id in [{399 - step}, {step}]")
        if step == 2:
            client.flush(name)
    assert seen == whole and keys == list(range(400))


def test_query_iterator_pages_ascend_by_key(client, name):
    schema = simple_schema(client, dim=DIM, pk=DataType.VARCHAR)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    ids = sorted(f"k{i * 7919 % 1000:04}" for i in range(1000))
    client.insert(name, [{"id": id, "vector": [0.0] * DIM, "n": i} for i, id in enumerate(ids[::2])])
    client.flush(name)
    client.insert(name, [{"id": id, "vector": [0.0] * DIM, "n": i} for i, id in enumerate(ids[1::2])])
    for options, expected in [({}, ids), ({"filter": "n < 30"}, ids[:60]), ({"limit": 77}, ids[:77])]:
        iterator, found = client.query_iterator(name, batch_size=64, output_fields=["n"], **options), []
        while page := iterator.next():
            assert len(page) <= 64
            found += [row["id"] for row in page]
        iterator.close()
        assert found == expected


@pytest.mark.parametrize("metric", ["L2", "IP", "COSINE"])
def test_the_iterators_of_collections(client, server, name, metric):
    """The first version of the search iterator: logic of the client alone, over range search."""
    rng = np.random.default_rng(6)
    rows = vectors.make(DataType.FLOAT_VECTOR, 400, DIM, rng)
    rows[100:200] = rows[100]  # A hundred rows at one distance.
    fill(client, name, rows, "FLAT", metric)
    with contextlib.closing(_Alias(server.uri)) as alias:
        collection = Collection(name, using=alias.name)
        iterator = collection.search_iterator([rows[0].tolist()], "vector", {"metric_type": metric, "params": {}},
                                              batch_size=60, output_fields=["odd"])  # fmt: skip
        hits = drain(iterator)
        # It gives up behind a gap of scores that is ten pages wide, which these rows have not.
        assert len({id for id, _ in hits}) == len(hits) == 400
        with_vectors = collection.query_iterator(batch_size=90, output_fields=["vector"])
        found = []
        while page := with_vectors.next():
            found += [row["id"] for row in page]
        assert found == list(range(400))


class _Alias:
    def __init__(self, uri):
        self.name = "iterators"
        connections.connect(self.name, uri=uri)

    def close(self):
        connections.disconnect(self.name)


def test_what_an_iterator_cannot_be_asked(client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8} for i in range(10)])
    query = [[0.0] * 8]
    with refused("Not allowed to do groupBy when doing iteration", 1100):
        client.search(simple, query, iterator="True", group_by_field="id")
    with refused("invalid token format"):
        client.search(simple, query, iterator="True", search_iter_v2="True", search_iter_id="12")
    with refused("nq should be 1"):
        client.search(simple, query * 2, iterator="True", search_iter_v2="True")
    assert drain(client.search_iterator(simple, query, batch_size=3, filter="id > 100")) == []
