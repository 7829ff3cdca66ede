"""After a restart: everything acknowledged is there, nothing else is, and every way of asking agrees."""

from __future__ import annotations

import random

from pymilvus import MilvusClient

from journal import Expectation
from workload import vector_of


def read_all(client: MilvusClient, name: str) -> dict[int, int]:
    """key -> version, page by page in key order."""
    found, last = {}, -1
    while True:
        page = client.query(name, filter=f"id > {last}", output_fields=["version"], limit=10_000, timeout=60)
        for row in page:
            found[row["id"]] = row["version"]
        if len(page) < 10_000:
            return found
        last = page[-1]["id"]


def verify(client: MilvusClient, name: str, expectation: Expectation, seed: int) -> list[str]:
    """Settles the expectation; returns everything that is wrong."""
    found = read_all(client, name)
    wrong = expectation.settle(found)
    counted = client.query(name, filter="", output_fields=["count(*)"], timeout=60)[0]["count(*)"]
    if counted != len(found):
        wrong.append(f"count(*) says {counted}, a query of everything finds {len(found)}")

    rng = random.Random(seed)
    keys = rng.sample(sorted(found), min(50, len(found)))
    by_key = {r["id"]: r["version"] for r in client.get(name, ids=keys, output_fields=["version"])} if keys else {}
    if by_key != {k: found[k] for k in keys}:
        wrong.append("get by key differs from the query of everything")

    for word in ("w0", "w3"):
        filtered = {r["id"] for r in client.query(name, filter=f'word == "{word}"', limit=16_384, timeout=60)}
        expected = {k for k, v in found.items() if f"w{v % 7}" == word}
        if filtered != expected:
            wrong.append(f"filter on {word}: {len(filtered - expected)} too many, {len(expected - filtered)} missing")

    # Exact search: the filter leaves few rows, so that every index scans. The row itself must come first. All are of
    # one word, since a search of isolated tenants names one.
    for key in keys[:10]:
        word = found[key] % 7
        ids = sorted({key, *rng.sample(keys, min(5, len(keys)))} - {k for k in keys if found[k] % 7 != word})
        hits = client.search(name, [vector_of(key, found[key])], limit=5, filter=f'word == "w{word}" and id in {ids}',
                             search_params={"params": {"ef": 64}}, timeout=60)[0]  # fmt: skip
        if not hits or hits[0]["id"] != key or hits[0]["distance"] > 1e-3:
            wrong.append(f"search by the vector of key {key}: {hits[:1]}")
        if len(hits) != min(5, len(ids)):
            wrong.append(f"search over {len(ids)} keys found {len(hits)}")
    return wrong
