"""What goes in comes out: every field type, null, default, dynamic key, and both key types."""

import json

import numpy as np
import pytest
from ml_dtypes import bfloat16
from pymilvus import DataType

from harness.client import index_params, plain, refused
from harness.wire import column, status_of

pytestmark = pytest.mark.core
DIM = 8


def row(number):
    return {
        "id": number,
        "flag": number % 2 == 0,
        "i8": number % 256 - 128,
        "i16": number * 3 - 32768,
        "i32": number * 1000 - 2**31,
        "i64": number - 2**63,
        "f32": number / 4,
        "f64": number / 3,
        "text": f"text {number} \u00e9\U0001f600",
        "json": {"n": number, "list": [1, 2.5, "x", None], "deep": {"k": True}},
        "ints": list(range(number % 4)),
        "words": [f"w{number}", ""],
        "flags": [True, False],
        "reals": [0.5, 1.25],
        "vf": (np.arange(DIM) + number).astype(np.float32).tolist(),
        "vh": (np.arange(DIM) + number).astype(np.float16),
        "vb": (np.arange(DIM) + number).astype(bfloat16),
        "v8": (np.arange(DIM) - number % 100).astype(np.int8),
        "vbin": bytes([number % 256, 255]),
        "dynamic": {"nested": [number]},
        "color": "red" if number % 3 else "blue",
    }


@pytest.fixture(scope="module")
def everything(client):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    for name, kind in [("flag", DataType.BOOL), ("i8", DataType.INT8), ("i16", DataType.INT16), ("i32", DataType.INT32),
                       ("i64", DataType.INT64), ("f32", DataType.FLOAT), ("f64", DataType.DOUBLE), ("json", DataType.JSON)]:  # fmt: skip
        schema.add_field(name, kind)
    schema.add_field("text", DataType.VARCHAR, max_length=64)
    for name, element, extra in [("ints", DataType.INT64, {}), ("words", DataType.VARCHAR, {"max_length": 20}),
                                 ("flags", DataType.BOOL, {}), ("reals", DataType.FLOAT, {})]:  # fmt: skip
        schema.add_field(name, DataType.ARRAY, element_type=element, max_capacity=10, **extra)
    schema.add_field("vf", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("vh", DataType.FLOAT16_VECTOR, dim=DIM)
    schema.add_field("vb", DataType.BFLOAT16_VECTOR, dim=DIM)
    schema.add_field("v8", DataType.INT8_VECTOR, dim=DIM)
    schema.add_field("vbin", DataType.BINARY_VECTOR, dim=16)
    params = client.prepare_index_params()
    for field, metric in [("vf", "L2"), ("vh", "IP"), ("vb", "COSINE")]:
        params.add_index(field_name=field, index_type="FLAT", metric_type=metric)
    params.add_index(field_name="v8", index_type="HNSW", metric_type="L2", params={"M": 8, "efConstruction": 64})
    params.add_index(field_name="vbin", index_type="BIN_FLAT", metric_type="HAMMING")
    name = "every_type"
    client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong")
    result = client.insert(name, [row(i) for i in range(100)])
    assert result["insert_count"] == 100 and list(result["ids"]) == list(range(100))
    yield name
    client.drop_collection(name)


def same(expected, found):
    if isinstance(expected, np.ndarray):
        raw = found[0] if isinstance(found, list) and found and isinstance(found[0], bytes) else found
        raw = raw if isinstance(raw, bytes) else np.asarray(raw, dtype=expected.dtype).tobytes()
        return raw == expected.tobytes()
    if isinstance(expected, bytes):
        return (found[0] if isinstance(found, list) else found) == expected
    if isinstance(expected, float):
        return np.float32(expected) == np.float32(found)
    if isinstance(expected, list) and expected and isinstance(expected[0], float):
        return np.allclose(expected, found)
    if isinstance(expected, dict):
        return expected == (json.loads(found) if isinstance(found, (str, bytes)) else found)
    return expected == (list(found) if isinstance(expected, list) else found)


@pytest.mark.parametrize("flushed", [False, True])
def test_every_type_comes_back_as_it_went_in(client, everything, flushed):
    if flushed:
        client.flush(everything)
    found = client.query(everything, filter="id in [0, 7, 99]", output_fields=["*"])
    assert [r["id"] for r in found] == [0, 7, 99]
    for answer in found:
        expected = row(answer["id"])
        assert set(answer) == set(expected)
        for field, value in expected.items():
            assert same(value, answer[field]), (field, value, answer[field])


def test_columns_on_the_wire_are_typed_even_when_nothing_matches(client, everything):
    assert client.query(everything, filter="id == -5", output_fields=["*"]) == []
    assert client.query(everything, filter="id == -5", output_fields=["text", "vf", "color"]) == []


def test_dynamic_keys_by_name(client, everything):
    found = client.query(everything, filter='color == "blue"', output_fields=["color"], limit=3)
    assert plain(found) == [{"id": 0, "color": "blue"}, {"id": 3, "color": "blue"}, {"id": 6, "color": "blue"}]
    found = client.query(everything, filter='$meta["dynamic"]["nested"][0] == 7', output_fields=["dynamic"])
    assert plain(found) == [{"id": 7, "dynamic": {"nested": [7]}}]


def test_column_form_through_the_wire(client, wire, simple):
    answer = wire("Insert", collection_name=simple, num_rows=2, fields_data=[
        column("vector", DataType.FLOAT_VECTOR, [[1] * 8, [2] * 8], dim=8),
        column("id", DataType.INT64, [10, 11]),
    ])  # fmt: skip
    assert status_of(answer).code == 0 and answer.insert_cnt == 2 and answer.timestamp > 0
    assert list(answer.IDs.int_id.data) == [10, 11] and list(answer.succ_index) == [0, 1]
    assert not status_of(answer).extra_info
    assert [r["id"] for r in client.query(simple, filter="id > 0")] == [10, 11]


def test_text_keys_auto_keys_and_their_order(client, name):
    from harness.client import simple_schema

    client.create_collection(name, schema=simple_schema(client, pk=DataType.VARCHAR),
                             index_params=index_params(client), consistency_level="Strong")  # fmt: skip
    keys = ["b", "a", "\u00fc", "", "aa"]
    client.insert(name, [{"id": key, "vector": [1.0] * 8} for key in keys])
    found = [r["id"] for r in client.query(name, filter='id >= ""')]
    assert found == sorted(keys, key=lambda k: k.encode())
    assert client.get(name, ids=["aa"])[0]["id"] == "aa"


def test_auto_ids_are_given_in_order(client, name):
    from harness.client import simple_schema

    client.create_collection(name, schema=simple_schema(client, auto_id=True), index_params=index_params(client),
                             consistency_level="Strong")  # fmt: skip
    first = list(client.insert(name, [{"vector": [1.0] * 8} for _ in range(5)])["ids"])
    second = list(client.insert(name, [{"vector": [1.0] * 8} for _ in range(5)])["ids"])
    assert first + second == sorted(set(first + second))
    assert [r["id"] for r in client.query(name, filter="id > 0")] == first + second
    assert client.query(name, output_fields=["count(*)"])[0]["count(*)"] == 10


def test_auto_id_refuses_keys_from_the_client(wire, client, name):
    from harness.client import simple_schema

    client.create_collection(name, schema=simple_schema(client, auto_id=True))
    status = status_of(wire("Insert", collection_name=name, num_rows=1, fields_data=[
        column("id", DataType.INT64, [1]), column("vector", DataType.FLOAT_VECTOR, [[1] * 8], dim=8)]))  # fmt: skip
    assert status.code != 0 and "auto id enabled" in status.reason


def test_null_and_default_values(client, name):
    schema = client.create_schema(enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    schema.add_field("maybe", DataType.INT32, nullable=True)
    schema.add_field("word", DataType.VARCHAR, max_length=20, default_value="none")
    schema.add_field("both", DataType.DOUBLE, nullable=True, default_value=2.5)
    schema.add_field("doc", DataType.JSON, nullable=True)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.INT64, max_capacity=5, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    base = {"vector": [1.0] * 4}
    client.insert(name, [
        base | {"id": 1},
        base | {"id": 2, "maybe": None, "word": None, "both": None, "doc": None, "list": None},
        base | {"id": 3, "maybe": 0, "word": "", "both": 0.0, "doc": {}, "list": []},
    ])  # fmt: skip
    for flushed in (False, True):
        if flushed:
            client.flush(name)
        one, two, three = client.query(name, filter="id > 0", output_fields=["*"])
        for missing in (one, two):
            assert missing["maybe"] is None and missing["word"] == "none" and missing["both"] == 2.5
            assert missing["doc"] is None and missing["list"] is None
        assert three["maybe"] == 0 and three["word"] == "" and three["both"] == 0.0
        assert three["doc"] == {} and list(three["list"]) == []
        ids = lambda text: [r["id"] for r in client.query(name, filter=text)]  # noqa: E731
        assert ids("maybe is null") == [1, 2] and ids("maybe is not null") == [3]
        assert ids("maybe > -1") == [3] and ids("not (maybe > -1)") == []
        assert ids('word == "none"') == [1, 2]


def test_nullable_vectors_are_never_hits(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    client.insert(name, [{"id": i, "vector": None if i % 2 else [float(i)] * 4} for i in range(10)])
    for flushed in (False, True):
        if flushed:
            client.flush(name)
        hits = client.search(name, [[0.0] * 4], limit=10, anns_field="vector")[0]
        assert [h["id"] for h in hits] == [0, 2, 4, 6, 8]
        rows = client.query(name, filter="id < 4", output_fields=["vector"])
        assert [r["vector"] is None for r in rows] == [False, True, False, True]


def test_half_precision_accepts_plain_numbers(client, wire, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT16_VECTOR, dim=4)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    data = column("vector", DataType.FLOAT_VECTOR, [[0.5, 1, 2, 3]], dim=4)
    assert status_of(wire("Insert", collection_name=name, num_rows=1,
                          fields_data=[column("id", DataType.INT64, [1]), data])).code == 0  # fmt: skip
    hits = client.search(name, [[0.5, 1.0, 2.0, 3.0]], limit=1, anns_field="vector")[0]
    assert hits[0]["id"] == 1 and hits[0]["distance"] == pytest.approx(0, abs=1e-6)


def test_dynamic_key_named_like_a_field_is_refused(wire, simple):
    dynamic = column("$meta", DataType.JSON, [b'{"id": 5}'])
    dynamic.is_dynamic = True
    status = status_of(wire("Insert", collection_name=simple, num_rows=1, fields_data=[
        column("id", DataType.INT64, [1]), column("vector", DataType.FLOAT_VECTOR, [[1] * 8], dim=8), dynamic]))  # fmt: skip
    assert status.code != 0 and "static field name" in status.reason


def test_collections_without_dynamic_field_refuse_unknown_keys(client, name):
    from harness.client import simple_schema

    client.create_collection(name, schema=simple_schema(client, dynamic=False))
    with refused(""):
        client.insert(name, [{"id": 1, "vector": [1.0] * 8, "other": 5}])


TEXT = 25  # 2.6's client has no name for it, so the field is declared on the wire.


def text_schema(name, **options):
    """id, a vector, `body` of type TEXT."""
    from pymilvus.grpc_gen import common_pb2, schema_pb2

    schema = schema_pb2.CollectionSchema(name=name)
    schema.fields.add(name="id", data_type=schema_pb2.Int64, is_primary_key=True)
    vector = schema.fields.add(name="vector", data_type=schema_pb2.FloatVector)
    vector.type_params.append(common_pb2.KeyValuePair(key="dim", value="2"))
    params = options.pop("type_params", {})
    body = schema.fields.add(name="body", data_type=TEXT, **options)
    body.type_params.extend(common_pb2.KeyValuePair(key=key, value=value) for key, value in params.items())
    return schema


def create_text(wire, name, **options):
    from pymilvus.grpc_gen import milvus_pb2

    schema = text_schema(name, **options)
    return wire("CreateCollection", milvus_pb2.CreateCollectionRequest(collection_name=name, schema=schema.SerializeToString(), shards_num=1))


def insert_texts(wire, name, ids, texts):
    from pymilvus.grpc_gen import milvus_pb2, schema_pb2

    request = milvus_pb2.InsertRequest(collection_name=name, num_rows=len(ids))
    keys = request.fields_data.add(field_name="id", type=schema_pb2.Int64)
    keys.scalars.long_data.data.extend(ids)
    vectors = request.fields_data.add(field_name="vector", type=schema_pb2.FloatVector)
    vectors.vectors.dim = 2
    vectors.vectors.float_vector.data.extend(float(i) for i in ids for _ in range(2))
    body = request.fields_data.add(field_name="body", type=TEXT)
    body.valid_data.extend(text is not None for text in texts)
    body.scalars.string_data.data.extend(text for text in texts if text is not None)
    return wire("Insert", request)


def test_text_fields_hold_what_varchar_does_not(client, wire, name):
    assert status_of(create_text(wire, name, nullable=True)).code == 0
    client.create_index(name, index_params(client))
    client.load_collection(name)
    long = "Ω words " * 200_000  # 1.8 MB.
    texts = ["short", "", None, long]
    assert status_of(insert_texts(wire, name, range(4), texts)).code == 0

    def bodies():
        from pymilvus.grpc_gen import milvus_pb2

        answer = wire("Query", milvus_pb2.QueryRequest(collection_name=name, expr="id >= 0", output_fields=["body"], consistency_level=0))
        assert status_of(answer).code == 0, status_of(answer)
        (body,) = [field for field in answer.fields_data if field.field_name == "body"]
        assert body.type == TEXT
        return [text if valid else None for text, valid in zip(body.scalars.string_data.data, body.valid_data)]

    assert bodies() == texts
    client.flush(name)
    assert bodies() == texts
    nulls = client.query(name, filter="body is null", output_fields=["id"])
    assert [row["id"] for row in nulls] == [2]
    refusal = status_of(insert_texts(wire, name, [9], ["x" * (2 << 20) + "x"]))
    assert refusal.code == 1100 and "exceeds max length" in refusal.reason
    for text in ("body == 'short'", "body like 'sh%'", "body in ['short']"):
        with refused("filter on text field (body) is not supported yet"):
            client.query(name, filter=text)
    with refused("TEXT field does not support user-created scalar index"):
        client.create_index(name, index_params(client, field="body", kind="INVERTED", metric=""))
    client.drop_collection(name)


@pytest.mark.parametrize("options, gist", [
    ({"is_partition_key": True}, "partition key"),
    ({"is_clustering_key": True}, "clustering key"),
    ({"default_value": True}, "default_value"),
])  # fmt: skip
def test_what_a_text_field_cannot_be(wire, name, options, gist):
    from pymilvus.grpc_gen import schema_pb2

    if "default_value" in options:
        options = {"default_value": schema_pb2.ValueField(string_data="x")}
    refusal = status_of(create_text(wire, name, **options))
    assert refusal.code == 1100 and gist in refusal.reason, refusal
