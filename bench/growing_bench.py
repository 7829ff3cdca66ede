#!/usr/bin/env python3
"""Searches rows that were just inserted: a growing segment, before there is any index.

usage: growing_bench.py --host 127.0.0.1 --port 19530 [--rows 100000] [--dim 768] [--metric L2] [--queries 200]
           [--limit 10] [--batch 2000] [--data FILE.npy] [--http-port 9091] [--json FILE]

Start the server with segments large enough that no row is flushed meanwhile, and once more without interim indexes:

    DATACOORD_SEGMENT_MAXSIZE=4096 build/release/bin/elanus run standalone --data-dir bench-data
    DATACOORD_SEGMENT_MAXSIZE=4096 QUERYNODE_SEGCORE_INTERIMINDEX_ENABLEINDEX=false build/release/bin/elanus run ...

Prints the insert rate, and for searches sent one at a time p50 and p99 in ms, recall against exact neighbours and the
server's processor time (--http-port): while rows come in (one search behind each batch), and at rest.
"""

import argparse
import json
import sys
import time

import numpy as np
from load_bench import Truth, Vectors, metrics
from pymilvus import DataType, MilvusClient

NAME = "growing_bench"


def percentiles(seconds):
    return {f"p{q}_ms": round(float(np.percentile(seconds, q)) * 1000, 2) for q in (50, 99)}


def timed_search(client, query, options, **more):
    begin = time.perf_counter()
    hits = client.search(NAME, [query.tolist()], limit=options.limit, anns_field="v", **more)[0]
    return time.perf_counter() - begin, [hit["id"] for hit in hits]


def search_all(client, queries, truth, options, **more):
    times, found = [], 0
    for query, exact in zip(queries, truth):
        seconds, ids = timed_search(client, query, options, **more)
        times.append(seconds)
        found += len(set(ids) & set(exact.tolist()))
    return percentiles(times) | {"recall": round(found / truth.size, 4)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=19530)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--metric", default="L2")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--batch", type=int, default=2000)
    parser.add_argument("--data")
    parser.add_argument("--http-port", type=int, default=9091)
    parser.add_argument("--json")
    options = parser.parse_args()
    vectors = Vectors(options)
    queries = vectors.queries(options.queries)
    truth = Truth(queries, options.metric, options.limit)
    client = MilvusClient(f"http://{options.host}:{options.port}", timeout=120)
    if client.has_collection(NAME):
        client.drop_collection(NAME)
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=vectors.dim)
    index = client.prepare_index_params()
    index.add_index("v", index_type="HNSW", metric_type=options.metric, params={"M": 16, "efConstruction": 200})
    client.create_collection(NAME, schema=schema, index_params=index, consistency_level="Bounded")

    inserting, during = 0.0, []
    for begin in range(0, vectors.rows, options.batch):
        block = vectors.block(begin, min(begin + options.batch, vectors.rows))
        truth.add(begin, block)
        rows = [{"id": begin + i, "v": row} for i, row in enumerate(block)]
        started = time.perf_counter()
        client.insert(NAME, rows)
        inserting += time.perf_counter() - started
        if begin + options.batch > vectors.rows // 2:
            during.append(timed_search(client, queries[len(during) % len(queries)], options)[0])
    result = {"rows": vectors.rows, "dim": vectors.dim, "insert_rows_per_s": round(vectors.rows / inserting)}
    result["inserting, second half"] = percentiles(during)
    time.sleep(3)  # What is still being coded.
    search_all(client, queries[:20], truth.ids[:20], options)
    processor = -metrics(options).get("process_cpu_seconds_total", 0)
    result["at rest"] = search_all(client, queries, truth.ids, options)
    processor += metrics(options).get("process_cpu_seconds_total", 0)
    result["at rest"]["server_cpu_ms"] = round(1000 * processor / len(queries), 2)
    client.search(NAME, queries.tolist(), limit=options.limit, anns_field="v")
    started = time.perf_counter()
    answers = client.search(NAME, queries.tolist(), limit=options.limit, anns_field="v")
    result["batch_qps"] = round(len(answers) / (time.perf_counter() - started), 1)
    for key, value in result.items():
        print(f"{key:24} {value}")
    if options.json:
        with open(options.json, "w") as out:
            json.dump(result, out)
    client.drop_collection(NAME)


if __name__ == "__main__":
    sys.exit(main())
