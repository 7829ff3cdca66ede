"""Partitions, aliases, databases, indexes, load and release, schema changes, statistics."""

import pytest
from pymilvus.grpc_gen import milvus_pb2
from pymilvus import DataType, MilvusClient, MilvusException

from harness.client import count, index_params, refused, simple_schema
from harness.wire import pairs, status_of

pytestmark = pytest.mark.core


def rows(numbers):
    return [{"id": i, "vector": [float(i)] * 8} for i in numbers]


# --- partitions ---


def test_partitions(client, simple):
    client.create_partition(simple, "p1")
    client.create_partition(simple, "p1")  # Again: no error.
    assert client.list_partitions(simple) == ["_default", "p1"]
    assert client.has_partition(simple, "p1") and not client.has_partition(simple, "p2")
    client.insert(simple, rows(range(5)), partition_name="p1")
    client.insert(simple, rows(range(5, 8)))
    assert count(client, simple, partition_names=["p1"]) == 5
    assert count(client, simple) == 8
    client.delete(simple, ids=[0, 5], partition_name="p1")
    assert count(client, simple) == 7
    client.flush(simple)
    assert int(client.get_partition_stats(simple, "_default")["row_count"]) == 3
    with refused("is loaded, please release it first"):
        client.drop_partition(simple, "p1")
    client.release_partitions(simple, ["p1"])
    with refused("partition not loaded"):
        count(client, simple, partition_names=["p1"])
    assert count(client, simple) == 3
    client.drop_partition(simple, "p1")
    client.drop_partition(simple, "p1")  # Gone already: no error.
    assert count(client, simple) == 3
    with refused("default partition cannot be deleted"):
        client.drop_partition(simple, "_default")
    with refused("partition not found", 200):
        client.insert(simple, rows([1]), partition_name="p1")


def test_partition_key_spreads_and_restricts(client, name):
    schema = simple_schema(client)
    schema.add_field("tenant", DataType.VARCHAR, max_length=20, is_partition_key=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong",
                             num_partitions=8)  # fmt: skip
    assert len(client.list_partitions(name)) == 8
    client.insert(name, [r | {"tenant": f"t{r['id'] % 5}"} for r in rows(range(100))])
    client.flush(name)
    hits = client.search(name, [[0.0] * 8], limit=100, filter='tenant == "t3"')[0]
    assert [h["id"] for h in hits] == list(range(3, 100, 5))
    assert client.delete(name, filter='tenant in ["t1", "t2"]')["delete_count"] == 40
    assert count(client, name) == 60
    with refused("partition key mode"):
        client.create_partition(name, "p")
    with refused("partition key mode"):
        client.insert(name, [rows([1])[0] | {"tenant": "t"}], partition_name="_default_0")


# --- aliases and databases ---


def test_aliases(client, simple, name):
    alias, other = name + "_a", name + "_b"
    client.create_collection(other, schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong")
    client.create_alias(simple, alias)
    client.create_alias(simple, alias)  # The same again: no error.
    client.insert(alias, rows(range(3)))
    assert count(client, alias) == 3
    assert client.describe_alias(alias)["collection_name"] == simple
    assert client.list_aliases(simple)["aliases"] == [alias]
    with refused("is alias to another collection", 1602):
        client.create_alias(other, alias)
    with refused("", 1601):
        client.create_alias(simple, other)
    with refused("cannot drop the collection via alias"):
        client.drop_collection(alias)
    with refused("associated aliases"):
        client.drop_collection(simple)
    client.alter_alias(other, alias)
    assert count(client, alias) == 0
    client.drop_alias(alias)
    client.drop_alias(alias)  # Gone already: no error.
    with refused("alias not found", 1600):
        client.describe_alias(alias)
    with refused("alias not found", 1600):
        client.alter_alias(other, alias)
    client.drop_collection(other)


def test_databases_keep_names_apart(client, server, name):
    database = "db_" + name[-20:]
    client.create_database(database, properties={"database.replica.number": "1"})
    assert database in client.list_databases() and "default" in client.list_databases()
    described = client.describe_database(database)
    assert described["name"] == database and described["database.replica.number"] == "1"
    with refused("database already exist"):
        client.create_database(database)
    inside = MilvusClient(server.uri, db_name=database)
    for one in (client, inside):
        one.create_collection(name, schema=simple_schema(one), index_params=index_params(one), consistency_level="Strong")
    inside.insert(name, rows(range(4)))
    assert count(inside, name) == 4 and count(client, name) == 0
    assert inside.list_collections() == [name]
    client.alter_database_properties(database, properties={"database.max.collections": "5"})
    assert client.describe_database(database)["database.max.collections"] == "5"
    with refused("must drop all collections before drop database"):
        client.drop_database(database)
    inside.drop_collection(name)
    client.drop_database(database)
    client.drop_database(database)  # Gone already: no error.
    assert database not in client.list_databases()
    with refused("default database"):
        client.drop_database("default")
    with pytest.raises(MilvusException) as caught:
        MilvusClient(server.uri, db_name=database).list_collections()  # Channels are shared: no Connect of its own.
    assert "database not found" in caught.value.message
    inside.close()


# --- indexes ---


def test_index_life(client, name):
    client.create_collection(name, schema=simple_schema(client), consistency_level="Strong")
    assert client.list_indexes(name) == []
    with refused("index not found", 700):
        client.load_collection(name)
    client.create_index(name, index_params(client, kind="HNSW", metric="COSINE", M=8, efConstruction=50))
    client.create_index(name, index_params(client, kind="HNSW", metric="COSINE", M=8, efConstruction=50))
    described = client.describe_index(name, "vector")
    assert described["index_type"] == "HNSW" and described["metric_type"] == "COSINE"
    assert (described["M"], described["efConstruction"]) == ("8", "50")
    assert described["field_name"] == described["index_name"] == "vector"
    assert described["state"] == "Finished" and int(described["total_rows"]) == 0
    with refused("at most one distinct index is allowed per field"):
        client.create_index(name, index_params(client, kind="FLAT", metric="L2"))
    client.insert(name, rows(range(1, 2001)))
    client.flush(name)
    client.load_collection(name)
    described = client.describe_index(name, "vector")
    assert int(described["total_rows"]) == 2000
    with refused("vector index cannot be dropped on loaded collection"):
        client.drop_index(name, "vector")
    client.release_collection(name)
    client.drop_index(name, "vector")
    client.drop_index(name, "vector")  # Gone already: no error.
    assert client.list_indexes(name) == []
    client.create_index(name, index_params(client, kind="FLAT", metric="L2"))
    client.load_collection(name)
    assert client.search(name, [[7.0] * 8], limit=1)[0][0]["id"] == 7


@pytest.mark.parametrize(
    "params, text",
    [
        (dict(index_type="NOPE", metric_type="L2"), "invalid index type"),
        (dict(index_type="hnsw", metric_type="L2"), "invalid index type"),
        (dict(index_type="HNSW"), "metric type not set for vector index"),
        (dict(index_type="HNSW", metric_type="HAMMING"), "float vector index does not support metric type"),
        (dict(index_type="HNSW", metric_type="L2", params='{"M": 1}'), "invalid index params"),
        (dict(index_type="HNSW", metric_type="L2", params='{"M": 5000}'), "invalid index params"),
        (dict(index_type="HNSW", metric_type="L2", M="x"), "invalid index params"),
        (dict(index_type="HNSW", metric_type="L2", efConstruction=0), "invalid index params"),
        (dict(index_type="BIN_FLAT", metric_type="L2"), "BIN_FLAT"),
        (dict(index_type="AUTOINDEX", metric_type="L2", M=16), "only metric type can be passed when use AutoIndex"),
    ],
)
def test_bad_index_parameters(client, wire, name, params, text):
    client.create_collection(name, schema=simple_schema(client))
    status = status_of(wire("CreateIndex", collection_name=name, field_name="vector", extra_params=pairs(**params)))
    assert status.code == 1100, status.reason
    assert text.lower() in status.reason.lower(), status.reason


def test_index_on_nothing(client, wire, name):
    client.create_collection(name, schema=simple_schema(client, dynamic=False))
    status = status_of(wire("CreateIndex", collection_name=name, field_name="zip", extra_params=pairs(index_type="FLAT", metric_type="L2")))
    assert status.code != 0 and "cannot create index on non-exist field: zip" in status.reason
    status = status_of(wire("DescribeIndex", collection_name=name))
    assert (status.code, status.error_code) == (700, 25)


def test_scalar_fields_take_an_index_without_parameters(client, simple):
    params = client.prepare_index_params()
    params.add_index(field_name="id", index_name="by_key")
    client.create_index(simple, params)
    assert set(client.list_indexes(simple)) == {"vector", "by_key"}


# --- load and release ---


def test_load_states(client, name):
    client.create_collection(name, schema=simple_schema(client), consistency_level="Strong")
    client.create_index(name, index_params(client))
    assert client.get_load_state(name)["state"].name == "NotLoad"
    assert client.get_load_state("absent_" + name[:30])["state"].name == "NotExist"
    client.insert(name, rows(range(10)))
    client.load_collection(name)
    client.load_collection(name)  # Again: no error.
    assert client.get_load_state(name)["state"].name == "Loaded"
    assert count(client, name) == 10
    client.refresh_load(name)
    client.release_collection(name)
    client.release_collection(name)
    with refused("collection not loaded", 101):
        count(client, name)
    client.insert(name, rows(range(10, 20)))
    client.load_collection(name)
    assert count(client, name) == 20


def test_load_of_some_fields(client, name):
    schema = simple_schema(client, dynamic=False)
    schema.add_field("a", DataType.INT64)
    schema.add_field("b", DataType.INT64)
    client.create_collection(name, schema=schema, consistency_level="Strong")
    client.create_index(name, index_params(client))
    client.insert(name, [r | {"a": 1, "b": 2} for r in rows(range(5))])
    client.load_collection(name, load_fields=["id", "vector", "a"])
    assert client.query(name, filter="id == 1", output_fields=["a"]) == [{"id": 1, "a": 1}]
    with pytest.raises(MilvusException):
        client.load_collection(name, load_fields=["a"])


# --- changes on a live collection ---


def test_add_field_to_a_live_collection(client, simple):
    client.insert(simple, rows(range(5)))
    client.flush(simple)
    client.insert(simple, rows(range(5, 8)))
    client.add_collection_field(simple, "grade", DataType.INT64, nullable=True)
    client.add_collection_field(simple, "word", DataType.VARCHAR, max_length=10, nullable=True, default_value="old")
    client.insert(simple, [{"id": 9, "vector": [9.0] * 8, "grade": 3, "word": "new"}])
    found = client.query(simple, filter="id >= 0", output_fields=["grade", "word"])
    assert [(r["id"], r["grade"], r["word"]) for r in found] == [*[(i, None, "old") for i in range(8)], (9, 3, "new")]
    assert [r["id"] for r in client.query(simple, filter="grade is null")] == list(range(8))
    assert [r["id"] for r in client.query(simple, filter='word == "new"')] == [9]
    with refused("must be nullable"):
        client.add_collection_field(simple, "strict", DataType.INT64)
    with refused("duplicate field name"):
        client.add_collection_field(simple, "grade", DataType.INT64, nullable=True)


def test_alter_properties(client, simple):
    client.alter_collection_properties(simple, properties={"collection.ttl.seconds": "1800", "my.key": "x"})
    properties = client.describe_collection(simple)["properties"]
    assert properties["collection.ttl.seconds"] == "1800" and properties["my.key"] == "x"
    client.drop_collection_properties(simple, property_keys=["my.key"])
    assert "my.key" not in client.describe_collection(simple)["properties"]
    with refused("can not alter mmap properties if collection loaded", 104):
        client.alter_collection_properties(simple, properties={"mmap.enabled": "true"})
    client.release_collection(simple)
    client.alter_collection_properties(simple, properties={"mmap.enabled": "true"})


def test_switch_dynamic_field_on(client, name):
    client.create_collection(name, schema=simple_schema(client, dynamic=False), index_params=index_params(client),
                             consistency_level="Strong")  # fmt: skip
    client.insert(name, rows([1]))
    client.alter_collection_properties(name, properties={"dynamicfield.enabled": "true"})
    fresh = client.describe_collection(name)
    assert fresh["enable_dynamic_field"] is True
    client.insert(name, [{"id": 2, "vector": [2.0] * 8, "color": "red"}])
    assert [r["id"] for r in client.query(name, filter='color == "red"')] == [2]


def test_alter_field_length(client, name):
    schema = simple_schema(client)
    schema.add_field("t", DataType.VARCHAR, max_length=4)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    with refused("exceeds max length"):
        client.insert(name, [rows([1])[0] | {"t": "longer"}])
    client.alter_collection_field(name, "t", {"max_length": 10})
    client.insert(name, [rows([1])[0] | {"t": "longer"}])
    assert client.query(name, filter="id == 1", output_fields=["t"])[0]["t"] == "longer"


# --- flush and statistics ---


def test_flush_makes_statistics_complete(client, simple):
    client.insert(simple, rows(range(300)))
    client.flush(simple)
    assert int(client.get_collection_stats(simple)["row_count"]) == 300
    segments = client.list_persistent_segments(simple)
    assert sum(s.num_rows for s in segments) == 300


def test_flush_all_and_server_facts(client, wire, simple):
    client.insert(simple, rows(range(3)))
    answer = wire("FlushAll")
    assert answer.status.code == 0 and answer.flush_all_ts > 0
    assert wire("GetFlushAllState", flush_all_ts=answer.flush_all_ts).flushed
    health = wire("CheckHealth")
    assert health.isHealthy and health.status.code == 0
    import json

    metrics = wire("GetMetrics", milvus_pb2.GetMetricsRequest(request='{"metric_type": "system_info"}'))
    assert json.loads(metrics.response)["nodes_info"]
    assert client.get_server_version()


def test_compaction_with_nothing_to_do_is_complete(wire, client, simple):
    started = wire("ManualCompaction", collection_name=simple)
    assert started.status.code == 0
    state = wire("GetCompactionState", compactionID=started.compactionID)
    assert state.status.code == 0 and state.state == 2


def test_replicas_of_what_is_loaded(client, wire, simple):
    collection_id = client.describe_collection(simple)["collection_id"]
    (replica,) = wire("GetReplicas", collectionID=collection_id, with_shard_nodes=True).replicas
    assert replica.collectionID == collection_id and replica.node_ids
    client.release_collection(simple)
    assert not wire("GetReplicas", collectionID=collection_id, with_shard_nodes=True).replicas
