"""Indexes over codes: each type with its parameters, built, described, searched with and without refinement."""

import numpy as np
import pytest
from pymilvus import DataType

from harness import vectors
from harness.client import index_params, refused, simple_schema
from search_test import DIM, check_against_brute_force, make_indexed

pytestmark = pytest.mark.core
K = 10
# type: build parameters, search parameters with which every row is looked at, recall without refinement.
TYPES = {
    "IVF_SQ8": ({"nlist": 32, "sq_type": "SQ8"}, {"nprobe": 32}, 0.95),
    "IVF_PQ": ({"nlist": 32, "m": 16, "nbits": 8}, {"nprobe": 32}, 0.7),
    "IVF_RABITQ": ({"nlist": 32}, {"nprobe": 32, "rbq_bits_query": 6}, 0.15),
    "SCANN": ({"nlist": 32, "with_raw_data": False}, {"nprobe": 32}, 0.4),
    "HNSW_SQ": ({"M": 16, "efConstruction": 200, "sq_type": "SQ6"}, {"ef": 256}, 0.8),
    "HNSW_PQ": ({"M": 16, "efConstruction": 200, "m": 16, "nbits": 8}, {"ef": 256}, 0.7),
    "HNSW_PRQ": ({"M": 16, "efConstruction": 200, "m": 8, "nrq": 2, "nbits": 8}, {"ef": 256}, 0.6),
}


def make(client, name, kind, metric, type_, params, rows):
    described = make_indexed(client, name, kind, metric, rows, type_, **params)
    assert described["index_type"] == type_ and described["indexed_rows"] == len(rows)
    for key, value in params.items():
        assert described[key] == str(value), (key, described)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("kind, metric", [(DataType.FLOAT_VECTOR, "L2"), (DataType.FLOAT16_VECTOR, "COSINE"), (DataType.BFLOAT16_VECTOR, "L2")])  # fmt: skip
def test_finds_what_its_bits_allow_and_all_of_it_when_refined(client, name, type_, kind, metric):
    rng = np.random.default_rng(21)
    rows, queries = vectors.make(kind, 3000, DIM, rng), vectors.make(kind, 16, DIM, rng)
    params, search, floor = TYPES[type_]
    make(client, name, kind, metric, type_, params, rows)
    found = client.search(name, [vectors.to_client(kind, q) for q in queries], limit=K, anns_field="vector",
                          search_params={"params": search})  # fmt: skip
    best = vectors.nearest(kind, metric, queries, rows, K, None)
    assert vectors.recall(best, [[h["id"] for h in hits] for hits in found]) >= floor

    refined = {**params, "with_raw_data": True} if type_ == "SCANN" else {**params, "refine": True, "refine_type": "FP32"}
    search = {**search, **({"reorder_k": 900} if type_ == "SCANN" else {"refine_k": 90})}
    if type_.startswith("HNSW"):
        search["ef"] = 900
    client.drop_collection(name)
    make(client, name, kind, metric, type_, refined, rows)
    # Scores too are the metric's own then, to the last digit of the field's type.
    options = {"search_params": {"params": search}}
    check_against_brute_force(client, name, kind, metric, rows, queries, 0.95, **options)
    even = np.arange(len(rows)) % 2 == 0
    check_against_brute_force(client, name, kind, metric, rows, queries, 0.95, mask=even, filter="id % 2 == 0", **options)
    few = np.arange(len(rows)) < 40
    check_against_brute_force(client, name, kind, metric, rows, queries, 0.99, mask=few, filter="id < 40", **options)


def test_bad_parameters_are_refused_in_the_words_of_the_contract(client, name):
    schema = simple_schema(client, dim=DIM)

    def create(type_, **params):
        client.create_collection(name, schema=schema, index_params=index_params(client, kind=type_, **params))

    with refused("param 'm' not exist", 1100):
        create("IVF_PQ", nlist=8)
    with refused("should be a multiple of the number of subquantizers (m)", 1100):
        create("IVF_PQ", nlist=8, m=5)
    with refused("invalid scalar quantizer type", 1100):
        create("HNSW_SQ", sq_type="sq5")
    with refused("should be a boolean", 1100):
        create("IVF_SQ8", refine="1")
    client.drop_collection(name)  # The collection is made before its index is refused.
    make(client, name, DataType.FLOAT_VECTOR, "L2", "SCANN", {"nlist": 8}, np.zeros((1100, DIM), np.float32))
    with refused("reorder_k(5) should be larger than k(10)"):
        client.search(name, [[0.0] * DIM], limit=10, search_params={"params": {"reorder_k": 5}})
