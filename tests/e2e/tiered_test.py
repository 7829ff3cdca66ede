"""Collections in an S3 store of which only a part is here: tiers, budgets, restarts, a store that is away."""

import itertools

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from s3_fixtures import connect, environment, one_store, wait_until  # noqa: F401 (one_store is a fixture)

from harness.fault_proxy import Fault, FaultProxy
from harness.server import Server, run_command

ROOTS = itertools.count(1)
DIM, ROWS, BATCH, EXTRA = 128, 12_000, 3_000, 6
VECTORS = np.random.default_rng(5).standard_normal((ROWS, DIM)).astype(np.float32)  # 6 MB.
TIGHT = {
    "QUERYNODE_SEGCORE_TIEREDSTORAGE_EVICTIONENABLED": "true",
    "QUERYNODE_MMAP_VECTORFIELD": "false",
    "ELANUS_CACHE_MEMORY": "3m",
}


@pytest.fixture
def proxy(one_store):  # noqa: F811
    with FaultProxy(one_store.address) as running:
        yield running


def start(proxy, tmp_path, **more):
    root = f"tiered/{next(ROOTS)}"
    return Server(tmp_path / "data", env=environment(proxy.address, MINIO_ROOTPATH=root, **more))


def text_of(i: int) -> str:
    return f"text {i} " + "abcdefghij"[i % 10] * 20


def make(client: MilvusClient, name: str, warm: str = "disable", index: str = "FLAT") -> None:
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("number", DataType.INT64)
    schema.add_field("text", DataType.VARCHAR, max_length=100)
    for i in range(EXTRA):
        schema.add_field(f"extra{i}", DataType.DOUBLE)
    params = client.prepare_index_params()
    params.add_index("vector", index_type=index, metric_type="L2", params={"M": 8, "efConstruction": 60})
    keys = ("scalarField", "scalarIndex", "vectorField", "vectorIndex")
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong",
                             properties={f"warmup.{key}": warm for key in keys})  # fmt: skip
    extra = np.random.default_rng(6).standard_normal((ROWS, EXTRA))
    for begin in range(0, ROWS, BATCH):
        for part in range(begin, begin + BATCH, 1000):
            client.insert(name, [
                {"id": i, "vector": VECTORS[i], "number": i * 3, "text": text_of(i)}
                | {f"extra{e}": extra[i, e] for e in range(EXTRA)}
                for i in range(part, part + 1000)
            ])  # fmt: skip
        client.flush(name)


def reload(client, name="c"):
    client.release_collection(name)
    client.load_collection(name)


def total(server, family, **labels) -> float:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(value for series, value in server.metrics().items()
               if series.startswith(family + "{") and all(label in series for label in wanted))  # fmt: skip


def answers(client, name="c"):
    """Searches and queries of every kind, as one comparable value."""
    rng = np.random.default_rng(9)
    out = []
    for _ in range(5):
        query = rng.standard_normal(DIM).astype(np.float32)
        below = int(rng.integers(100, 3 * ROWS))
        for filter_text in ("", f"number < {below}", 'text like "%aaaa%"'):
            hits = client.search(name, [query], limit=10, filter=filter_text, output_fields=["text", "extra2"],
                                 search_params={"params": {"ef": 300}})[0]  # fmt: skip
            out.append([(hit["id"], round(hit["distance"], 3), hit["entity"]["text"]) for hit in hits])
        rows = client.query(name, filter=f"number > {below}", output_fields=["vector", "number"], limit=7)
        out.append([(row["id"], row["number"], tuple(np.float32(row["vector"][:3]))) for row in rows])
    out.append(client.query(name, filter="number % 2 == 0", output_fields=["count(*)"]))
    out.append([row["id"] for row in client.query(name, filter="id in [5, 3007, 11999]", output_fields=["text"])])
    return out


def test_a_collection_larger_than_its_budget_answers_as_if_all_of_it_were_here(proxy, tmp_path):
    with start(proxy, tmp_path, **TIGHT) as server:
        client = connect(server)
        make(client, "c")
        reload(client)
        assert total(server, "elanus_cache_resident_bytes", tier="memory") == 0
        answers(client)
        assert total(server, "elanus_cache_resident_bytes", tier="memory") <= 3 << 20
        assert total(server, "elanus_cache_evicted_bytes_total", tier="memory") > 0
        nearest = client.search("c", VECTORS[::1500], limit=1)
        assert [hits[0]["id"] for hits in nearest] == list(range(0, ROWS, 1500))
        client.delete("c", ids=list(range(0, 100)))
        assert client.query("c", output_fields=["count(*)"])[0]["count(*)"] == ROWS - 100
        shown = run_command("inspect", "cache", env=server.env | {"METRICS_PORT": str(server.http_port)})
        assert '"tier": "memory"' in shown.stdout and "insert_log/" in shown.stdout, shown
        client.close()


@pytest.mark.parametrize("index", ["FLAT", "HNSW"])
@pytest.mark.parametrize("mapped", ["true", "false"])
def test_answers_are_those_of_a_full_load(proxy, tmp_path, index, mapped):
    tiers = {
        "QUERYNODE_SEGCORE_TIEREDSTORAGE_EVICTIONENABLED": "true",
        "QUERYNODE_MMAP_VECTORFIELD": mapped,
        "ELANUS_CACHE_MEMORY": "6m",
        "ELANUS_CACHE_DISK": "4m",
    }
    with start(proxy, tmp_path, **tiers) as server:
        client = connect(server)
        make(client, "full", warm="sync", index=index)
        make(client, "c", index=index)
        if index == "HNSW":
            for name in ("full", "c"):
                wait_until(lambda name=name: int(client.describe_index(name, "vector")["pending_index_rows"]) == 0)
        expected = answers(client, "full")
        client.release_collection("full")
        reload(client)
        assert answers(client) == expected
        assert total(server, "elanus_cache_resident_bytes", tier="disk") <= 4 << 20
        client.close()


def test_only_the_blocks_of_the_columns_that_a_query_names_are_fetched(proxy, tmp_path):
    with start(proxy, tmp_path, **TIGHT) as server:
        client = connect(server)
        make(client, "c")
        reload(client)
        before = total(server, "elanus_cache_fetched_bytes_total")
        # Nothing for what zones settle.
        rows = client.query("c", filter="number >= 0 and extra1 > -100 and extra3 > -100", output_fields=["count(*)"])
        assert rows[0]["count(*)"] == ROWS
        assert total(server, "elanus_cache_fetched_bytes_total") == before
        rows = client.query("c", filter="number % 3 == 0 and extra1 > -1 and extra3 > -1", output_fields=["count(*)"])
        extra = np.random.default_rng(6).standard_normal((ROWS, EXTRA))
        assert rows[0]["count(*)"] == np.count_nonzero((extra[:, 1] > -1) & (extra[:, 3] > -1))
        fetched = total(server, "elanus_cache_fetched_bytes_total") - before
        # Doubles do not compress; numbers do.
        assert 2 * 8 * ROWS < fetched < 1.1 * 3 * 8 * ROWS
        # Output fields come for the rows that won.
        before = total(server, "elanus_cache_fetched_bytes_total", kind="vector_field")
        assert len(client.query("c", filter="id == 5", output_fields=["vector"])) == 1
        fetched = total(server, "elanus_cache_fetched_bytes_total", kind="vector_field") - before
        assert 0 < fetched <= 1 << 20
        client.close()


def test_a_filter_that_an_index_answers_brings_no_column(proxy, tmp_path):
    with start(proxy, tmp_path) as server:
        client = connect(server)
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
        schema.add_field("number", DataType.INT64)
        schema.add_field("text", DataType.VARCHAR, max_length=200, enable_analyzer=True, enable_match=True)
        params = client.prepare_index_params()
        params.add_index("vector", index_type="FLAT", metric_type="L2")
        params.add_index("number", index_type="STL_SORT")
        keys = ("scalarField", "scalarIndex", "vectorField", "vectorIndex")
        client.create_collection("c", schema=schema, index_params=params, consistency_level="Strong",
                                 properties={f"warmup.{key}": "disable" for key in keys})  # fmt: skip
        for begin in range(0, ROWS, 2000):
            client.insert("c", [{"id": i, "vector": [i, 0], "number": (i * 7919) % 100_000, "text": text_of(i)}
                                for i in range(begin, begin + 2000)])  # fmt: skip
        client.flush("c")
        wait_until(lambda: int(client.describe_index("c", "number")["pending_index_rows"]) == 0)
        filters = {
            "number == 7919": [1], "number in [15838, 23757]": [2, 3], "number < 30": None,
            'text_match(text, "4711")': [4711], 'phrase_match(text, "text 17")': [17], "number == 7919 and text like '%b%'": [1],
        }  # fmt: skip
        found = {f: sorted(row["id"] for row in client.query("c", filter=f, output_fields=["id"])) for f in filters}
        assert all(found[f] == rows for f, rows in filters.items() if rows is not None), found

        def uses_index_of_words() -> bool:
            client.query("c", filter='text_match(text, "4712")', output_fields=["id"])
            shown = run_command("inspect", "cache", env=server.env | {"METRICS_PORT": str(server.http_port)})
            return "TEXT_MATCH" in shown.stdout

        wait_until(uses_index_of_words)
        client.close()
        server.stop()
        for path in (tmp_path / "data").rglob("*.cells"):
            path.unlink()
        server.start()
        client = connect(server)
        assert len(client.query("c", filter="id == 5")) == 1  # Loaded, which brings keys and footers.
        fetched = {}
        for f in filters:
            before = total(server, "elanus_cache_fetched_bytes_total", kind="scalar_field")
            assert sorted(row["id"] for row in client.query("c", filter=f, output_fields=["id"])) == found[f]
            fetched[f] = total(server, "elanus_cache_fetched_bytes_total", kind="scalar_field") - before
        assert total(server, "elanus_cache_fetched_bytes_total", kind="scalar_index") > 0
        *by_index, partly = fetched.values()
        assert by_index == [0] * len(by_index), fetched
        assert partly > 0
        client.close()


def test_a_load_reads_nothing_and_a_search_only_the_partition_it_names(proxy, tmp_path):
    with start(proxy, tmp_path) as server:
        client = connect(server)
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
        params = client.prepare_index_params()
        params.add_index("vector", index_type="FLAT", metric_type="L2")
        keys = ("scalarField", "scalarIndex", "vectorField", "vectorIndex")
        client.create_collection("p", schema=schema, index_params=params, consistency_level="Strong",
                                 properties={f"warmup.{key}": "disable" for key in keys})  # fmt: skip
        for p in range(3):
            client.create_partition("p", f"p{p}")
            client.insert("p", [{"id": i, "vector": VECTORS[i]} for i in range(p, 3000, 3)], partition_name=f"p{p}")
        client.flush("p")
        client.delete("p", ids=[4])
        client.flush("p")
        client.release_collection("p")
        before = proxy.requests
        client.load_collection("p")
        assert proxy.requests == before
        client.delete("p", ids=[7])  # Of a segment that is not open.
        assert client.search("p", [VECTORS[3]], limit=1, partition_names=["p0"])[0][0]["id"] == 3
        objects = proxy.requests - before
        assert objects > 0
        hits = client.search("p", [VECTORS[4], VECTORS[7], VECTORS[10]], limit=1, partition_names=["p1"])
        assert [found[0]["id"] for found in hits][2] == 10 and not {found[0]["id"] for found in hits} & {4, 7}
        # Those that were not read are counted, too, and a store that is away is named.
        proxy.fault = lambda request: Fault("reset")
        assert client.search("p", [VECTORS[3]], limit=1, partition_names=["p0"])[0][0]["id"] == 3
        with pytest.raises(MilvusException, match="object store"):
            client.query("p", output_fields=["count(*)"], timeout=20)
        proxy.heal()
        assert client.query("p", output_fields=["count(*)"])[0]["count(*)"] == 2998
        client.close()


def test_segments_that_were_never_read_are_merged(proxy, tmp_path):
    with start(proxy, tmp_path) as server:
        client = connect(server)
        make(client, "c")
        client.delete("c", ids=list(range(0, 2000)))
        client.flush("c")
        reload(client)
        job = client.compact("c")
        wait_until(lambda: client.get_compaction_state(job) == "Completed")
        assert client.query("c", output_fields=["count(*)"])[0]["count(*)"] == ROWS - 2000
        assert client.search("c", [VECTORS[5000]], limit=1)[0][0]["id"] == 5000
        client.close()


def test_what_is_here_serves_while_the_store_is_down(proxy, tmp_path):
    with start(proxy, tmp_path) as server:
        client = connect(server)
        make(client, "c")
        reload(client)
        query = [VECTORS[17]]
        assert client.search("c", query, limit=1)[0][0]["id"] == 17
        proxy.fault = lambda request: Fault("reset")
        assert client.search("c", query, limit=1)[0][0]["id"] == 17
        with pytest.raises(MilvusException, match="object store"):
            client.query("c", filter="extra0 > 0", output_fields=["count(*)"], timeout=20)
        proxy.heal()
        assert client.query("c", filter="extra0 > 100", output_fields=["count(*)"])[0]["count(*)"] == 0
        client.close()


def test_a_restart_uses_what_is_on_disk(proxy, tmp_path):
    with start(proxy, tmp_path) as server:
        client = connect(server)
        make(client, "c", index="HNSW")
        wait_until(lambda: int(client.describe_index("c", "vector")["pending_index_rows"]) == 0)
        expected = answers(client)
        client.close()
        server.restart(kill=True)
        client = connect(server)
        assert answers(client) == expected
        assert total(server, "elanus_cache_fetched_bytes_total") == 0
        # Damaged meanwhile: noticed, fetched again.
        client.close()
        server.kill()
        for path in (tmp_path / "data").rglob("*.cells"):
            data = bytearray(path.read_bytes())
            data[len(data) // 3] ^= 1
            path.write_bytes(data)
        server.start()
        client = connect(server)
        assert answers(client) == expected
        assert total(server, "elanus_cache_fetched_bytes_total") > 0
        client.release_collection("c")
        wait_until(lambda: not list((tmp_path / "data").rglob("*.cells")), what="released files are gone")
        assert total(server, "elanus_cache_resident_bytes") == 0
        client.close()


def test_more_than_the_budget_at_once_is_refused_in_words(proxy, tmp_path):
    with start(proxy, tmp_path, ELANUS_CACHE_MEMORY="16k",
               QUERYNODE_SEGCORE_TIEREDSTORAGE_EVICTIONENABLED="true") as server:  # fmt: skip
        client = connect(server)
        make(client, "c")
        reload(client)
        with pytest.raises(MilvusException, match="elanus.cache.memory"):
            client.query("c", filter="extra0 > 0", output_fields=["count(*)"], timeout=20)
        assert client.search("c", [VECTORS[3]], limit=1)[0][0]["id"] == 3  # Vectors are mapped from disk.
        client.close()


def test_a_filter_on_the_clustering_key_opens_only_the_segments_that_it_allows(proxy, tmp_path):
    with start(proxy, tmp_path, QUERYNODE_ENABLESEGMENTPRUNE="true") as server:
        client = connect(server)
        schema = client.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_clustering_key=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
        params = client.prepare_index_params()
        params.add_index("vector", index_type="FLAT", metric_type="L2")
        keys = ("scalarField", "scalarIndex", "vectorField", "vectorIndex")
        client.create_collection("c", schema=schema, index_params=params, consistency_level="Strong",
                                 properties={f"warmup.{key}": "disable" for key in keys})  # fmt: skip
        tenants = [f"t{i:03}" for i in np.random.default_rng(3).integers(100, size=ROWS)]
        for begin in range(0, ROWS, 1000):
            client.insert("c", [{"id": i, "tenant": tenants[i], "vector": VECTORS[i]} for i in range(begin, begin + 1000)])
        client.flush("c")
        job = client.compact("c", is_clustering=True, target_size=1)
        wait_until(lambda: client.get_compaction_state(job) == "Completed")
        reload(client)

        def opened():
            return sum(segment.mem_size > 0 for segment in client.list_loaded_segments("c"))

        everything = len(client.list_loaded_segments("c"))
        assert everything >= 5 and opened() == 0
        found = client.query("c", filter="tenant == 't042'", output_fields=["id"])
        expected = {i for i in range(ROWS) if tenants[i] == "t042"}
        assert {row["id"] for row in found} == expected
        assert 1 <= opened() <= 2
        before = opened()
        hits = client.search("c", VECTORS[:1], limit=ROWS, filter="tenant in ['t042', 'nobody']")[0]
        assert {hit["id"] for hit in hits} == expected and opened() == before
        assert client.query("c", filter="tenant == 'zzz'", output_fields=["count(*)"])[0]["count(*)"] == 0
        client.delete("c", filter="tenant == 't042'")
        assert opened() == before
        assert not client.query("c", filter="tenant == 't042'", output_fields=["id"])
        assert client.query("c", filter="", output_fields=["count(*)"])[0]["count(*)"] == ROWS - len(expected)
        assert opened() == everything
        client.close()
