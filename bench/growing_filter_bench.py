#!/usr/bin/env python3
"""Filters over growing rows, with scalar indexes declared and without, in one run.

usage: bench/growing_filter_bench.py [--rows 200000] [--times 30]
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from harness.server import Server
from pymilvus import DataType, MilvusClient

INDEXES = [("n", "INVERTED", {}), ("s", "INVERTED", {}), ("j", "INVERTED", {"json_path": "j", "json_cast_type": "JSON"})]
FILTERS = ["n == 77", "1000 <= n < 2000", "s == 'item 77'", "s like '%77%'", 'j["price"] == 77', '1000 <= j["price"] < 2000', 'j["maker"]["city"] == "c7"', 'exists j["rare"]']


def make(client, name, rows, indexed):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("n", DataType.INT64)
    schema.add_field("s", DataType.VARCHAR, max_length=64)
    schema.add_field("j", DataType.JSON)
    params = client.prepare_index_params()
    params.add_index("vector", index_type="FLAT", metric_type="L2")
    for field, kind, more in INDEXES if indexed else []:
        params.add_index(field, index_type=kind, index_name=f"by_{field}", params=more)
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong")
    for begin in range(0, len(rows), 5000):
        client.insert(name, rows[begin : begin + 5000])


def best_ms(client, name, text, times):
    best, found = 1e9, None
    for _ in range(times):
        begin = time.perf_counter()
        found = client.query(name, filter=text, output_fields=["count(*)"])[0]["count(*)"]
        best = min(best, time.perf_counter() - begin)
    return best * 1e3, found


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--times", type=int, default=30)
    options = options.parse_args()
    rng = random.Random(1)

    def row(i):
        n = rng.randrange(100_000)
        document = {"price": n, "name": f"item {n}", "on": n % 2 == 0, "maker": {"city": f"c{n % 1000}", "since": n % 50}}
        if n % 500 == 0:
            document["rare"] = n
        return {"id": i, "vector": [0.0, 1.0], "n": n, "s": f"item {n}", "j": document}

    rows = [row(i) for i in range(options.rows)]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Server(Path(folder) / "data") as server:
        client = MilvusClient(server.uri, timeout=60)
        for name, indexed in [("plain", False), ("indexed", True)]:
            make(client, name, rows, indexed)
        print(f"{'filter':32} {'rows':>7} {'plain ms':>9} {'indexed ms':>10}   ratio")
        for text in FILTERS:
            plain, found = best_ms(client, "plain", text, options.times)
            best_ms(client, "indexed", text, 150)  # As often as makes an index worth it.
            indexed, same = best_ms(client, "indexed", text, options.times)
            assert found == same, (text, found, same)
            print(f"{text:32} {found:7} {plain:9.2f} {indexed:10.2f}   {plain / indexed:.1f} x")
        client.close()


if __name__ == "__main__":
    main()
