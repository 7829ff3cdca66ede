"""A mixed load over one collection, driven by a seed: insert, upsert, delete, flush, index, load, DDL."""

from __future__ import annotations

import random
import time

import numpy as np
from pymilvus import DataType, MilvusClient, MilvusException

from journal import Expectation, Journal, Operation

DIM = 16
SNAPSHOT_PINNED = 2601
KEYS = 3000


def vector_of(key: int, version: int) -> list[float]:
    """Any version of any key has a vector of its own, so that a search shows which one it found."""
    return np.random.default_rng((key, version)).standard_normal(DIM).astype(np.float32).tolist()


class Workload:
    def __init__(self, journal: Journal, expectation: Expectation, seed: int):
        self.journal, self.expectation = journal, expectation
        self.rng = random.Random(seed)
        self.name = "crash"
        self.version = 0
        # Every other seed: words are tenants, whose rows lie together in sealed segments.
        self.isolated = seed % 2 == 1

    def create(self, client: MilvusClient) -> None:
        schema = client.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("version", DataType.INT64)
        schema.add_field("word", DataType.VARCHAR, max_length=32, is_partition_key=self.isolated)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
        params = client.prepare_index_params()
        params.add_index(field_name="vector", index_type="HNSW", metric_type="L2", params={"M": 8, "efConstruction": 40})
        more = {"num_partitions": 2, "properties": {"partitionkey.isolation": "true"}} if self.isolated else {}
        client.create_collection(self.name, schema=schema, index_params=params, consistency_level="Strong", num_shards=2,
                                 **more)  # fmt: skip

    def step(self, client: MilvusClient) -> None:
        """One random operation. Raises what the client raises; the journal then knows it as unacknowledged."""
        kind = self.rng.choices(
            ["insert", "upsert", "delete", "delete_by_filter", "flush", "side"], [30, 30, 15, 5, 6, 4])[0]  # fmt: skip
        getattr(self, kind)(client)

    # --- operations ---

    def perform(self, kind: str, rows: dict[int, int], call) -> None:
        operation = self.journal.send(kind, rows)
        self.expectation.open.append(operation)
        call()
        self.done(operation)

    def done(self, operation: Operation) -> None:
        self.journal.acknowledge(operation)
        self.expectation.open.remove(operation)
        self.expectation.apply(operation)

    def batch(self, keys) -> tuple[dict[int, int], list[dict]]:
        self.version += 1
        rows = {key: self.version for key in keys}
        return rows, [{"id": k, "version": v, "word": f"w{v % 7}", "vector": vector_of(k, v)} for k, v in rows.items()]

    def some_keys(self, count: int) -> list[int]:
        return self.rng.sample(range(KEYS), count)

    def insert(self, client) -> None:
        taken = self.expectation.keys()
        fresh = [key for key in self.some_keys(self.rng.randint(1, 120)) if key not in taken]
        if fresh:
            rows, data = self.batch(fresh)
            self.perform("insert", rows, lambda: client.insert(self.name, data, timeout=20))

    def upsert(self, client) -> None:
        rows, data = self.batch(self.some_keys(self.rng.randint(1, 80)))
        self.perform("upsert", rows, lambda: client.upsert(self.name, data, timeout=20))

    def delete(self, client) -> None:
        keys = self.some_keys(self.rng.randint(1, 60))
        self.perform("delete", dict.fromkeys(keys, 0), lambda: client.delete(self.name, ids=keys, timeout=20))

    def delete_by_filter(self, client) -> None:
        low = self.rng.randrange(KEYS)
        gone = {key: 0 for key in self.expectation.known if low <= key < low + 20}
        if gone:
            self.perform("delete_by_filter", gone, lambda: client.delete(
                self.name, filter=f"id >= {low} and id < {low + 20}", timeout=20))  # fmt: skip

    def flush(self, client) -> None:
        client.flush(self.name, timeout=30)

    def side(self, client) -> None:
        """Metadata beside the rows; each is harmless to repeat, and the rows must not notice."""
        choice = self.rng.choice(["property" if self.isolated else "partition", "property", "reload", "other"])
        if choice == "partition":
            client.create_partition(self.name, "p")
            client.release_partitions(self.name, ["p"])
            client.drop_partition(self.name, "p")
        elif choice == "property":
            client.alter_collection_properties(self.name, properties={"round": str(self.version)})
        elif choice == "reload":
            client.release_collection(self.name)
            client.load_collection(self.name, timeout=30)
        else:
            other = f"side_{self.version}"
            client.create_collection(other, dimension=4, timeout=30)
            client.insert(other, [{"id": 1, "vector": [0.0] * 4}])
            client.drop_collection(other)


def clean_up(client: MilvusClient, name: str) -> None:
    """Puts back what a side operation may have left half done."""
    deadline = time.monotonic() + 30
    while True:
        try:
            for other in client.list_collections():
                if other.startswith("side_"):
                    client.drop_collection(other)
            break
        except MilvusException as refusal:
            # A restore of its snapshot, which the kill interrupted, goes on.
            if refusal.code != SNAPSHOT_PINNED or time.monotonic() > deadline:
                raise
    if client.get_load_state(name)["state"].name != "Loaded":
        client.load_collection(name, timeout=60)
    try:
        if client.has_partition(name, "p"):
            client.release_partitions(name, ["p"])
            client.drop_partition(name, "p")
    except MilvusException:
        pass  # Gone in between.
