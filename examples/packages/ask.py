"""Loads the Debian 12 package index into a running server and asks it eight questions in words.

usage: ask.py [--host 127.0.0.1] [--port 19530] [--http-port 9091] [--fresh]

The rows are the package index itself: name, description, section, size. Their embeddings (384 numbers from a
sentence model) were computed beforehand, those of the questions too, so that nothing has to be downloaded.
"""

import argparse
import gzip
import json
import pathlib
import sys
import time

import numpy as np
from pymilvus import DataType, MilvusClient

HERE = pathlib.Path(__file__).resolve().parent
WHOLE = HERE.parents[2] / "shared/data"  # All 63,666 rows, where they lie beside the checkout.
NAME = "packages"
BATCH = 1000

# What each question may be narrowed by, to show filters on text and numbers.
FILTERS = [
    'section == "science"',
    'section == "sound" and installed_kb < 500',
    'section == "graphics" and installed_kb > 1000',
    'section == "python" and installed_kb < 100',
    'section in ["haskell", "ocaml", "lisp"]',
    'section in ["net", "admin"] and installed_kb < 300',
    'section == "fonts" and installed_kb > 1000',
    'section == "games" and installed_kb > 5000',
]


def read_rows():
    folder = WHOLE if (WHOLE / "packages.jsonl.gz").exists() else HERE
    with gzip.open(folder / "packages.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return rows, np.load(folder / "packages-embedding.f16.npy", mmap_mode="r"), json.loads((HERE / "questions.json").read_text())


def create(client):
    schema = client.create_schema(enable_dynamic_field=False, description="the Debian 12 package index")
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("package", DataType.VARCHAR, max_length=256)
    schema.add_field("description", DataType.VARCHAR, max_length=4096)
    schema.add_field("section", DataType.VARCHAR, max_length=64)
    schema.add_field("installed_kb", DataType.INT64)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=384)
    client.create_collection(NAME, schema=schema, consistency_level="Strong")


def progress(done, total, started):
    width = 40
    filled = width * done // total
    rate = done / max(time.monotonic() - started, 1e-9)
    end = "\n" if done == total else ""
    # One line that is rewritten on a terminal; a plain line now and then in a log.
    if sys.stdout.isatty():
        print(f"\r  [{'#' * filled}{'.' * (width - filled)}] {done:>6,} / {total:,} rows  {rate:>8,.0f} rows/s ", end=end, flush=True)
    elif done == total or done % (10 * BATCH) == 0:
        print(f"  {done:>6,} / {total:,} rows  {rate:>8,.0f} rows/s", flush=True)


def insert(client, rows, vectors):
    started = time.monotonic()
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        block = vectors[begin : begin + BATCH].astype(np.float32)
        client.insert(NAME, [
            {"id": r["id"], "package": r["package"], "description": r["description"], "section": r["section"],
             "installed_kb": r["installed_kb"], "embedding": vector}
            for r, vector in zip(part, block)
        ])  # fmt: skip
        progress(begin + len(part), len(rows), started)
    return time.monotonic() - started


def timed(what, call):
    started = time.monotonic()
    result = call()
    print(f"  {what:<44} {time.monotonic() - started:>8.2f} s", flush=True)
    return result


def is_complete(client, total):
    if not client.has_collection(NAME) or client.get_load_state(NAME)["state"].name != "Loaded":
        return False
    return client.query(NAME, filter="", output_fields=["count(*)"])[0]["count(*)"] == total


def fill(client, rows, vectors):
    if client.has_collection(NAME):
        client.drop_collection(NAME)  # From a run that was interrupted.
    create(client)
    print(f"\nInserting {len(rows):,} packages")
    took = insert(client, rows, vectors)
    print(f"  {'inserted':<44} {took:>8.2f} s")
    timed("flushed to segment files", lambda: client.flush(NAME))
    params = client.prepare_index_params()
    params.add_index("embedding", index_type="HNSW", metric_type="COSINE", params={"M": 16, "efConstruction": 200})
    timed("HNSW index, COSINE, 384 dimensions", lambda: client.create_index(NAME, params))
    timed("loaded", lambda: client.load_collection(NAME))


def search(client, question, **options):
    started = time.perf_counter()
    hits = client.search(NAME, [question["embedding"]], limit=3, search_params={"params": {"ef": 64}},
                         output_fields=["package", "description", "section", "installed_kb"], **options)[0]  # fmt: skip
    return hits, (time.perf_counter() - started) * 1000


def show(hits):
    for hit in hits:
        entity = hit["entity"]
        size = f"{entity['installed_kb']:,} kB"
        print(f"    {hit['distance']:.3f}  {entity['package'][:26]:<26}  {entity['section'][:12]:<12}  {size:>12}  {entity['description'][:58]}")
    if not hits:
        print("    (nothing)")


def ask(client, questions):
    times = []
    for question, text in zip(questions, FILTERS):
        print(f"\n\"{question['question']}\"")
        hits, took = search(client, question)
        times.append(took)
        show(hits)
        hits, took = search(client, question, filter=text)
        times.append(took)
        print(f"  with  {text}")
        show(hits)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=19530)
    parser.add_argument("--http-port", type=int, default=9091)
    parser.add_argument("--fresh", action="store_true", help="load again even if everything is there")
    options = parser.parse_args()

    client = MilvusClient(f"http://{options.host}:{options.port}")
    rows, vectors, questions = read_rows()
    if not options.fresh and is_complete(client, len(rows)):
        print(f"all {len(rows):,} packages are loaded already")
    else:
        fill(client, rows, vectors)
    times = sorted(ask(client, questions))
    print(f"\n{len(times)} searches over {len(rows):,} rows: median {times[len(times) // 2]:.1f} ms, slowest {times[-1]:.1f} ms")
    print(f"""
The server is up: clients at {options.host}:{options.port}, health and metrics at http://{options.host}:{options.http_port}/metrics.
Next:
  a Python prompt with a client     python3 -i -c 'from pymilvus import MilvusClient; c = MilvusClient("http://{options.host}:{options.port}")'
  how many packages in a section    c.query("packages", filter='section == "games"', output_fields=["count(*)"])
  the same questions again          scripts/quickstart
  the tests                         scripts/test
  end the server                    scripts/quickstart --stop""")


if __name__ == "__main__":
    main()
