"""Scalar indexes: every type on every kind of field that takes it, with the rows that a collection without indexes gives."""

import random
import time

import pytest
from pymilvus import DataType, MilvusClient
from search_test import wait_for_index

from harness.client import index_params, refused
from harness.server import Server

pytestmark = pytest.mark.core
ROWS = 3000
PLAIN = {
    "b": DataType.BOOL, "i8": DataType.INT8, "i16": DataType.INT16, "i32": DataType.INT32, "i64": DataType.INT64,
    "f": DataType.FLOAT, "d": DataType.DOUBLE, "s": DataType.VARCHAR,
}  # fmt: skip
ARRAYS = {"ab": DataType.BOOL, "ai": DataType.INT32, "af": DataType.FLOAT, "as_": DataType.VARCHAR}
CASTS = ["BOOL", "DOUBLE", "VARCHAR", "ARRAY_BOOL", "ARRAY_DOUBLE", "ARRAY_VARCHAR"]
GRAMS = {"min_gram": 2, "max_gram": 3}


def json_indexes(type_, casts, **params):
    return [("j", type_, {"json_path": 'j["a"]', "json_cast_type": cast, **params}) for cast in casts[:1]] + [
        ("$meta", type_, {"json_path": "color", "json_cast_type": cast, **params}) for cast in casts[1:2]
    ]


# name: (field, index type, parameters); one index a field, or a JSON path.
SETS = {
    "INVERTED": [(f, "INVERTED", {}) for f in [*PLAIN, *ARRAYS]] + json_indexes("INVERTED", ["DOUBLE", "VARCHAR"]),
    "INVERTED_ARRAYS_IN_JSON": json_indexes("INVERTED", ["ARRAY_DOUBLE", "ARRAY_VARCHAR"]),
    "JSON": [("j", "INVERTED", {"json_path": "j", "json_cast_type": "JSON"}), ("$meta", "INVERTED", {"json_path": "color", "json_cast_type": "JSON"})],
    "JSON_BELOW_A_PATH": [("j", "AUTOINDEX", {"json_path": 'j["a"]', "json_cast_type": "json"})],
    "BITMAP": [(f, "BITMAP", {}) for f in ("b", "i8", "i16", "i32", "i64", "s", "ab", "ai", "as_")] + json_indexes("BITMAP", ["BOOL", "VARCHAR"]),
    "STL_SORT": [(f, "STL_SORT", {}) for f in ("i8", "i16", "i32", "i64", "f", "d", "s", "ts")] + json_indexes("STL_SORT", ["VARCHAR", "DOUBLE"]),
    "TRIE": [("s", "TRIE", {})],
    "NGRAM": [("s", "NGRAM", GRAMS)] + json_indexes("NGRAM", ["VARCHAR"], **GRAMS),
    "RTREE": [("geo", "RTREE", {})],
    "AUTOINDEX": [(f, "AUTOINDEX", {}) for f in [*PLAIN, *ARRAYS, "ts", "geo"]] + json_indexes("AUTOINDEX", ["DOUBLE", "BOOL"]),
}  # fmt: skip

FILTERS = [
    "b == true", "b != true", "i8 == 3", "i8 != 3", "i16 in [1, 5, 9]", "i16 not in [1, 5, 9]", "i32 > 980", "10 <= i64 < 30",
    "i64 == 77", "i64 != 77 and i8 == 2", "f < 0.5", "f == 2.25", "0.5 < d <= 0.75", "d in [1.25, 3.5]", "s == 'w17'", "s != 'w17'",
    "s in ['w1', 'w2', 'none']", "s like 'w1%'", "s like '%77%'", "s like '%7'", "s like 'w_7%'", "'w2' <= s < 'w3'", "s is null", "i8 is not null",
    "not (i8 == 3)", "i8 == 3 or s like 'w9%'", "ts > ISO '2025-01-01T00:40:00Z'", "ts == ISO '2025-01-01T00:01:00Z'",
    "array_contains(ai, 7)", "array_contains_all(ai, [1, 7])", "array_contains_any(as_, ['x3', 'x4'])", "array_contains(af, 2.5)", "array_contains(ab, true)",
    "not array_contains(ai, 7)",
    'j["a"] == 5', 'j["a"] != 5', 'j["a"] > 8.5', 'j["a"] == "w5"', 'j["a"] in ["w5", "w6"]', 'j["a"] == true', 'j["a"] like "%5%"', 'not (j["a"] == 5)',
    'json_contains(j["a"], 5)', 'json_contains_any(j["a"], ["w5"])', 'color == "w5"', "color == 5", "color == true", 'json_contains(color, "w5")',
    'j["a"] == 9007199254740993', 'j["a"]["x"] == 1', 'j["a"]["x"] != 1', 'j["a"] == "w5" and j["a"] != "w6"', 'exists j["a"]', 'j["a"] is null',
    'j["a"] is not null', 'exists j["a"]["x"]', 'j["a"]["x"] is null', 'exists j["b"]', "exists color", "color is null", "ai is null", "geo is not null",
    'j["a"] like "w1%"', '0 < j["a"] <= 2.5', 'json_contains_all(j["a"], [5, 7])', 'not json_contains(j["a"], 5)',
    "st_within(geo, 'POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))')", "st_intersects(geo, 'POINT (30 10)')", "st_dwithin(geo, 'POINT (50 10)', 200000)",
    "i8 == 3 and i16 == 3 and s like 'w1%'", "i64 == 77 and s == 'w77'", "s == 'w17' and not (i8 == 3)", 'i16 == 9 and j["a"] == 5 and b == true',
    "(i8 == 2 and i16 == 9) or (i64 in [3, 203, 1003] and s == 'w3')", "s == 'w17' and (i8 == 3 or array_contains(ai, 7))",
]  # fmt: skip


def rows():
    rng = random.Random(7)

    def json(i):
        return rng.choice([i % 11, (i % 11) / 2, f"w{i % 11}", i % 2 == 0, [i % 11, 5], [f"w{i % 11}", 5], None, {"x": 1}, 9007199254740993])

    def or_null(value):
        return None if rng.random() < 0.1 else value

    return [
        {
            "id": i, "vector": [0.0, 1.0], "b": or_null(i % 3 == 0), "i8": or_null(i % 7), "i16": or_null(i % 100), "i32": or_null(i % 1000),
            "i64": or_null(i), "f": or_null(i % 40 / 4), "d": or_null(i / 16), "s": or_null(f"w{i % 200}"),
            "ts": or_null(f"2025-01-01T00:{i // 60 % 60:02}:{i % 60:02}Z"), "ab": or_null([i % 2 == 0] * (i % 3)),
            "ai": or_null([i % 10, 1][: i % 3]), "af": or_null([i % 10 / 4, 2.5][: i % 3]), "as_": or_null([f"x{i % 10}", "x"][: i % 3]),
            "geo": or_null(f"POINT ({i % 60} {i // 60})"), "j": or_null({"a": json(i)}), "color": json(i),
        }
        for i in range(ROWS)
    ]  # fmt: skip


def make(client, name):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    for field, kind in PLAIN.items():
        schema.add_field(field, kind, nullable=True, **({"max_length": 64} if kind == DataType.VARCHAR else {}))
    for field, kind in ARRAYS.items():
        more = {"max_length": 64} if kind == DataType.VARCHAR else {}
        schema.add_field(field, DataType.ARRAY, element_type=kind, max_capacity=8, nullable=True, **more)
    schema.add_field("ts", DataType.TIMESTAMPTZ, nullable=True)
    schema.add_field("geo", DataType.GEOMETRY, nullable=True)
    schema.add_field("j", DataType.JSON, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")


def add_indexes(client, name, indexes):
    names = []
    for field, type_, params in indexes:
        described = client.prepare_index_params()
        names.append(f"x_{field.strip('$')}_{len(names)}")
        described.add_index(field_name=field, index_type=type_, index_name=names[-1], params=params)
        client.create_index(name, described, sync=False)
    return names


def answers(client, name):
    return {f: sorted(row["id"] for row in client.query(name, filter=f, output_fields=["id"])) for f in FILTERS}


@pytest.fixture(scope="module")
def expected(client):
    """What a collection without indexes answers."""
    name = "scalar_index_none"
    make(client, name)
    client.insert(name, rows())
    client.flush(name)
    wait_for_index(client, name)
    found = answers(client, name)
    assert sum(map(len, found.values())) > ROWS, "the filters find something"
    yield found
    client.drop_collection(name)


def check_indexes(client, name, indexes, names):
    for (field, type_, params), index in zip(indexes, names, strict=True):
        described = wait_for_index(client, name, index)
        assert (described["index_type"], described["total_rows"], described["indexed_rows"]) == (type_, ROWS, ROWS)
        assert described["field_name"] == ("color" if field == "$meta" else field)
        for key, value in params.items():
            assert described[key] == str(value)


@pytest.mark.parametrize("first", ["rows", "indexes"])
@pytest.mark.parametrize("kind", SETS)
def test_filters_find_the_same_rows_with_each_index(client, name, expected, kind, first):
    make(client, name)
    if first == "indexes":
        names = add_indexes(client, name, SETS[kind])
        client.insert(name, rows())
        client.flush(name)
    else:
        client.insert(name, rows())
        client.flush(name)
        names = add_indexes(client, name, SETS[kind])
    check_indexes(client, name, SETS[kind], names)
    assert answers(client, name) == expected
    for index in names:  # Of a loaded collection, too.
        client.drop_index(name, index)
    assert client.list_indexes(name) == ["vector"]
    assert answers(client, name) == expected


def test_deleted_and_growing_rows_are_seen_as_they_are(client, name, expected):
    make(client, name)
    names = add_indexes(client, name, SETS["INVERTED"])
    client.insert(name, rows())
    client.flush(name)
    check_indexes(client, name, SETS["INVERTED"], names)
    client.delete(name, filter="i8 == 3")
    assert client.query(name, filter="i8 == 3") == []
    client.insert(name, [{**rows()[3], "id": ROWS + 1, "i8": 3}])
    assert [row["id"] for row in client.query(name, filter="i8 == 3", output_fields=["id"])] == [ROWS + 1]


def index_files(server):
    return [path for path in (server.data_dir / "data/files/index_files").rglob("*") if path.is_file()]


def test_survives_restarts_kills_and_damage(tmp_path, expected):
    with Server(tmp_path / "data") as server:
        client = MilvusClient(server.uri, timeout=30)
        make(client, "c")
        client.insert("c", rows())
        client.flush("c")
        names = add_indexes(client, "c", SETS["AUTOINDEX"])
        server.kill()  # Whatever is half built is built anew.
        client.close()
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        check_indexes(client, "c", SETS["AUTOINDEX"], names)
        assert answers(client, "c") == expected
        client.close()
        server.stop()
        files = index_files(server)
        assert len(files) == len(names)
        for path in files:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 0x10
            path.write_bytes(content)
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        assert answers(client, "c") == expected
        # Built anew, one after the other, as other files.
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (set(index_files(server)) & set(files) or len(index_files(server)) < len(names)):
            time.sleep(0.1)  # Nothing tells a client.
        check_indexes(client, "c", SETS["AUTOINDEX"], names)
        assert not set(index_files(server)) & set(files)
        assert answers(client, "c") == expected
        client.close()


def test_merged_segments_come_with_their_indexes(client, name, expected):
    make(client, name)
    names = add_indexes(client, name, SETS["STL_SORT"])
    whole = rows()
    for begin in (0, ROWS // 2):
        client.insert(name, whole[begin : begin + ROWS // 2])
        client.flush(name)
    job = client.compact(name)
    deadline = time.monotonic() + 60
    while client.get_compaction_state(job) != "Completed" and time.monotonic() < deadline:
        time.sleep(0.05)  # The client can only poll.
    check_indexes(client, name, SETS["STL_SORT"], names)
    assert answers(client, name) == expected


def test_the_same_by_blocks_from_disk(client, name, expected):
    make(client, name)
    client.insert(name, rows())
    client.flush(name)
    client.release_collection(name)
    indexes = [*SETS["INVERTED"], SETS["JSON"][0]]
    names = add_indexes(client, name, indexes)
    check_indexes(client, name, indexes, names)
    for index in names:
        client.alter_index_properties(name, index, {"mmap.enabled": True})
    client.load_collection(name)
    assert answers(client, name) == expected


def test_what_does_not_fit_is_refused(client, name):
    make(client, name)
    for field, type_, params, words in [
        ("f", "BITMAP", {}, "bitmap index are only supported on bool, int, string"),
        ("b", "STL_SORT", {}, "STL_SORT are only supported on numeric, varchar or timestamptz field"),
        ("i8", "TRIE", {}, "TRIE are only supported on varchar field"),
        ("s", "NGRAM", {}, "must specify both min_gram and max_gram"),
        ("s", "NGRAM", {"min_gram": 3, "max_gram": 2}, "invalid min_gram or max_gram value"),
        ("geo", "INVERTED", {}, "INVERTED are not supported on Geometry field"),
        ("s", "RTREE", {}, "RTREE index can only be built on geometry field"),
        ("i8", "HYBRID", {}, "invalid index type: HYBRID"),
        ("j", "INVERTED", {"json_path": 'j["a"]'}, "json index must specify cast type"),
    ]:
        with refused(words, 1100):
            add_indexes(client, name, [(field, type_, params)])


def test_autoindex_follows_the_settings(tmp_path, name):
    env = {"SCALARAUTOINDEX_PARAMS_BUILD": '{"varchar": "TRIE", "int": "INVERTED"}'}
    with Server(tmp_path / "data", env=env) as server:
        client = MilvusClient(server.uri)
        make(client, name)
        client.insert(name, rows())
        client.flush(name)
        names = add_indexes(client, name, [("s", "AUTOINDEX", {}), ("i64", "AUTOINDEX", {}), ("d", "AUTOINDEX", {})])
        for index in names:
            wait_for_index(client, name, index)
            assert client.describe_index(name, index)["index_type"] == "AUTOINDEX"
        for filter, kind in [("s == 'w17'", "TRIE"), ("i64 == 77", "INVERTED"), ("d == 1.25", "HYBRID")]:
            series = f'elanus_filter_leaves_total{{node_id="1",segment_state="Sealed",answered_by="{kind}"}}'
            for _ in range(200):
                client.query(name, filter=filter, output_fields=["id"])
                if server.metrics().get(series, 0) > 0:
                    break
                time.sleep(0.05)
            else:
                pytest.fail(f"no {kind} answered {filter}")
        client.close()


def test_growing_rows_that_filters_look_at_are_indexed(client, server, name):
    make(client, name)
    add_indexes(client, name, [("j", "INVERTED", {"json_path": "j", "json_cast_type": "JSON"}), ("s", "INVERTED", {})])
    more = [{**row, "id": row["id"] + ROWS * i} for i in range(4) for row in rows()]
    for begin in range(0, len(more), ROWS):
        client.insert(name, more[begin : begin + ROWS])
    texts = 'j["a"]["x"] == 1 and s like "%7%"'
    expected = [row["id"] for row in more if row["j"] and row["j"]["a"] == {"x": 1} and row["s"] and "7" in row["s"]]
    series = 'elanus_filter_leaves_total{node_id="1",segment_state="Growing",answered_by="INVERTED"}'
    before = server.metrics().get(series, 0)
    for _ in range(400):
        assert sorted(row["id"] for row in client.query(name, filter=texts, output_fields=["id"])) == expected
        if server.metrics().get(series, 0) > before + 10:
            break
    else:
        pytest.fail("columns answered 400 times")
    client.delete(name, filter=f"id < {ROWS}")
    left = [id for id in expected if id >= ROWS]
    assert sorted(row["id"] for row in client.query(name, filter=texts, output_fields=["id"])) == left
    client.flush(name)
    assert sorted(row["id"] for row in client.query(name, filter=texts, output_fields=["id"])) == left
