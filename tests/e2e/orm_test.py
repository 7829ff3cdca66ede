"""The older, object style of pymilvus, as scripts and guides use it."""

import pytest
from harness.client import plain
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, Partition, connections, utility

pytestmark = pytest.mark.core


@pytest.fixture(scope="module")
def connected(server):
    connections.connect("orm", host="127.0.0.1", port=str(server.port))
    yield "orm"
    connections.disconnect("orm")


@pytest.fixture
def collection(connected, name):
    schema = CollectionSchema([
        FieldSchema("id", DataType.INT64, is_primary=True),
        FieldSchema("word", DataType.VARCHAR, max_length=50),
        FieldSchema("vector", DataType.FLOAT_VECTOR, dim=4),
    ], description="orm", enable_dynamic_field=True)  # fmt: skip
    return Collection(name, schema, using=connected, consistency_level="Strong")


def columns(begin, end):
    return [list(range(begin, end)), [f"w{i}" for i in range(begin, end)], [[float(i)] * 4 for i in range(begin, end)]]


def test_the_whole_walk(collection, connected, name):
    assert utility.has_collection(name, using=connected)
    assert name in utility.list_collections(using=connected)
    assert utility.get_server_version(using=connected)
    result = collection.insert(columns(0, 100))
    assert result.insert_count == 100 and result.primary_keys == list(range(100))
    collection.flush()
    assert collection.num_entities == 100
    collection.create_index("vector", {"index_type": "HNSW", "metric_type": "L2", "params": {"M": 8, "efConstruction": 64}})
    assert collection.has_index()
    assert collection.index().params["index_type"] == "HNSW"
    assert utility.index_building_progress(name, using=connected)["pending_index_rows"] == 0
    collection.load()
    assert utility.loading_progress(name, using=connected)["loading_progress"] == "100%"
    hits = collection.search([[5.0] * 4], "vector", {"metric_type": "L2", "params": {"ef": 32}}, limit=3,
                             expr='word != "w5"', output_fields=["word"])[0]  # fmt: skip
    assert hits.ids == [4, 6, 3] or hits.ids == [4, 6, 7]
    assert hits[0].entity.get("word") == "w4"
    assert collection.query("id in [1, 2]", output_fields=["word"]) == [{"id": 1, "word": "w1"}, {"id": 2, "word": "w2"}]
    collection.upsert([[1], ["changed"], [[1.0] * 4]])
    assert collection.query("id == 1", output_fields=["word"])[0]["word"] == "changed"
    collection.delete("id in [2]")
    assert collection.query("id == 2") == []
    assert collection.query("", output_fields=["count(*)"])[0]["count(*)"] == 99
    collection.release()
    collection.drop_index()
    assert not collection.has_index()
    collection.drop()
    assert not utility.has_collection(name, using=connected)


def test_partitions_and_aliases(collection, connected, name):
    partition = Partition(collection, "p")
    assert collection.has_partition("p") and {p.name for p in collection.partitions} == {"_default", "p"}
    partition.insert(columns(0, 10))
    partition.flush()
    assert partition.num_entities == 10
    utility.create_alias(name, name + "_alias", using=connected)
    assert Collection(name + "_alias", using=connected).schema == collection.schema
    assert utility.list_aliases(name, using=connected) == [name + "_alias"]
    utility.drop_alias(name + "_alias", using=connected)


def test_iterating_over_rows(collection):
    collection.insert(columns(0, 500))
    collection.create_index("vector", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    collection.load()
    iterator = collection.query_iterator(batch_size=60, expr="id >= 10", output_fields=["word"])
    seen = []
    while batch := iterator.next():
        seen += [row["id"] for row in batch]
    iterator.close()
    assert seen == list(range(10, 500))


def test_two_rows_of_dictionaries_with_dynamic_keys(collection):
    collection.insert([{"id": 1, "word": "a", "vector": [0.0] * 4, "more": {"x": 1}}])
    collection.create_index("vector", {"index_type": "AUTOINDEX", "metric_type": "COSINE", "params": {}})
    collection.load()
    assert plain(collection.query('more["x"] == 1', output_fields=["more"])) == [{"id": 1, "more": {"x": 1}}]
