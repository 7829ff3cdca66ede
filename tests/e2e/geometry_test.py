"""Geometry: WKT in and out, spatial filters against arithmetic, growing, flushed and after a restart."""

import math
import random

import pytest
from pymilvus import DataType, MilvusClient

from harness.client import index_params, plain, refused
from harness.server import Server

pytestmark = pytest.mark.core
SQUARE = "POLYGON ((-5 -5, 5 -5, 5 5, -5 5, -5 -5))"


def make(client, name, **field):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("shape", DataType.GEOMETRY, **({"nullable": True} | field))
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")


def row(number, shape):
    return {"id": number, "vector": [float(number), 0.0], "shape": shape}


def ids(client, name, text):
    return [r["id"] for r in client.query(name, filter=text, output_fields=["id"])]


SHAPES = ["POINT (1 2)", "POINT (-0.1 1e+21)", "LINESTRING (0 0, 1 1.5)", "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))",
          "MULTIPOINT ((1 1), (2 2))", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
          "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))", "POINT EMPTY", None]  # fmt: skip


@pytest.mark.parametrize("flushed", [False, True])
def test_shapes_come_back_as_they_went_in(client, name, flushed):
    make(client, name)
    client.insert(name, [row(i, shape) for i, shape in enumerate(SHAPES)])
    if flushed:
        client.flush(name)
    found = plain(client.query(name, filter="id >= 0", output_fields=["shape"]))
    assert [r["shape"] for r in found] == SHAPES
    hit = client.search(name, [[0.0, 0.0]], limit=1, output_fields=["shape"])[0][0]
    assert hit["entity"]["shape"] == SHAPES[0]
    assert ids(client, name, "shape is null") == [9]
    client.upsert(name, [row(3, "point(7 8)")])
    assert client.get(name, ids=[3], output_fields=["shape"])[0]["shape"] == "POINT (7 8)"


def test_filters_agree_with_arithmetic(client, name):
    make(client, name)
    pick = random.Random(1)
    points = [None if i % 9 == 8 else (pick.randrange(-10, 11), pick.randrange(-10, 11)) for i in range(400)]
    rows = [row(i, p and f"POINT ({p[0]} {p[1]})") for i, p in enumerate(points)]
    client.insert(name, rows[:250])
    client.flush(name)
    client.insert(name, rows[250:])

    def metres(a, b):
        lon1, lat1, lon2, lat2 = map(math.radians, (*a, *b))
        h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
        return 2 * 6371000 * math.asin(math.sqrt(h))

    edge = lambda p: max(abs(p[0]), abs(p[1]))  # noqa: E731
    for text, keep in [
        (f"st_within(shape, '{SQUARE}')", lambda p: edge(p) < 5),
        (f"ST_INTERSECTS(shape, '{SQUARE}')", lambda p: edge(p) <= 5),
        (f"st_touches(shape, '{SQUARE}')", lambda p: edge(p) == 5),
        (f"not st_intersects(shape, '{SQUARE}')", lambda p: edge(p) > 5),
        ("st_equals(shape, 'POINT (1 1)') or st_equals(shape, 'POINT (2 2)')", lambda p: p in ((1, 1), (2, 2))),
        ("st_contains(shape, 'POINT (3 3)')", lambda p: p == (3, 3)),
        ("st_within(shape, 'LINESTRING (-10 -10, 10 10)')", lambda p: p[0] == p[1] and abs(p[0]) < 10),
        ("st_crosses(shape, 'LINESTRING (0 0, 5 5)')", lambda p: False),
        (f"st_overlaps(shape, '{SQUARE}')", lambda p: False),
        ("st_dwithin(shape, 'POINT (1 2)', 500000)", lambda p: metres(p, (1, 2)) <= 500000),
        ("st_isvalid(shape)", lambda p: True),
        (f"st_within(shape, '{SQUARE}') and id > 100", None),
    ]:
        keep = keep or (lambda p: edge(p) < 5)
        expected = [i for i, p in enumerate(points) if p is not None and keep(p) and ("id > 100" not in text or i > 100)]
        assert ids(client, name, text) == expected, text
    hits = client.search(name, [[0.0, 0.0]], limit=400, filter="st_within(shape, {area})", filter_params={"area": SQUARE})[0]
    assert sorted(hit["id"] for hit in hits) == [i for i, p in enumerate(points) if p is not None and edge(p) < 5]
    assert client.delete(name, filter=f"st_within(shape, '{SQUARE}')")["delete_count"] == len(hits)


@pytest.mark.parametrize(
    "shape", ["", "POINT", "POINT (1)", "CIRCLE (0 0, 1)", "POINT (1 2) x", "POLYGON ((0 0, 1 1))", "POINT Z (1 2 3)", 5]
)
def test_what_is_no_shape_is_not_inserted(client, name, shape):
    make(client, name)
    if shape == 5:  # The client sees it first.
        with pytest.raises(Exception, match="should be a geometry|(?i:str)"):
            client.insert(name, [row(0, shape)])
    else:
        with refused("invalid geometry wkt", 1100) as caught:
            client.insert(name, [row(0, "POINT (0 0)"), row(1, shape)])
        assert "row 1" in caught.value.message
    assert ids(client, name, "id >= 0") == []


@pytest.mark.parametrize(
    "text, gist",
    [
        ("st_within(shape, 'CIRCLE (1)')", "invalid geometry wkt"),
        ("st_within(id, 'POINT (1 1)')", "takes a Geometry field"),
        ("st_dwithin(shape, 'LINESTRING (0 0, 1 1)', 5)", "must be a point"),
        ("st_dwithin(shape, 'POINT (1 1)', -5)", "at least 0"),
        ("shape == 'POINT (1 1)'", "comparisons between Geometry and VarChar"),
        ("st_near(shape, 'POINT (1 1)')", "function st_near is not found"),
    ],
)
def test_filters_that_are_none_are_refused(client, name, text, gist):
    make(client, name)
    with refused(gist, 1100):
        client.query(name, filter=text)


def test_defaults_are_shapes(client, name):
    with refused("invalid geometry wkt"):
        make(client, name, default_value="POINT")
    make(client, name, nullable=False, default_value="POINT (3 4)")
    client.insert(name, [{"id": 1, "vector": [0.0, 0.0]}, row(2, "POINT (5 6)")])
    client.flush(name)
    found = client.query(name, filter="id > 0", output_fields=["shape"])
    assert [r["shape"] for r in found] == ["POINT (3 4)", "POINT (5 6)"]
    [field] = [f for f in client.describe_collection(name)["fields"] if f["name"] == "shape"]
    assert "POINT (3 4)" in str(field["default_value"])
    client.add_collection_field(name, "second", DataType.GEOMETRY, nullable=True, default_value="POINT (9 9)")
    assert ids(client, name, "st_equals(second, 'POINT (9 9)')") == [1, 2]


def test_an_rtree_is_described_and_changes_no_answer(client, name):
    make(client, name)
    client.insert(name, [row(1, "POINT (1 1)"), row(2, "POINT (9 9)")])
    client.flush(name)
    params = client.prepare_index_params()
    params.add_index(field_name="shape", index_type="RTREE", index_name="places")
    client.create_index(name, params)
    assert client.describe_index(name, "places")["index_type"] == "RTREE"
    assert ids(client, name, f"st_within(shape, '{SQUARE}')") == [1]
    wrong = client.prepare_index_params()
    wrong.add_index(field_name="id", index_type="RTREE", index_name="wrong")
    with refused("RTREE index can only be built on geometry field"):
        client.create_index(name, wrong)


def test_shapes_survive_a_restart(tmp_path):
    data = tmp_path / "data"
    with Server(data) as server:
        client = MilvusClient(server.uri, timeout=30)
        make(client, "places")
        client.insert("places", [row(1, "POINT (1 1)"), row(2, "POINT (9 9)")])
        client.flush("places")
        client.insert("places", [row(3, "POINT (2 2)")])
        client.close()
    with Server(data) as server:
        client = MilvusClient(server.uri, timeout=30)
        assert ids(client, "places", f"st_within(shape, '{SQUARE}')") == [1, 3]
        client.close()
