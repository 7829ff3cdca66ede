"""Index types that are combinations of others: SVS, FAISS's factory strings, IVF_RABITQ_FASTSCAN; and MINHASH_LSH."""

import numpy as np
import pytest
from pymilvus import DataType

from harness import vectors
from harness.client import index_params, refused, simple_schema
from search_test import DIM, make_indexed, wait_for_index

pytestmark = pytest.mark.core
K = 10
ROWS = 3000
# type: build parameters, search parameters, recall.
TYPES = {
    "IVF_RABITQ_FASTSCAN": ({"nlist": 32, "refine": True, "refine_type": "flat"}, {"nprobe": 32, "refine_k": 90}, 0.95),
    "SVS_FLAT": ({}, {}, 1.0),
    "SVS_VAMANA": ({"svs_graph_max_degree": 48}, {"svs_search_window_size": 300}, 0.95),
    "SVS_VAMANA_LVQ": ({"svs_storage_kind": "lvq4x8"}, {"svs_search_window_size": 400, "svs_search_buffer_capacity": 400}, 0.95),
    "SVS_VAMANA_LEANVEC": ({"svs_storage_kind": "leanvec8x8"}, {"svs_search_window_size": 900, "svs_search_buffer_capacity": 900}, 0.9),
    "FAISS": ({"faiss_index_name": "IVF32,SQ8,RFlat"}, {"nprobe": 32}, 0.95),
}  # fmt: skip


def search(client, name, kind, queries, params, **options):
    return client.search(name, [vectors.to_client(kind, q) for q in queries], limit=K, anns_field="vector",
                         search_params={"params": params}, **options)  # fmt: skip


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("kind, metric", [(DataType.FLOAT_VECTOR, "L2"), (DataType.FLOAT_VECTOR, "COSINE")])
def test_finds_the_neighbours_with_and_without_a_filter(client, name, type_, kind, metric):
    rng = np.random.default_rng(5)
    rows, queries = vectors.make(kind, ROWS, DIM, rng), vectors.make(kind, 16, DIM, rng)
    build, params, floor = TYPES[type_]
    described = make_indexed(client, name, kind, metric, rows, type_, **build)
    assert described["index_type"] == type_ and described["indexed_rows"] == ROWS
    for mask, options in ((None, {}), (np.arange(ROWS) % 2 == 0, {"filter": "id % 2 == 0"})):
        found = search(client, name, kind, queries, params, **options)
        best = vectors.nearest(kind, metric, queries, rows, K, mask)
        assert vectors.recall(best, [[h["id"] for h in hits] for hits in found]) >= floor


def test_bad_parameters_are_refused_by_name(client, name):
    schema = simple_schema(client, dim=DIM)

    def create(type_, **params):
        client.create_collection(name, schema=schema, index_params=index_params(client, kind=type_, **params))

    with refused("param 'faiss_index_name' not exist", 1100):
        create("FAISS")
    with refused("part 'OPQ8' is not supported, supported:", 1100):
        create("FAISS", faiss_index_name="OPQ8,IVF32,SQ8")
    with refused("invalid svs_storage_kind", 1100):
        create("SVS_VAMANA", svs_storage_kind="lvq4x4")
    with refused("should be in range [4, 256]", 1100):
        create("SVS_VAMANA_LVQ", svs_graph_max_degree=2)
    with refused("invalid refine type", 1100):
        create("IVF_RABITQ_FASTSCAN", refine=True, refine_type="sq8")


ELEMENTS, BANDS = 16, 8  # Of signatures; elements of 32 bits.


def signatures(rng):
    """Rows in families of 10 whose members differ from the first in ever more elements."""
    base = rng.integers(0, 2**32, (ROWS // 10, ELEMENTS), dtype=np.uint32).repeat(10, 0)
    other = rng.integers(0, 2**32, base.shape, dtype=np.uint32)
    changed = rng.random(base.shape) < (np.arange(ROWS) % 10)[:, None] / 12
    return np.where(changed, other, base)


def likeness(rows, query):
    """The share of equal elements, and whether a band is equal."""
    equal = rows == query
    return equal.mean(1), equal.reshape(len(rows), BANDS, -1).all(2).any(1)


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "growing"])
def test_signatures_that_share_a_band_are_hits_ranked_by_likeness(client, name, indexed):
    rows = signatures(np.random.default_rng(3))
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("signature", DataType.BINARY_VECTOR, dim=ELEMENTS * 32)
    index = client.prepare_index_params()
    index.add_index("signature", index_type="MINHASH_LSH", metric_type="MHJACCARD",
                    params={"mh_element_bit_width": 32, "mh_lsh_band": BANDS})  # fmt: skip
    if indexed:
        client.create_collection(name, schema=schema, consistency_level="Strong")
    else:
        client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")
    client.insert(name, [{"id": i, "signature": row.tobytes()} for i, row in enumerate(rows)])
    if indexed:
        client.flush(name)
        client.create_index(name, index)
        assert wait_for_index(client, name, "signature")["indexed_rows"] == ROWS
        client.load_collection(name)
    for query in (0, 3, 1999):
        share, collides = likeness(rows, rows[query])
        expected = {i: share[i] for i in np.flatnonzero(collides)}
        for jaccard in (False, True):
            for odd in (False, True):
                (hits,) = client.search(
                    name, [rows[query].tobytes()], limit=50, filter="id % 2 == 1" if odd else "",
                    search_params={"metric_type": "MHJACCARD", "params": {"mh_search_with_jaccard": jaccard}},
                )  # fmt: skip
                wanted = {i: s for i, s in expected.items() if not odd or i % 2 == 1}
                got = {hit["id"]: hit["distance"] for hit in hits}
                if jaccard and not indexed:  # A scan finds more: whatever has an element in common.
                    assert got.keys() >= wanted.keys() and all(share[i] > 0 for i in got)
                else:
                    assert got.keys() == wanted.keys()
                for i, distance in got.items():
                    assert distance == pytest.approx(share[i] if jaccard else 1.0)
                scores = [hit["distance"] for hit in hits]
                assert scores == sorted(scores, reverse=True)
    (near,) = client.search(name, [rows[0].tobytes()], limit=50,
                            search_params={"params": {"mh_search_with_jaccard": True, "radius": 0.6}})  # fmt: skip
    share, collides = likeness(rows, rows[0])
    assert {hit["id"] for hit in near} == set(np.flatnonzero((share > 0.6) & (collides | (not indexed))))


def test_automatic_indexes_of_signatures_and_bad_shapes(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("signature", DataType.BINARY_VECTOR, dim=ELEMENTS * 32)
    client.create_collection(name, schema=schema)

    def create(**options):
        index = client.prepare_index_params()
        index.add_index("signature", **options)
        client.create_index(name, index)

    for params, words in (
        ({"mh_element_bit_width": 24}, "should be a multiple of"),
        ({"mh_element_bit_width": 12}, "a multiple of 8"),
        ({"mh_lsh_band": 65}, "should not be larger than the elements"),
        ({"mh_element_bit_width": 257}, "[8, 256]"),
    ):
        with refused(words, 1100):
            create(index_type="MINHASH_LSH", metric_type="MHJACCARD", params=params)
    with refused("metric type JACCARD not found or not supported", 1100):
        create(index_type="MINHASH_LSH", metric_type="JACCARD")
    create(index_type="AUTOINDEX", metric_type="MHJACCARD")
    described = client.describe_index(name, "signature")
    assert described["index_type"] == "AUTOINDEX" and described["metric_type"] == "MHJACCARD"
