"""Bad data on the wire, past any client's own checks: a clear error each, and nothing half written."""

import json

import numpy as np
import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import schema_pb2

from harness.client import count, index_params, refused
from harness.wire import column, long_array, search_request, status_of

DIM = 4


@pytest.fixture(scope="module")
def target(client):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=8)
    schema.add_field("small", DataType.INT8)
    schema.add_field("real", DataType.FLOAT)
    schema.add_field("doc", DataType.JSON)
    schema.add_field("list", DataType.ARRAY, element_type=DataType.INT64, max_capacity=3)
    schema.add_field("maybe", DataType.INT64, nullable=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("bits", DataType.BINARY_VECTOR, dim=16)
    params = index_params(client)
    params.add_index(field_name="bits", index_type="BIN_FLAT", metric_type="HAMMING")
    client.create_collection("bad_input", schema=schema, index_params=params, consistency_level="Strong")
    yield "bad_input"
    client.drop_collection("bad_input")


def good(rows=2):
    return {
        "id": column("id", DataType.INT64, range(rows)),
        "text": column("text", DataType.VARCHAR, ["ok"] * rows),
        "small": column("small", DataType.INT8, [1] * rows),
        "real": column("real", DataType.FLOAT, [0.5] * rows),
        "doc": column("doc", DataType.JSON, [b"{}"] * rows),
        "list": column("list", DataType.ARRAY, [long_array([1])] * rows),
        "vector": column("vector", DataType.FLOAT_VECTOR, [[1.0] * DIM] * rows, dim=DIM),
        "bits": column("bits", DataType.BINARY_VECTOR, [b"\1\2"] * rows, dim=16),
    }


def with_columns(**changed):
    """The good columns with some replaced; None takes one away."""
    columns = good() | changed
    return [c for c in columns.values() if c is not None]


NAN, INFINITY = float("nan"), float("inf")
WRONG_LIST = schema_pb2.ScalarField(string_data=schema_pb2.StringArray(data=["x"]))

CASES = {
    "wrong dimension": (dict(vector=column("vector", DataType.FLOAT_VECTOR, [[1.0] * 5] * 2, dim=5)),
                        "the dim (5) of field data(vector) is not equal to schema dim (4)"),
    "vector data shorter than its dim says": (dict(vector=column("vector", DataType.FLOAT_VECTOR, [[1.0] * 3] * 2, dim=4)), "vector"),
    "no dim at all": (dict(vector=column("vector", DataType.FLOAT_VECTOR, [[1.0] * 4] * 2)), "dim"),
    "binary vector of odd length": (dict(bits=column("bits", DataType.BINARY_VECTOR, [b"\1\2\3"], dim=16)), "bits"),
    "wrong type": (dict(small=column("small", DataType.VARCHAR, ["a", "b"])), "small"),
    "declared type and data differ": (dict(real=schema_pb2.FieldData(
        type=schema_pb2.Float, field_name="real",
        scalars=schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=[1, 2])))), "real"),
    "missing field": (dict(text=None), "fieldSchema(text) has no corresponding fieldData pass in"),
    "unknown field": (dict(extra=column("extra", DataType.INT64, [1, 2])), "more fieldData has pass in"),
    "field twice": (dict(extra=column("small", DataType.INT8, [1, 2])), "duplicated field small found"),
    "NaN in a vector": (dict(vector=column("vector", DataType.FLOAT_VECTOR, [[1, NAN, 1, 1]] * 2, dim=4)), "not a number"),
    "infinity in a vector": (dict(vector=column("vector", DataType.FLOAT_VECTOR, [[1, -INFINITY, 1, 1]] * 2, dim=4)), "inf"),
    "NaN in a float field": (dict(real=column("real", DataType.FLOAT, [NAN, 1])), "not a number"),
    "out of an INT8's range": (dict(small=column("small", DataType.INT8, [128, 0])), "small"),
    "VARCHAR counts bytes": (dict(text=column("text", DataType.VARCHAR, ["\u00e9" * 5, "ok"])), "exceeds max length"),
    "VARCHAR must be UTF-8": (dict(doc=column("doc", DataType.JSON, [b'"\xff"', b"{}"])), "doc"),
    "bad JSON": (dict(doc=column("doc", DataType.JSON, [b"{", b"{}"])), "json"),
    "JSON too long": (dict(doc=column("doc", DataType.JSON, [b'"' + b"x" * 65536 + b'"', b"{}"])), "exceeds max length"),
    "array over capacity": (dict(list=column("list", DataType.ARRAY, [long_array([1, 2, 3, 4])] * 2)), "exceeds max capacity"),
    "array of another element type": (dict(list=column("list", DataType.ARRAY, [WRONG_LIST] * 2)), "list"),
    "fewer rows in one column": (dict(small=column("small", DataType.INT8, [1])),
                                 "is not equal to passed num_rows (2)"),
    "valid_data of the wrong length": (dict(maybe=column("maybe", DataType.INT64, [1], valid=[True])), "length of field"),
    "null in a field that has none": (dict(small=column("small", DataType.INT8, [1], valid=[True, False])), "small"),
    "dynamic row that is no object": (dict(meta=None), "$meta"),
}  # fmt: skip


def dynamic(values):
    data = column("$meta", DataType.JSON, values)
    data.is_dynamic = True
    return data


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ["Insert", "Upsert"])
def test_bad_rows_are_refused_whole(wire, client, target, case, method):
    changed, text = CASES[case]
    columns = with_columns(**changed)
    if case == "dynamic row that is no object":
        columns, text = [*with_columns(), dynamic([b"[1]", b"{}"])], "json"
    before = count(client, target)
    answer = wire(method, collection_name=target, num_rows=2, fields_data=columns)
    status = status_of(answer)
    assert status.code != 0 and status.error_code != 0, f"accepted: {case}"
    assert not status.retriable
    assert text.lower() in status.reason.lower(), status.reason
    assert count(client, target) == before


def test_good_rows_are_taken(wire, client, target):
    """Guards the table above: without the faults the same request works."""
    answer = wire("Insert", collection_name=target, num_rows=2, fields_data=with_columns())
    assert status_of(answer).code == 0, status_of(answer).reason
    client.delete(target, ids=[0, 1])


@pytest.mark.parametrize("method", ["Insert", "Upsert"])
def test_no_rows(wire, target, method):
    status = status_of(wire(method, collection_name=target, num_rows=0, fields_data=[]))
    assert status.code != 0 and "num_rows should be greater than 0" in status.reason


def test_duplicate_keys_in_one_insert_are_two_rows_read_as_one(wire, client, target):
    columns = with_columns(id=column("id", DataType.INT64, [77, 77]))
    assert status_of(wire("Insert", collection_name=target, num_rows=2, fields_data=columns)).code == 0
    assert len(client.query(target, filter="id == 77")) == 1
    client.delete(target, ids=[77])
    assert client.query(target, filter="id == 77") == []


def test_insert_into_unknown_places(wire, target):
    columns = with_columns()
    status = status_of(wire("Insert", collection_name="no_such", num_rows=2, fields_data=columns))
    assert (status.code, status.error_code) == (100, 4) and "collection not found" in status.reason
    status = status_of(wire("Insert", collection_name=target, partition_name="no_such", num_rows=2, fields_data=columns))
    assert status.code == 200 and "partition not found" in status.reason
    status = status_of(wire("Insert", db_name="no_such", collection_name=target, num_rows=2, fields_data=columns))
    assert status.code == 800 and "database not found" in status.reason


def test_a_stale_schema_is_told_so_that_clients_describe_again(wire, target):
    status = status_of(wire("Insert", collection_name=target, num_rows=2, fields_data=with_columns(), schema_timestamp=5))
    assert (status.code, status.error_code) == (109, 62) and "schema mismatch" in status.reason


def search_cases(target):
    ones = [np.ones(DIM)]
    yield search_request(target, ones, limit=16385), "[1, 16384]"
    yield search_request(target, ones, limit=0), "[1, 16384]"
    yield search_request(target, ones, limit="many"), "topk"
    yield search_request(target, ones, limit=2**40), "topk"
    yield search_request(target, ones, limit=100, offset=16300), "16384"
    yield search_request(target, ones, limit=1, offset=-1), "offset"
    yield search_request(target, ones, field="nothing"), "not found"
    yield search_request(target, ones, field="text"), "text"
    yield search_request(target, [np.ones(DIM + 1)]), "vector dimension mismatch"
    yield search_request(target, [np.array([1, NAN, 1, 1])]), "not a number"
    yield search_request(target, [b"\0" * 8], kind=102), "vector type must be the same"
    yield search_request(target, ones, kind=21), "vector type must be the same"
    yield search_request(target, ones * 16385), "[1, 16384]"
    yield search_request(target, ones, nq=7), "nq"
    yield search_request(target, ones, params="{not json"), "json"
    yield search_request(target, ones, params='{"ef": "x"}', metric_type="COSINE"), "metric type not match"
    yield search_request(target, ones, expression="(" * 5000), "cannot parse expression"
    broken = search_request(target, ones)
    broken.placeholder_group = b"\x0a\xff\xff\xff"
    yield broken, ""
    empty = search_request(target, ones)
    empty.placeholder_group = b""
    yield empty, ""


def test_bad_searches(wire, target):
    for number, (request, text) in enumerate(search_cases(target)):
        status = status_of(wire("Search", request))
        assert status.code != 0 and status.error_code != 0, f"case {number} accepted, expected {text!r}"
        assert text.lower() in status.reason.lower(), (number, text, status.reason)
    assert status_of(wire("Search", search_request(target, [np.ones(DIM)]))).code == 0


def test_topk_is_required(wire, target):
    request = search_request(target, [np.ones(DIM)])
    del request.search_params[:]
    assert "topk is required" in status_of(wire("Search", request)).reason


def test_search_before_load(wire, client, target):
    client.release_collection(target)
    try:
        for method, request in (("Search", search_request(target, [np.ones(DIM)])), ("Query", None)):
            extra = {} if request else dict(collection_name=target, expr="id > 0")
            status = status_of(wire(method, request, **extra))
            assert status.code == 101 and "collection not loaded" in status.reason
    finally:
        client.load_collection(target)


def test_huge_filters_are_answered_or_refused_quickly(client, target):
    ids = ", ".join(map(str, range(50_000)))
    assert client.query(target, filter=f"id in [{ids}]", timeout=20) is not None
    deep = " or ".join(f"(id == {i})" for i in range(2000))
    assert client.query(target, filter=deep, timeout=20) is not None


@pytest.mark.parametrize("text, gist", [
    ("(" * 100_000 + "id > 1" + ")" * 100_000, "nested deeper than"),
    ("(" * 100_000, "nested deeper than"),
    ("id > 1" + ")" * 100_000, "invalid expression"),
    ("not " * 100_000 + "id > 1", "nested deeper than"),
    ("id in " + "[" * 100_000, "nested deeper than"),
    ("id > " + "-" * 100_000 + "1", "nested deeper than"),
    ("id > " + "9" * 100_000, "out of range"),
    ("real > 1e" + "9" * 1000, "out of range"),
    ("id / 0 == 1", "division or modulus by zero"),
    ("id % 0 == 1", "division or modulus by zero"),
    ("no_such_function(id)", "function no_such_function is not found"),
    ("text_match(id, 'x')", "non-string"),
    ("json_contains(id, 1)", "only supported on json or array fields"),
    ("array_length(text) == 1", "array and json fields"),
    ("st_within(id, 'POINT (1 1)')", ""),
], ids=lambda value: value[:24])  # fmt: skip
def test_filters_that_are_none(client, target, text, gist):
    with refused(gist, 1100) as caught:
        client.query(target, filter=text, timeout=20)
    assert "cannot parse expression" in caught.value.message
    assert len(caught.value.message) < 100_000, "a message is no place for the whole filter"


def test_filters_that_are_large_and_good(client, target):
    for text in ("text == '" + "x" * 1_000_000 + "'", "id + 9223372036854775807 < 0", " " * 1_000_000 + "id > 1", "id in [" + "1, " * 100_000 + "]"):
        assert client.query(target, filter=text, timeout=20) is not None


@pytest.mark.parametrize("text, values, gist", [
    ("id > {v}", {"v": "x"}, "comparisons between"),
    ("id > {v}", {"v": 1.5}, "cannot cast value to Int64"),
    ("id > {v}", {"v": True}, "comparisons between"),
    ("id > {v}", {"v": [1, 2]}, ""),
    ("id in {v}", {"v": 5}, "must be a list"),
    ("id in {v}", {"v": ["x", "y"]}, "casted to Int64"),
    ("text like {v}", {"v": 5}, "pattern of a like operation must be a string"),
    ("id > {v}", {"w": 5}, "template variable name {v} is not found"),
    ("id > {v}", {}, "template variable name {v} is not found"),
])  # fmt: skip
def test_templates_of_the_wrong_type(client, target, text, values, gist):
    with refused(gist, 1100):
        client.query(target, filter=text, filter_params=values)


def test_names_from_outside_never_become_paths(wire, server):
    for name in ["../../etc/passwd", "a/b", "a\0b", "..", "%2e%2e", "\u202e", "x" * 100_000]:
        status = status_of(wire("CreateCollection", collection_name=name, schema=schema_pb2.CollectionSchema(
            name=name).SerializeToString()))  # fmt: skip
        assert status.code != 0
        status = status_of(wire("CreateDatabase", db_name=name))
        assert status.code != 0
        status = status_of(wire("DescribeCollection", collection_name=name))
        assert status.code != 0
    assert server.running
    assert json.loads(server.health()[1])["status"] == "ok"
