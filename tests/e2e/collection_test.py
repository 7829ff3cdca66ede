"""Collections: create, describe, list, rename, drop, and the limits of their schemas."""

import pytest
from pymilvus import DataType, MilvusClient

from harness.client import index_params, refused, simple_schema

pytestmark = pytest.mark.core


def test_quick_form_creates_indexes_and_loads(client, name):
    client.create_collection(name, dimension=8)
    described = client.describe_collection(name)
    assert [f["name"] for f in described["fields"]] == ["id", "vector"]
    assert described["enable_dynamic_field"] is True
    assert described["consistency_level"] == 2
    assert client.list_indexes(name) == ["vector"]
    assert client.describe_index(name, "vector")["index_type"] == "AUTOINDEX"
    assert client.describe_index(name, "vector")["metric_type"] == "COSINE"
    assert client.get_load_state(name)["state"].name == "Loaded"


def test_describe_returns_what_was_asked_for(client, name):
    schema = client.create_schema(enable_dynamic_field=True, description="things")
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=100, description="the key")
    schema.add_field("flag", DataType.BOOL, nullable=True)
    schema.add_field("count", DataType.INT32, default_value=7)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=9, max_length=30)
    schema.add_field("extra", DataType.JSON)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=12)
    client.create_collection(name, schema=schema, num_shards=2, consistency_level="Session",
                             properties={"collection.ttl.seconds": "3600"})  # fmt: skip
    described = client.describe_collection(name)
    fields = {f["name"]: f for f in described["fields"]}
    assert list(fields) == ["key", "flag", "count", "tags", "extra", "vector"]  # $meta stays hidden.
    assert fields["key"]["is_primary"] and fields["key"]["params"]["max_length"] == 100
    assert fields["key"]["description"] == "the key"
    assert fields["flag"]["nullable"] is True
    assert fields["count"]["default_value"].int_data == 7
    assert fields["tags"]["element_type"] == DataType.VARCHAR
    assert fields["tags"]["params"]["max_capacity"] == 9
    assert fields["vector"]["params"]["dim"] == 12
    assert [f["field_id"] for f in described["fields"]] == list(range(100, 106))
    assert described["description"] == "things"
    assert described["num_shards"] == 2
    assert described["consistency_level"] == 1
    assert described["properties"]["collection.ttl.seconds"] == "3600"
    assert described["num_partitions"] == 1


def test_create_again_with_the_same_definition_changes_nothing(client, name):
    client.create_collection(name, schema=simple_schema(client))
    first = client.describe_collection(name)["collection_id"]
    client.create_collection(name, schema=simple_schema(client))
    assert client.describe_collection(name)["collection_id"] == first
    with refused("create duplicate collection with different parameters"):
        client.create_collection(name, schema=simple_schema(client, dim=16))


def test_has_list_rename_drop(client, name):
    assert not client.has_collection(name)
    client.create_collection(name, schema=simple_schema(client))
    assert client.has_collection(name)
    assert name in client.list_collections()
    renamed = name + "_2"
    client.rename_collection(name, renamed)
    assert not client.has_collection(name) and client.has_collection(renamed)
    client.drop_collection(renamed)
    assert renamed not in client.list_collections()
    client.drop_collection(renamed)  # Dropping what is not there is no error.


def test_rename_onto_an_existing_name_is_refused(client, name):
    client.create_collection(name, schema=simple_schema(client))
    other = name + "_other"
    client.create_collection(other, schema=simple_schema(client))
    with refused("duplicated new collection name"):
        client.rename_collection(name, other)
    client.drop_collection(other)


def test_a_new_collection_of_an_old_name_is_empty(client, simple):
    client.insert(simple, [{"id": 1, "vector": [0.0] * 8}])
    client.drop_collection(simple)
    client.create_collection(simple, schema=simple_schema(client), index_params=index_params(client))
    assert client.query(simple, output_fields=["count(*)"], consistency_level="Strong")[0]["count(*)"] == 0


def test_unknown_names_have_their_own_codes(client, name):
    with refused("collection not found", 100):
        client.query(name, filter="id > 0", limit=1)
    with refused("can't find collection", 100):
        client.describe_collection(name)
    with refused("database not found", 800):
        client.describe_database("no_such_database")


@pytest.mark.parametrize("bad", ["1st", "with space", "semi;colon", "a" * 256])
def test_bad_collection_names_are_refused(client, bad):
    with refused("collection name"):
        client.create_collection(bad, schema=simple_schema(client))


@pytest.mark.parametrize(
    "dim, vector, text",
    [
        (1, DataType.FLOAT_VECTOR, "invalid dimension"),
        (32769, DataType.FLOAT_VECTOR, "32768"),
        (12, DataType.BINARY_VECTOR, "multiple of 8"),
        (1, DataType.INT8_VECTOR, "invalid dimension"),
    ],
)
def test_bad_dimensions_are_refused(client, name, dim, vector, text):
    with refused(text):
        client.create_collection(name, schema=simple_schema(client, dim=dim, vector=vector))


def test_bad_schemas_are_refused(wire, name):
    from pymilvus.grpc_gen import schema_pb2 as s

    from harness.wire import pairs, status_of

    def field(name, kind, **extra):
        params = extra.pop("params", {})
        return s.FieldSchema(name=name, data_type=kind, type_params=pairs(**params), **extra)

    key = field("id", s.Int64, is_primary_key=True)
    vector = field("v", s.FloatVector, params={"dim": 4})
    cases = [
        ([vector], "primary key is not specified"),
        ([key, field("id2", s.Int64, is_primary_key=True), vector], "more than one primary key"),
        ([key], "vector field"),
        ([key, vector, field("t", s.VarChar)], "max_length"),
        ([key, vector, field("t", s.VarChar, params={"max_length": 70000})], "65535"),
        ([key, vector, field("t", s.VarChar, params={"max_length": 0})], "maximum length"),
        ([key, field("v", s.FloatVector)], "dimension is not defined"),
        ([key, vector, field("a", s.Array, element_type=s.Int64)], "max_capacity"),
        ([key, vector, field("a", s.Array, element_type=s.Int64, params={"max_capacity": 4097})], "4096"),
        ([key, vector, field("v", s.Int64)], "duplicat"),
        ([key, vector, field("like", s.Int64)], "keyword"),
        ([key, vector, field("$meta", s.JSON)], "field name"),
        ([key, vector, field("9x", s.Int64)], "field name"),
        ([key, vector, field("j", s.JSON, is_partition_key=True)], "partition key"),
        ([field("id", s.FloatVector, is_primary_key=True, params={"dim": 4}), vector], "primary key"),
        ([field("id", s.Int64, is_primary_key=True, nullable=True), vector], "primary"),
        ([key, *[field(f"v{i}", s.FloatVector, params={"dim": 4}) for i in range(11)]], "limited to 10"),
        ([key, vector, *[field(f"f{i}", s.Int64) for i in range(63)]], "limited to 64"),
    ]
    for fields, text in cases:
        schema = s.CollectionSchema(name=name, fields=fields)
        status = status_of(wire("CreateCollection", collection_name=name, schema=schema.SerializeToString()))
        assert status.code != 0 and status.error_code != 0, f"accepted what should fail with {text!r}"
        assert text.lower() in status.reason.lower(), (text, status.reason)


def test_shard_limit(client, name):
    with refused("limited to 16"):
        client.create_collection(name, schema=simple_schema(client), num_shards=17)


def test_truncate_keeps_schema_and_index(client, simple):
    if not hasattr(MilvusClient, "truncate_collection"):
        pytest.skip("this client has no truncate")
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8} for i in range(10)])
    client.truncate_collection(simple)
    assert client.query(simple, output_fields=["count(*)"])[0]["count(*)"] == 0
    client.insert(simple, [{"id": 3, "vector": [3.0] * 8}])
    assert [r["id"] for r in client.query(simple, filter="id >= 0")] == [3]
