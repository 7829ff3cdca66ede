#!/usr/bin/env python3
"""Loads a server the way an operator would, and says what each step took.

usage: load_bench.py milvus-load-bench --host 127.0.0.1 --port 19530 --dim 768 --rows 1000000 --batch 5000
           --index-type HNSW --repeat-load 3 --release-before-load --do-search --drop-after
           [--metric L2] [--m 16] [--ef-construction 200] [--ef 64] [--limit 10] [--queries 200]
           [--data FILE.npy] [--data-dir FOLDER] [--http-port 9091]
           [--s3-endpoint HOST:PORT --s3-bucket NAME] [--json FILE]

Inserts through one pymilvus process, flushes, builds the index, loads (cold, then again), searches one query
at a time, and prints a table and then the same as one JSON object. Works against any Milvus-compatible
server; the storage figure needs --data-dir (a local server's folder) or --s3-endpoint and --s3-bucket
(credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), the memory figure needs --http-port.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import sys
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import numpy as np
from pymilvus import DataType, MilvusClient

NAME = "load_bench"


# --- vectors ---


class Vectors:
    """Rows from a file, or made on the way: unit vectors around skewed cluster centres, by row number."""

    def __init__(self, options):
        self.file = np.load(options.data, mmap_mode="r") if options.data else None
        self.dim = self.file.shape[1] if self.file is not None else options.dim
        self.rows = min(options.rows, len(self.file)) if self.file is not None else options.rows
        rng = np.random.default_rng(1)
        self.basis = rng.standard_normal((32, self.dim)).astype(np.float32)
        self.centres = rng.standard_normal((256, 32)).astype(np.float32) * 1.2
        self.weights = 1 / np.arange(1, 257)
        self.weights /= self.weights.sum()

    def make(self, seed, count):
        rng = np.random.default_rng(seed)
        low = self.centres[rng.choice(256, count, p=self.weights)] + rng.standard_normal((count, 32), dtype=np.float32)
        full = low @ self.basis + 0.3 * rng.standard_normal((count, self.dim), dtype=np.float32)
        return full / np.linalg.norm(full, axis=1, keepdims=True)

    def block(self, begin, end):
        if self.file is not None:
            return np.asarray(self.file[begin:end], dtype=np.float32)
        return self.make((7, begin), end - begin)

    def queries(self, count):
        if self.file is not None:
            rng = np.random.default_rng(3)
            return np.asarray(self.file[np.sort(rng.integers(0, self.rows, count))], dtype=np.float32)
        return self.make(3, count)


class Truth:
    """Exact neighbours of the queries, kept up as blocks are made: recall without a second pass."""

    def __init__(self, queries, metric, k):
        self.queries, self.metric, self.k = queries, metric, k
        self.best = np.full((len(queries), k), np.inf, dtype=np.float32)
        self.ids = np.full((len(queries), k), -1, dtype=np.int64)

    def add(self, begin, block):
        product = self.queries @ block.T
        if self.metric == "L2":
            distance = (block**2).sum(1)[None, :] - 2 * product
        elif self.metric == "COSINE":
            distance = -product / np.linalg.norm(block, axis=1)[None, :]
        else:
            distance = -product
        both = np.concatenate([self.best, distance], axis=1)
        ids = np.concatenate([self.ids, np.broadcast_to(np.arange(begin, begin + len(block)), distance.shape)], axis=1)
        order = np.argpartition(both, self.k - 1, axis=1)[:, : self.k]
        self.best, self.ids = np.take_along_axis(both, order, 1), np.take_along_axis(ids, order, 1)


# --- what the server used ---


def metrics(options):
    """Samples of /metrics added up by family; empty when the port does not answer."""
    try:
        with urllib.request.urlopen(f"http://{options.host}:{options.http_port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    families = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            family = name.split("{")[0]
            if family.startswith("milvus_proxy_mutation_latency") and 'msg_type="insert"' not in name:
                continue
            families[family] = families.get(family, 0.0) + float(value)
    return families


def folder_bytes(folder, pattern="*"):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob(pattern) if p.is_file())


def bucket_bytes(options):
    """Adds up the objects of a bucket; ListObjectsV2, signed by AWS Signature Version 4."""
    endpoint = options.s3_endpoint if "://" in options.s3_endpoint else "http://" + options.s3_endpoint
    host = urllib.parse.urlsplit(endpoint).netloc
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    region, total, token = os.environ.get("AWS_REGION", "us-east-1"), 0, None
    while True:
        query = {"list-type": "2"} | ({"continuation-token": token} if token else {})
        text = "&".join(f"{k}={urllib.parse.quote(v, safe='')}" for k, v in sorted(query.items()))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        empty = hashlib.sha256(b"").hexdigest()
        headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": now}
        signed = ";".join(headers)
        canonical = "\n".join(["GET", f"/{options.s3_bucket}", text, *[f"{k}:{v}" for k, v in headers.items()], "", signed, empty])
        scope = f"{now[:8]}/{region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signing = ("AWS4" + secret).encode()
        for part in scope.split("/"):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"{endpoint}/{options.s3_bucket}?{text}", headers=headers | {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            tree = ElementTree.fromstring(answer.read())
        for element in tree.iter():
            element.tag = element.tag.split("}")[-1]
        total += sum(int(size.text) for size in tree.iter("Size"))
        token = tree.findtext("NextContinuationToken")
        if not token:
            return total


def storage_bytes(options):
    if options.s3_endpoint and options.s3_bucket:
        return bucket_bytes(options)
    return folder_bytes(options.data_dir) if options.data_dir else None


# --- steps ---


def insert(client, options, vectors, truth, report):
    """Times the calls alone: making the vectors and their exact neighbours is not the server's work."""
    in_calls, before = 0.0, metrics(options)
    for begin in range(0, vectors.rows, options.batch):
        end = min(begin + options.batch, vectors.rows)
        block = vectors.block(begin, end)
        if truth:
            truth.add(begin, block)
        rows = [{"id": begin + i, "vector": vector} for i, vector in enumerate(block)]
        started = time.perf_counter()
        client.insert(NAME, rows)
        in_calls += time.perf_counter() - started
        if end % (20 * options.batch) == 0 or end == vectors.rows:
            print(f"  inserted {end:,} of {vectors.rows:,}, {end / in_calls:,.0f} rows/s", file=sys.stderr, flush=True)
    after = metrics(options)
    report["insert_s"] = in_calls
    report["insert_rows_per_s"] = vectors.rows / in_calls
    inside_ms = after.get("milvus_proxy_mutation_latency_sum", 0) - before.get("milvus_proxy_mutation_latency_sum", 0)
    if inside_ms > 0:
        report["insert_server_share"] = inside_ms / 1000 / in_calls


def build_index(client, options, report):
    params = client.prepare_index_params()
    build = {"M": options.m, "efConstruction": options.ef_construction} if options.index_type.startswith("HNSW") else {}
    params.add_index("vector", index_type=options.index_type, metric_type=options.metric, params=build)
    started = time.perf_counter()
    client.create_index(NAME, params)
    while True:  # Some servers answer before the last segment's index is done.
        described = client.describe_index(NAME, "vector")
        if described["state"] == "Failed":
            sys.exit(f"index build failed: {described}")
        if described["state"] == "Finished" and int(described.get("pending_index_rows", 0)) == 0:
            break
        time.sleep(0.1)
    report["index_s"] = time.perf_counter() - started


def load(client, options, report):
    times = []
    for number in range(options.repeat_load):
        if options.release_before_load or number:
            client.release_collection(NAME)
        started = time.perf_counter()
        client.load_collection(NAME)
        times.append(time.perf_counter() - started)
    report["load_cold_s"], report["load_warm_s"] = times[0], min(times[1:], default=times[0])


def search(client, options, queries, truth, report):
    params = {"params": {"ef": options.ef} if options.index_type.startswith("HNSW") else {}}
    times, hits = [], 0
    for warm_up in queries[:10]:
        client.search(NAME, [warm_up], limit=options.limit, search_params=params)
    for i, query in enumerate(queries):
        started = time.perf_counter()
        found = client.search(NAME, [query], limit=options.limit, search_params=params)[0]
        times.append((time.perf_counter() - started) * 1000)
        hits += len({h["id"] for h in found} & set(truth.ids[i].tolist()))
    report["search_mean_ms"] = float(np.mean(times))
    report["search_p50_ms"], report["search_p99_ms"] = (float(np.percentile(times, p)) for p in (50, 99))
    report["search_recall"] = hits / (len(queries) * options.limit)


def run(options):
    client = MilvusClient(f"http://{options.host}:{options.port}", timeout=None)
    vectors = Vectors(options)
    queries = vectors.queries(options.queries) if options.do_search else None
    truth = Truth(queries, options.metric, options.limit) if options.do_search else None
    report = {"server": client.get_server_version(), "date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(),
              "rows": vectors.rows, "dim": vectors.dim, "batch": options.batch, "index_type": options.index_type,
              "metric": options.metric}  # fmt: skip

    if client.has_collection(NAME):
        client.drop_collection(NAME)
    empty_bytes = storage_bytes(options)
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.dim)
    client.create_collection(NAME, schema=schema, consistency_level="Strong")

    insert(client, options, vectors, truth, report)
    started = time.perf_counter()
    client.flush(NAME)
    report["flush_s"] = time.perf_counter() - started
    build_index(client, options, report)
    load(client, options, report)
    if options.do_search:
        search(client, options, queries, truth, report)

    used = storage_bytes(options)
    if used is not None:
        report["storage_bytes"] = used - (empty_bytes or 0)
        report["storage_ratio"] = report["storage_bytes"] / (vectors.rows * vectors.dim * 4)
        if options.data_dir and not options.s3_endpoint:
            # The newest file of the write-ahead log stays until it is full, whatever the rows.
            report["storage_log_bytes"] = folder_bytes(options.data_dir, "*.log")
            report["storage_ratio_without_log"] = (report["storage_bytes"] - report["storage_log_bytes"]) / (
                vectors.rows * vectors.dim * 4)  # fmt: skip
    memory = metrics(options).get("process_resident_memory_bytes")
    if memory:
        report["server_memory_bytes"] = int(memory)
    if options.drop_after:
        client.drop_collection(NAME)
    return report


ROWS = [
    ("insert_rows_per_s", "insert", "{:,.0f} rows/s"),
    ("insert_server_share", "insert, share spent in the server", "{:.1%}"),
    ("flush_s", "flush", "{:.2f} s"),
    ("index_s", "index build", "{:.2f} s"),
    ("load_cold_s", "load, cold", "{:.3f} s"),
    ("load_warm_s", "load, warm", "{:.3f} s"),
    ("search_mean_ms", "search, mean", "{:.2f} ms"),
    ("search_p50_ms", "search, p50", "{:.2f} ms"),
    ("search_p99_ms", "search, p99", "{:.2f} ms"),
    ("search_recall", "search, recall", "{:.4f}"),
    ("storage_bytes", "storage", "{:,} bytes"),
    ("storage_ratio", "storage / raw vectors", "{:.2f}"),
    ("storage_log_bytes", "write-ahead log, part of storage", "{:,} bytes"),
    ("storage_ratio_without_log", "(storage - log) / raw vectors", "{:.2f}"),
    ("server_memory_bytes", "server memory", "{:,} bytes"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("milvus-load-bench")
    bench.add_argument("--host", default="127.0.0.1")
    bench.add_argument("--port", type=int, default=19530)
    bench.add_argument("--http-port", type=int, default=9091)
    bench.add_argument("--dim", type=int, default=768)
    bench.add_argument("--rows", type=int, default=1_000_000)
    bench.add_argument("--batch", type=int, default=5000)
    bench.add_argument("--index-type", default="HNSW")
    bench.add_argument("--metric", default="L2", choices=["L2", "IP", "COSINE"])
    bench.add_argument("--m", type=int, default=16)
    bench.add_argument("--ef-construction", type=int, default=200)
    bench.add_argument("--ef", type=int, default=64)
    bench.add_argument("--limit", type=int, default=10)
    bench.add_argument("--queries", type=int, default=200)
    bench.add_argument("--repeat-load", type=int, default=1)
    bench.add_argument("--release-before-load", action="store_true")
    bench.add_argument("--do-search", action="store_true")
    bench.add_argument("--drop-after", action="store_true")
    bench.add_argument("--data", help="a .npy file of float rows instead of made ones")
    bench.add_argument("--data-dir", help="the server's data folder, to measure storage")
    bench.add_argument("--s3-endpoint")
    bench.add_argument("--s3-bucket")
    bench.add_argument("--json", type=pathlib.Path, help="also write the JSON here")
    options = parser.parse_args()
    if options.repeat_load < 1 or options.rows < 1 or options.batch < 1:
        parser.error("--repeat-load, --rows and --batch must be at least 1")

    report = run(options)
    print(f"\n{report['rows']:,} x {report['dim']} {report['metric']} {report['index_type']}, batches of {report['batch']:,}, "
          f"server {report['server']}, {report['cores']} cores, {report['date']}")  # fmt: skip
    for key, label, form in ROWS:
        if key in report:
            print(f"  {label:<36}{form.format(report[key]):>24}")
    text = json.dumps(report)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
