#!/usr/bin/env python3
"""What background work costs searches: p50 and p99 of one client's searches alone, and beside index builds or compactions.

usage: beside_bench.py --host 127.0.0.1 --port 19530 --beside build|compaction [--rows 50000] [--work-rows 100000]
           [--dim 384] [--seconds 20] [--ef 64] [--json FILE]

One process searches a loaded HNSW collection all the time; the other has the server work on a second collection, over
and over until --seconds are full: build its index (dropped and created again), or merge it with a third of its rows
deleted. Alone and beside are measured in turn, twice, so that the machine's mood is in both.
"""

import argparse
import json
import multiprocessing
import sys
import time

import numpy as np
from load_bench import Vectors
from pymilvus import DataType, MilvusClient

HOT, WORK = "beside_hot", "beside_work"
INDEX = {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 16, "efConstruction": 200}}


def make(client, name, vectors, rows, with_index):
    if client.has_collection(name):
        client.drop_collection(name)
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=vectors.dim)
    client.create_collection(name, schema=schema)
    insert(client, name, vectors, rows)
    if with_index:
        create_index(client, name)
        client.load_collection(name)


def insert(client, name, vectors, rows):
    for begin in range(0, rows, 5000):
        block = vectors.block(begin, min(begin + 5000, rows))
        client.insert(name, [{"id": begin + i, "v": row} for i, row in enumerate(block)])
    client.flush(name)


def create_index(client, name):
    index = client.prepare_index_params()
    index.add_index("v", index_name="v", **INDEX)
    client.create_index(name, index, sync=False)
    while client.describe_index(name, "v")["pending_index_rows"] > 0:
        time.sleep(0.1)


def search(options, queries, stop, out):
    client = MilvusClient(f"http://{options.host}:{options.port}", timeout=120)
    times = []
    i = 0
    while not stop.is_set():
        query = queries[i % len(queries)]
        begin = time.time()
        client.search(HOT, [query.tolist()], limit=10, search_params={"params": {"ef": options.ef}})
        times.append((begin, time.time() - begin))
        i += 1
    out.put(times)


def build(client, _vectors, _options):
    if client.list_indexes(WORK):
        client.drop_index(WORK, "v")
    begin = time.time()
    create_index(client, WORK)
    return [(begin, time.time())]


def compact(client, vectors, options):
    insert(client, WORK, vectors, options.work_rows)
    client.delete(WORK, filter="id % 3 == 0")
    client.flush(WORK)
    begin = time.time()
    job = client.compact(WORK)
    while client.get_compaction_state(job) != "Completed":
        time.sleep(0.1)
    return [(begin, time.time())]


def figures(times, windows):
    inside = [seconds for begin, seconds in times if any(a <= begin and begin + seconds <= b for a, b in windows)]
    if not inside:
        return {"searches": 0}
    p50, p99 = np.percentile(inside, (50, 99)) * 1000
    return {"searches": len(inside), "p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=19530)
    parser.add_argument("--beside", choices=("build", "compaction"), default="build")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--work-rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--ef", type=int, default=64)
    parser.add_argument("--json")
    parser.set_defaults(data=None)
    options = parser.parse_args()
    vectors = Vectors(options)
    client = MilvusClient(f"http://{options.host}:{options.port}", timeout=600)
    make(client, HOT, vectors, options.rows, True)
    make(client, WORK, vectors, options.work_rows, False)
    if options.beside == "compaction":
        create_index(client, WORK)
        client.load_collection(WORK)
    work = {"build": build, "compaction": compact}[options.beside]
    spawn = multiprocessing.get_context("spawn")  # A fork would take over the client's threads half.
    stop, out = spawn.Event(), spawn.Queue()
    searcher = spawn.Process(target=search, args=(options, vectors.queries(200), stop, out))
    searcher.start()
    time.sleep(2)
    alone, beside = [], []
    for _ in range(2):
        begin = time.time()
        time.sleep(options.seconds / 2)
        alone.append((begin, time.time()))
        spent = 0.0
        while spent < options.seconds / 2:
            windows = work(client, vectors, options)
            beside += windows
            spent += sum(end - begin for begin, end in windows)
        time.sleep(2)
    stop.set()
    times = out.get()
    searcher.join()
    result = {"alone": figures(times, alone), "beside": figures(times, beside) | {"runs": len(beside)}}
    if result["beside"]["searches"] and result["alone"]["searches"]:
        result["p99_ratio"] = round(result["beside"]["p99_ms"] / result["alone"]["p99_ms"], 2)
    for key, value in result.items():
        print(f"{key:12} {value}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file)
    for name in (HOT, WORK):
        client.drop_collection(name)


if __name__ == "__main__":
    sys.exit(main())
