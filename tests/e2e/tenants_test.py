"""Tenants of a collection with partition-key isolation: their rows lie together, and so do parts of the index."""

import itertools

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from s3_fixtures import connect, environment, one_store, wait_until  # noqa: F401 (one_store is a fixture)

from harness.server import Server

ROOTS = itertools.count(1)
DIM, BATCHES = 64, 3
# Three that are large enough for a part of their own, and many that are not.
SIZES = {"alpha": 3000, "kappa": 2400, "omega": 1800} | {f"t{i:02}": 30 + i for i in range(40)}
TENANTS = np.random.default_rng(1).permutation([tenant for tenant, size in SIZES.items() for _ in range(size)])
ROWS = len(TENANTS)
VECTORS = np.random.default_rng(2).standard_normal((ROWS, DIM)).astype(np.float32)
KEYS = np.random.default_rng(3).permutation(ROWS)  # Of the rows: tenants and keys come in no common order.


def create(client: MilvusClient, isolated: bool = True, index: str = "HNSW", **index_more) -> None:
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_partition_key=True)
    schema.add_field("number", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    params = client.prepare_index_params()
    build = {"M": 12, "efConstruction": 120} if index == "HNSW" else {"nlist": 16}
    params.add_index("vector", index_type=index, metric_type="L2", params=build, **index_more)
    keys = ("scalarField", "scalarIndex", "vectorField", "vectorIndex")
    client.create_collection(
        "c", schema=schema, index_params=params, consistency_level="Strong", num_partitions=1,
        properties={f"warmup.{key}": "disable" for key in keys}
        | {"partitionkey.isolation": "true" if isolated else "false"},
    )  # fmt: skip


def rows_of(numbers):
    return [{"id": int(KEYS[i]), "tenant": str(TENANTS[i]), "number": int(i), "vector": VECTORS[i]} for i in numbers]


def fill(client: MilvusClient) -> None:
    for batch in range(BATCHES):
        numbers = range(batch, ROWS, BATCHES)
        for begin in range(0, len(numbers), 1000):
            client.insert("c", rows_of(numbers[begin : begin + 1000]))
        client.flush("c")


def merge(client: MilvusClient) -> None:
    job = client.compact("c")
    wait_until(lambda: client.get_compaction_state(job) == "Completed")
    wait_until(lambda: int(client.describe_index("c", "vector")["pending_index_rows"]) == 0)


def exact(tenant: str, query, limit: int, alive) -> list[int]:
    rows = np.flatnonzero((TENANTS == tenant) & alive)
    nearest = rows[np.argsort(((VECTORS[rows] - query) ** 2).sum(1), kind="stable")[:limit]]
    return [int(KEYS[row]) for row in nearest]


def check(client: MilvusClient, alive) -> None:
    """Searches of tenants, pages of queries and counts are those of the rows that are alive."""
    queries = np.random.default_rng(4).standard_normal((4, DIM)).astype(np.float32)
    for tenant in ("alpha", "kappa", "omega", "t00", "t17", "t39"):
        hits = client.search("c", queries, limit=10, filter=f"tenant == '{tenant}'",
                             search_params={"params": {"ef": 300, "nprobe": 16}})  # fmt: skip
        found = expected = 0
        for query, near in zip(queries, hits, strict=True):
            best = exact(tenant, query, 10, alive)
            assert len(near) == len(best)
            found += len({hit["id"] for hit in near} & set(best))
            expected += len(best)
        assert found >= 0.95 * expected, (tenant, found, expected)
        count = client.query("c", filter=f"tenant == '{tenant}'", output_fields=["count(*)"])[0]["count(*)"]
        assert count == np.count_nonzero((TENANTS == tenant) & alive)
        page = client.query("c", filter=f"tenant == '{tenant}'", limit=20, offset=3, output_fields=["number"])
        assert [row["id"] for row in page] == sorted(int(key) for key in KEYS[(TENANTS == tenant) & alive])[3:23]
    ids = sorted(int(key) for key in KEYS[alive])
    assert client.query("c", output_fields=["count(*)"])[0]["count(*)"] == len(ids)
    page = client.query("c", filter="number >= 0", limit=50, offset=1000, output_fields=["number"])
    assert [row["id"] for row in page] == ids[1000:1050]
    assert all(KEYS[row["number"]] == row["id"] for row in page)
    pages = client.query_iterator("c", filter="number < 2000", batch_size=700, output_fields=["tenant"])
    seen = []
    while batch := pages.next():
        seen += [row["id"] for row in batch]
    assert seen == sorted(int(key) for key, lives in zip(KEYS[:2000], alive[:2000], strict=True) if lives)


def total(server: Server, family: str, **labels) -> float:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(value for series, value in server.metrics().items()
               if series.startswith(family + "{") and all(label in series for label in wanted))  # fmt: skip


def change(client: MilvusClient, alive) -> None:
    """Deletes by key and by tenant, and rows written anew."""
    client.delete("c", ids=[int(key) for key in KEYS[:300]])
    alive[:300] = False
    client.delete("c", filter="tenant == 't17'")
    alive[TENANTS == "t17"] = False
    client.upsert("c", rows_of(range(100, 200)))
    alive[100:200] = True


def test_a_search_of_one_tenant_brings_its_part_of_the_index_and_no_other(one_store, tmp_path):  # noqa: F811
    env = environment(
        one_store.address, MINIO_ROOTPATH=f"tenants/{next(ROOTS)}",
        QUERYNODE_SEGCORE_TIEREDSTORAGE_EVICTIONENABLED="true", QUERYNODE_MMAP_VECTORFIELD="false",
        DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION="false",
    )  # fmt: skip
    alive = np.ones(ROWS, dtype=bool)
    with Server(tmp_path / "data", env=env) as server:
        client = connect(server)
        create(client)
        fill(client)
        merge(client)
        client.release_collection("c")
        client.load_collection("c")

        def here():
            return total(server, "elanus_cache_resident_bytes", tier="memory", kind="vector_index")

        def ask(tenant):
            return client.search("c", VECTORS[:1], limit=5, filter=f"tenant == '{tenant}'")

        assert here() == 0
        shown = []
        for tenant in ("omega", "alpha", "alpha", "t05", "t06", "kappa"):
            ask(tenant)
            shown.append(here())
        omega, both, again, small, small_again, everything = shown
        assert 0 < omega < everything / 3
        assert omega < both == again < small
        assert small - both < everything / 4
        assert small_again <= everything / 1.3
        check(client, alive)
        change(client, alive)
        check(client, alive)
        client.close()
        server.kill()
        server.start()
        client = connect(server)
        check(client, alive)
        client.flush("c")
        merge(client)
        check(client, alive)
        client.close()


@pytest.mark.parametrize("index", ["HNSW", "IVF_SQ8"])
def test_tenants_that_are_isolated_later_and_not_any_more(tmp_path, index):
    """Segments in both orders, merged into the one that the collection asks for now; parts that are mapped."""
    alive = np.ones(ROWS, dtype=bool)
    with Server(tmp_path / "data", env={"DATACOORD_COMPACTION_ENABLEAUTOCOMPACTION": "false"}) as server:
        client = connect(server)
        create(client, isolated=False, index=index)
        client.load_collection("c")
        fill(client)
        check(client, alive)
        for isolated in ("true", "false"):
            client.release_collection("c")
            client.drop_index("c", "vector")
            client.alter_collection_properties("c", {"partitionkey.isolation": isolated})
            client.insert("c", rows_of(range(50)))  # Again: the newest counts.
            client.delete("c", ids=[int(key) for key in KEYS[:50]])
            client.insert("c", rows_of(range(50)))
            params = client.prepare_index_params()
            build = {"M": 12, "efConstruction": 120} if index == "HNSW" else {"nlist": 16}
            params.add_index("vector", index_type=index, metric_type="L2", params=build,
                             **({"mmap.enabled": "true"} if index != "HNSW" else {}))  # fmt: skip
            client.create_index("c", params)
            client.load_collection("c")
            client.flush("c")
            merge(client)
            check(client, alive)
        change(client, alive)
        client.close()
        server.kill()
        server.start()
        client = connect(server)
        check(client, alive)
        client.close()
