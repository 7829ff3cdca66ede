"""Searches with and without a filter against a running server: milliseconds one at a time, recall.

    build/release/bin/elanus run standalone --data-dir bench-data &
    .venv/bin/python bench/filtered_search.py --rows 100000 --dim 128

The filter is a range over a column of random numbers that no index helps with, so its whole cost shows. Every search
of a round is sent in turn, unfiltered ones between the filtered, so that a busy machine slows all alike.
"""

import argparse
import json
import statistics
import time

import numpy as np
from pymilvus import DataType, MilvusClient

K = 10
PARTS = {"unfiltered": None, "50 %": 0.5, "10 %": 0.1, "1 %": 0.01, "0.1 %": 0.001}


def make_collection(client, name, options, rng):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("n", DataType.INT32)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=options.dim)
    params = client.prepare_index_params()
    params.add_index("vector", index_type=options.index_type, metric_type="L2")
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Eventually")
    vectors = rng.normal(size=(options.rows, options.dim)).astype(np.float32)
    numbers = rng.integers(0, 1_000_000, options.rows)
    for begin in range(0, options.rows, options.batch):
        end = min(begin + options.batch, options.rows)
        client.insert(name, [{"id": i, "n": int(numbers[i]), "vector": vectors[i]} for i in range(begin, end)])
    client.flush(name)
    while client.describe_index(name, "vector").get("pending_index_rows", 0) > 0:
        time.sleep(1)
    return vectors, numbers


def filter_of(part):
    return "" if part is None else f"n < {int(part * 1_000_000)}"


def exact(vectors, numbers, part, query):
    rows = np.arange(len(vectors)) if part is None else np.flatnonzero(numbers < int(part * 1_000_000))
    distances = ((vectors[rows] - query) ** 2).sum(axis=1)
    return set(rows[np.argsort(distances, kind="stable")[:K]].tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uri", default="http://127.0.0.1:19530")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--index-type", default="HNSW")
    parser.add_argument("--ef", type=int, default=64)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    client = MilvusClient(options.uri)
    name = "filtered_search_bench"
    client.drop_collection(name)
    vectors, numbers = make_collection(client, name, options, rng)
    queries = rng.normal(size=(options.queries, options.dim)).astype(np.float32)
    times = {label: [] for label in PARTS}
    recalls = {label: [] for label in PARTS}
    for number, query in enumerate(queries):
        for label, part in PARTS.items():
            begin = time.perf_counter()
            hits = client.search(name, [query], limit=K, filter=filter_of(part), search_params={"params": {"ef": options.ef}})[0]
            times[label].append((time.perf_counter() - begin) * 1e3)
            if number < 50:
                wanted = exact(vectors, numbers, part, query)
                recalls[label].append(len(wanted & {hit["id"] for hit in hits}) / len(wanted))
    base = statistics.median(times["unfiltered"])
    print(f"{options.rows} x {options.dim}, {options.index_type}, {options.queries} searches of each kind")
    results = []
    for label, measured in times.items():
        median = statistics.median(measured)
        result = {"passes": label, "p50_ms": median, "p99_ms": float(np.percentile(measured, 99)), "recall": statistics.mean(recalls[label]), "of_unfiltered": median / base}
        print(f"{label:>10}: p50 {median:.2f} ms, p99 {result['p99_ms']:.2f} ms, recall@{K} {result['recall']:.3f}, {median / base:.2f} x unfiltered")
        results.append(result)
    print(json.dumps(results))
    client.drop_collection(name)


if __name__ == "__main__":
    main()
