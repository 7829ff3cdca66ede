"""Full load against tiers, on one collection in an S3 store behind a slow link.

Makes a collection whose partitions are ages, keeps it in an S3 server on loopback, and reads it twice: with everything fetched
by the load, and with tiers and a memory budget that is a share of the data. Queries prefer new rows: 80, 15 and 5 % of them go to the
newest 20, the middle 30 and the oldest 50 % of the rows. Prints a table, one line of JSON, and with --picture a PNG.

With --tenants the rows belong to so many tenants instead, by a partition key with isolation, few of which have many rows and are asked
often (Zipf): "head" is the largest hundredth of them, "tail" the smaller four fifths.

    .venv/bin/python bench/tiered_bench.py --rows 200000 --dim 256
    .venv/bin/python bench/tiered_bench.py --rows 1000000 --dim 768        # the default figures of the issue
    .venv/bin/python bench/tiered_bench.py --rows 5000000 --dim 768        # paper size
    .venv/bin/python bench/tiered_bench.py --rows 200000 --dim 256 --tenants 1000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import pathlib
import random
import shutil
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from pymilvus import DataType, MilvusClient  # noqa: E402

from harness.s3_server import ACCESS_KEY, SECRET_KEY, S3Server  # noqa: E402
from harness.server import Server, free_port  # noqa: E402

TIERS = "QUERYNODE_SEGCORE_TIEREDSTORAGE_"
AGES = 10  # Partitions; number 0 holds the newest rows.
CLASSES = {"hot": (range(0, 2), 0.80), "warm": (range(2, 5), 0.15), "cold": (range(5, 10), 0.05)}
ZIPF = 1.1  # The n-th tenant has 1 / n^1.1 of the rows and of the queries of the first.


class SlowLink:
    """A TCP proxy in a process of its own: the first byte of an answer comes `latency_ms` later, bytes at most at `rate` a second, all
    connections together."""

    def __init__(self, upstream: str, latency_ms: float, rate: float):
        host, _, port = upstream.rpartition(":")
        self.upstream = (host, int(port))
        self.latency, self.rate, self.port = latency_ms / 1000, rate, free_port()
        self.free_at = 0.0
        ready = multiprocessing.Event()
        self.process = multiprocessing.Process(target=lambda: asyncio.run(self.run(ready)), daemon=True)
        self.process.start()
        ready.wait()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def run(self, ready):
        server = await asyncio.get_running_loop().create_server(lambda: Side(self), "127.0.0.1", self.port, backlog=256)
        ready.set()
        await server.serve_forever()

    def delay(self, count: int, first: bool) -> float:
        """Seconds until these bytes may go on."""
        now = time.monotonic()
        begin = max(self.free_at, now)
        self.free_at = begin + count / self.rate
        return max(self.free_at - now, self.latency if first else 0.0)


class Side(asyncio.Protocol):
    """One end of a connection through the link: the client's, which makes the other towards the store."""

    def __init__(self, link: SlowLink, peer: Side | None = None):
        self.link, self.peer = link, peer
        self.answers = peer is not None  # What comes here goes to the client.
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []
        self.asked = False
        self.due = 0.0

    def connection_made(self, transport):
        self.transport = transport
        if not self.answers:
            self.peer = Side(self.link, self)
            asyncio.ensure_future(asyncio.get_running_loop().create_connection(lambda: self.peer, *self.link.upstream))
        else:
            for data in self.peer.early:
                transport.write(data)

    def data_received(self, data):
        if not self.answers:
            self.peer.asked = True
            if self.peer.transport is None:
                self.early.append(data)
            else:
                self.peer.transport.write(data)
            return
        loop = asyncio.get_running_loop()
        # Behind what came before it: calls of the same time come in any order.
        self.due = max(self.due + 1e-6, loop.time() + self.link.delay(len(data), self.asked))
        self.asked = False
        loop.call_at(self.due, self.peer.transport.write, data)

    def connection_lost(self, _):
        if self.answers:
            loop = asyncio.get_running_loop()
            loop.call_at(max(self.due, loop.time()) + 0.001, self.peer.transport.close)
        elif self.peer.transport is not None:
            self.peer.transport.close()


LATENT, CLUSTERS = 48, 256


def rows_of(args, seed: int, count: int) -> np.ndarray:
    """Rows, and queries too: clusters in a few dimensions of falling weight, spread over all, as embeddings are."""
    fixed = np.random.default_rng(99)
    weights = (np.arange(1, LATENT + 1) ** -0.5).astype(np.float32)
    spread = fixed.standard_normal((LATENT, args.dim)).astype(np.float32)
    centres = fixed.standard_normal((CLUSTERS, LATENT)).astype(np.float32) * weights
    rng = np.random.default_rng(seed)
    inner = centres[rng.integers(0, CLUSTERS, count)] + rng.standard_normal((count, LATENT)).astype(np.float32) * weights
    return inner @ spread + rng.standard_normal((count, args.dim)).astype(np.float32) * 0.3


def tenant_shares(args) -> np.ndarray:
    weights = np.arange(1, args.tenants + 1) ** -ZIPF
    return weights / weights.sum()


def make(args, client: MilvusClient) -> None:
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=args.dim)
    for i in range(args.scalars):
        schema.add_field(f"s{i}", DataType.DOUBLE)
    more = {}
    if args.tenants:
        schema.add_field("tenant", DataType.INT64, is_partition_key=True)
        more = {"num_partitions": 16, "properties": {"partitionkey.isolation": "true"}}
    params = client.prepare_index_params()
    params.add_index("vector", index_type=args.index, metric_type="L2", params={"M": 16, "efConstruction": 100})
    client.create_collection("c", schema=schema, index_params=params, consistency_level="Strong", **more)
    client.release_collection("c")
    batch = max(1, min(5000, (32 << 20) // (args.dim * 4 + args.scalars * 8)))
    for age in range(AGES):
        where = {} if args.tenants else {"partition_name": f"age{age}"}
        if where:
            client.create_partition("c", **where)
        rows = rows_of(args, age, args.rows // AGES)
        rng = np.random.default_rng(1000 + age)
        scalars = rng.standard_normal((len(rows), args.scalars))
        tenants = rng.choice(args.tenants, len(rows), p=tenant_shares(args)) if args.tenants else None
        for begin in range(0, len(rows), batch):
            client.insert("c", **where, data=[
                {"id": age * len(rows) + i, "vector": rows[i]} | {f"s{s}": scalars[i, s] for s in range(args.scalars)}
                | ({"tenant": int(tenants[i])} if args.tenants else {})
                for i in range(begin, min(begin + batch, len(rows)))
            ])  # fmt: skip
        if where:
            client.flush("c")
        print(f"  age {age}: {len(rows)} rows", file=sys.stderr)
    client.flush("c")
    while int(client.describe_index("c", "vector")["pending_index_rows"]) > 0:
        time.sleep(0.5)


class Asked:
    """What is asked next: a label that the latencies are kept under, and the search's own arguments."""

    def __init__(self, args):
        self.args, self.rng, self.touched = args, random.Random(4), set()
        if args.tenants:
            self.tenants = np.random.default_rng(4).choice(args.tenants, args.queries, p=tenant_shares(args))

    def next(self, number: int) -> tuple[str, dict]:
        if self.args.tenants:
            key = int(self.tenants[number])
            kind = "head" if key < self.args.tenants / 100 else "tail" if key >= self.args.tenants / 5 else "middle"
            where, once = {"filter": f"tenant == {key}"}, kind != "head"
        else:
            kind = self.rng.choices(list(CLASSES), [share for _, share in CLASSES.values()])[0]
            key = self.rng.choice(list(CLASSES[kind][0]))
            where, once = {"partition_names": [f"age{key}"]}, kind == "cold"
        first = key not in self.touched
        self.touched.add(key)
        return (kind + (" first" if first else " cached") if once else kind), where


def metric(server: Server, family: str, **labels) -> float:
    wanted = [f'{k}="{v}"' for k, v in labels.items()]
    return sum(v for series, v in server.metrics().items()
               if series.startswith(family + "{") and all(w in series for w in wanted))  # fmt: skip


def percentile(values, share: float) -> float | None:
    return round(float(np.percentile(values, share)), 2) if len(values) else None


def read(args, name: str, directory: pathlib.Path, env: dict[str, str]) -> dict:
    """Loads the collection and asks it; figures and what was found."""
    shutil.rmtree(directory / "data/cache", ignore_errors=True)
    with Server(directory, env=env) as server:
        client = MilvusClient(server.uri, timeout=600)
        resting, mapped = server.memory_bytes("RssAnon"), server.memory_bytes("RssFile")
        begin = time.monotonic()
        client.load_collection("c")
        out = {"queryable_s": round(time.monotonic() - begin, 3)}

        def resident() -> int:
            return int(metric(server, "elanus_cache_resident_bytes", tier="memory"))

        out["fetched_by_load"] = int(metric(server, "elanus_cache_fetched_bytes_total"))
        out["resident_after_load"] = resident()
        asked = Asked(args)
        latencies: dict[str, list[float]] = {}
        timeline, found = [], []
        started = time.monotonic()
        for number in range(args.queries):
            label, where = asked.next(number)
            query = rows_of(args, 10_000 + number, 1)[0]
            began = time.monotonic()
            hits = client.search("c", [query], limit=10, search_params={"params": {"ef": 100}}, **where)[0]
            ms = (time.monotonic() - began) * 1000
            latencies.setdefault(label, []).append(ms)
            found.append([hit["id"] for hit in hits])
            if number % 10 == 0:
                timeline.append((round(time.monotonic() - started, 2), ms, resident()))
        out["resident_steady"] = resident()
        out["rss_anon"] = server.memory_bytes("RssAnon") - resting
        out["rss_file"] = server.memory_bytes("RssFile") - mapped
        out["fetched"] = int(metric(server, "elanus_cache_fetched_bytes_total"))
        # The first quarter warms up.
        out["ms"] = {k: {"n": len(v), "p50": percentile(v[len(v) // 4 :], 50), "p99": percentile(v[len(v) // 4 :], 99)}
                     for k, v in sorted(latencies.items())}  # fmt: skip
        if args.scalars >= 3 and name == "tiered" and not args.tenants:
            before = metric(server, "elanus_cache_fetched_bytes_total", kind="scalar_field")
            client.query("c", filter="s0 > -100 and s1 > -100 and s2 > -100", output_fields=["count(*)"])
            fetched = metric(server, "elanus_cache_fetched_bytes_total", kind="scalar_field") - before
            out["three_columns"] = round(fetched / (3 * 8 * (args.rows // AGES * AGES)), 3)
        client.close()
    print(f"  {name}: {out}", file=sys.stderr)
    return out | {"found": found, "timeline": timeline}


def draw(results: dict, path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6))
    for name, result in results.items():
        seconds, ms, resident = zip(*result["timeline"])
        above.plot(seconds, ms, ".", label=name)
        below.plot(seconds, [r / 2**20 for r in resident], label=name)
    above.set(ylabel="search, ms", yscale="log")
    below.set(ylabel="resident cells, MiB", xlabel="s")
    above.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--scalars", type=int, default=10)
    parser.add_argument("--index", default="HNSW")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--budget", type=float, default=0.2, help="memory of the tiers, as a share of the raw data")
    parser.add_argument("--tenants", type=int, default=0)
    parser.add_argument("--mapped", action="store_true", help="vectors are mapped from the disk cache, as by default of the server")
    parser.add_argument("--latency-ms", type=float, default=10)
    parser.add_argument("--bytes-per-s", type=float, default=1.2e9)
    parser.add_argument("--store", default="versitygw", help="kind of S3 server, see tests/harness/s3_server.py")
    parser.add_argument("--scratch", help="directory for everything; default: a temporary one")
    parser.add_argument("--picture")
    args = parser.parse_args()
    raw = args.rows * (args.dim * 4 + args.scalars * 8)
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        directory = pathlib.Path(scratch)
        (directory / "store").mkdir()
        with S3Server(args.store, directory / "store") as store:
            link = SlowLink(store.address, args.latency_ms, args.bytes_per_s)
            env = {
                "COMMON_STORAGETYPE": "remote", "MINIO_ADDRESS": link.address, "MINIO_BUCKETNAME": "bench",
                "MINIO_ACCESS_KEY_ID": ACCESS_KEY, "MINIO_SECRET_ACCESS_KEY": SECRET_KEY, "QUERYNODE_MMAP_VECTORFIELD": str(args.mapped).lower(),
            }  # fmt: skip
            with Server(directory / "elanus", env=env) as server:
                client = MilvusClient(server.uri, timeout=600)
                make(args, client)
                client.close()
            sync = {TIERS + f"WARMUP_{k}": "sync" for k in ("SCALARFIELD", "VECTORFIELD", "VECTORINDEX")}
            lazy = {key: "disable" for key in sync} | {
                TIERS + "EVICTIONENABLED": "true",
                "ELANUS_CACHE_MEMORY": str(int(raw * args.budget)),
            }
            results = {
                "full": read(args, "full", directory / "elanus", env | sync | {"ELANUS_CACHE_MEMORY": str(raw * 4)}),
                "tiered": read(args, "tiered", directory / "elanus", env | lazy),
            }
    full, tiered = results["full"], results["tiered"]
    same = sum(len(set(a) & set(b)) for a, b in zip(full["found"], tiered["found"]))
    asked = sum(len(a) for a in full["found"])
    if args.picture:
        draw(results, args.picture)
    for result in results.values():
        del result["found"], result["timeline"]
    ratios = {
        "queryable": round(full["queryable_s"] / max(tiered["queryable_s"], 1e-3), 1),
        "resident_after_load": round(tiered["resident_after_load"] / max(full["resident_after_load"], 1) - 1, 3),
        "resident_steady": round(tiered["resident_steady"] / max(full["resident_steady"], 1) - 1, 3),
        "same_hits": round(same / max(asked, 1), 4),
    }
    for kind in ("hot", "warm", "cold cached", "head", "middle cached", "tail cached"):
        if kind in full["ms"] and kind in tiered["ms"]:
            ratios[f"p99 {kind}"] = round(tiered["ms"][kind]["p99"] / full["ms"][kind]["p99"] - 1, 3)
    print(f"{'':24}{'full':>16}{'tiered':>16}")
    for key in ("queryable_s", "fetched_by_load", "resident_after_load", "resident_steady", "rss_anon", "rss_file", "fetched"):
        print(f"{key:24}{full[key]:>16}{tiered[key]:>16}")
    for kind in sorted(set(full["ms"]) | set(tiered["ms"])):
        for p in ("p50", "p99"):
            print(f"{kind + ' ' + p + ', ms':24}{full['ms'].get(kind, {}).get(p)!s:>16}{tiered['ms'].get(kind, {}).get(p)!s:>16}")
    print(json.dumps({"arguments": vars(args), "raw_bytes": raw, "ratios": ratios, "full": full, "tiered": tiered}))


if __name__ == "__main__":
    main()
