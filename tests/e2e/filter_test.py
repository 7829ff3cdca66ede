"""Filters against a Python model: random predicates over growing and sealed rows, the same answer."""

import random

import numpy as np
import pytest
from pymilvus import DataType

from filter_model import Generator, make_row
from harness.client import index_params, refused

ROWS = 400


@pytest.fixture(scope="module")
def table(client):
    rng = random.Random(2024)
    rows = [make_row(i, rng) for i in range(ROWS)]
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("i", DataType.INT64)
    schema.add_field("i8", DataType.INT8)
    schema.add_field("f", DataType.DOUBLE)
    schema.add_field("s", DataType.VARCHAR, max_length=30)
    schema.add_field("b", DataType.BOOL)
    schema.add_field("n", DataType.INT64, nullable=True)
    schema.add_field("j", DataType.JSON)
    schema.add_field("arr", DataType.ARRAY, element_type=DataType.INT64, max_capacity=8)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    client.create_collection("filtered", schema=schema, index_params=index_params(client), consistency_level="Strong")
    with_vectors = [r | {"vector": [float(r["id"]), 0.0, 0.0, 0.0]} for r in rows]
    client.insert("filtered", with_vectors[: ROWS // 2])
    client.flush("filtered")
    client.insert("filtered", with_vectors[ROWS // 2 :])
    yield rows
    client.drop_collection("filtered")


@pytest.fixture(scope="module")
def newer(client):
    return not client.get_server_version().lstrip("v").startswith("2.")


@pytest.mark.parametrize("seed", range(12))
def test_random_filters_agree_with_the_model(client, table, newer, seed):
    generator = Generator(seed, newer)
    for _ in range(40):
        text, holds = generator.predicate()
        expected = [r["id"] for r in table if holds(r) is True]
        found = [r["id"] for r in client.query("filtered", filter=text)]
        assert found == expected, f"seed {seed}: {text}\nmissing {set(expected) - set(found)}\nextra {set(found) - set(expected)}"


@pytest.mark.parametrize("seed", range(100, 104))
def test_search_and_delete_see_the_same_rows_as_query(client, table, newer, seed):
    generator = Generator(seed, newer)
    for _ in range(15):
        text, holds = generator.predicate(2)
        expected = [r["id"] for r in table if holds(r) is True]
        hits = client.search("filtered", [[0.0] * 4], limit=ROWS, filter=text)[0]
        assert [h["id"] for h in hits] == expected, f"seed {seed}: {text}"
        counted = client.query("filtered", filter=text, output_fields=["count(*)"])
        assert counted[0]["count(*)"] == len(expected), f"seed {seed}: {text}"


PRECEDENCE = [
    ("i == 1 or i == 2 and n == 4", lambda r: r["i"] == 1 or (r["i"] == 2 and r["n"] == 4)),
    ('not s like "a%"', lambda r: not r["s"].startswith("a")),
    ("not n is null", lambda r: r["n"] is not None),
    ("i == 2 ** 3", lambda r: r["i"] == 8),
    ("i == 0x0A", lambda r: r["i"] == 10),
    ("i == 1 || b == TRUE && i > 0", lambda r: r["i"] == 1 or (r["b"] and r["i"] > 0)),
    ("i8 < 1000", lambda r: True),
    ("i8 > 1000", lambda r: False),
    ('s == "100%"', lambda r: r["s"] == "100%"),
    ("arr == [1, 2]", lambda r: r["arr"] == [1, 2]),
    ("NOT (i IN [1, 2, 3,])", lambda r: r["i"] not in (1, 2, 3)),
]


@pytest.mark.parametrize("text, holds", PRECEDENCE, ids=[t for t, _ in PRECEDENCE])
def test_precedence_and_spelling(client, table, text, holds):
    found = [r["id"] for r in client.query("filtered", filter=text)]
    assert found == [r["id"] for r in table if holds(r)]


@pytest.mark.parametrize(
    "text, gist",
    [
        ("not i == 1", "cannot parse expression"),
        ("i = 1", "invalid expression"),
        ("b", "not a boolean expression"),
        ("i == 1.5", "cannot cast value to Int64"),
        ("s > 5", "comparisons between"),
        ("i + n > 5", "arithmetic"),
        ("i / 0 == 1", "division or modulus by zero"),
        ("10 < i < 5", "lowerbound is greater than upperbound"),
        ('i in "abc"', "cannot parse expression"),
        ("vector > 5", "cannot parse expression"),
        ("i > {x}", "template variable"),
        ("((i > 1)", "cannot parse expression"),
        ("i >", "cannot parse expression"),
        ("i << 2 == 4", "cannot parse expression"),
        ('i["k"] == 1', "not supported accessed with []"),
        ("\u00e9 == 1", "cannot parse expression"),
    ],
)
def test_what_is_no_filter_is_explained(client, table, text, gist):
    with refused(gist) as caught:
        client.query("filtered", filter=text)
    assert caught.value.code == 1100


def test_templates_of_every_kind(client, table):
    cases = [
        ("i > {v}", {"v": 5}, lambda r: r["i"] > 5),
        ("s in {v}", {"v": ["a", "xyz"]}, lambda r: r["s"] in ("a", "xyz")),
        ("b == {v}", {"v": True}, lambda r: r["b"]),
        ("f < {v}", {"v": 0.5}, lambda r: r["f"] < 0.5),
        ("array_contains_any(arr, {v})", {"v": [5, 6]}, lambda r: bool({5, 6} & set(r["arr"]))),
        ("{low} < i and i < {high}", {"low": -3, "high": 3}, lambda r: -3 < r["i"] < 3),
    ]
    for text, values, holds in cases:
        found = [r["id"] for r in client.query("filtered", filter=text, filter_params=values)]
        assert found == [r["id"] for r in table if holds(r)], text


def test_float_columns_compare_in_their_own_precision(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("f", DataType.FLOAT)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    client.insert(name, [{"id": i, "f": float(np.float32(i / 10)), "vector": [0.0, 0.0]} for i in range(5)])
    assert [r["id"] for r in client.query(name, filter="f == 0.1")] == [1]
