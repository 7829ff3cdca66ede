"""Grouping search against a model in Python, growing, flushed and indexed."""

import numpy as np
import pytest
from pymilvus import DataType

from harness.client import index_params, refused
from harness.wire import pairs, search_request

ROWS, DIM = 1500, 8
WORDS = ["tea", "coffee", "milk", "water", "juice"]


def make(client, name, kind="FLAT"):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("word", DataType.VARCHAR, max_length=20, nullable=True)
    schema.add_field("small", DataType.INT8)
    schema.add_field("flag", DataType.BOOL)
    schema.add_field("score", DataType.FLOAT)
    schema.add_field("data", DataType.JSON)
    client.create_collection(name, schema=schema, index_params=index_params(client, kind=kind, metric="L2"),
                             consistency_level="Strong")  # fmt: skip


def rows_of(rng, count=ROWS):
    rows = []
    for i in range(count):
        vector = rng.standard_normal(DIM)
        # Few rows are near the query, and those are of the first word.
        rank = float(np.linalg.norm(vector))
        word = WORDS[0] if rank < 2.5 else WORDS[int(rng.integers(0, 5))]
        rows.append({
            "id": i, "vector": vector.astype(np.float32).tolist(), "word": None if i % 11 == 0 else word,
            "small": int(rng.integers(-3, 30)), "flag": bool(i % 2), "score": 0.5,
            "data": {"a": {"b": int(i % 6)}, "text": WORDS[i % 5]} if i % 7 else {}, "colour": ["red", "blue"][i % 2],
        })  # fmt: skip
    return rows


def expected(hits, key, limit, size, offset=0):
    """ids of the groups: hits nearest first."""
    groups = {}
    for hit in hits:
        groups.setdefault(key(hit), []).append(hit["id"])
    return [ids[:size] for ids in list(groups.values())[offset : offset + limit]]


def split(hits, key):
    out = []
    for hit in hits:
        if not out or key(out[-1][0]) != key(hit):
            out.append([])
        out[-1].append(hit)
    return [[hit["id"] for hit in group] for group in out]


def get(rows, field):
    return lambda hit: rows[hit["id"]][field]


def check(client, name, rows, query, filter=""):
    whole = client.search(name, [query], limit=16384, filter=filter, search_params={"params": {"ef": 16384}})[0]
    for field in ("word", "small", "flag"):
        for limit, offset in ((3, 0), (2, 1), (50, 0)):
            for size in (1, 4, 10):
                found = client.search(name, [query], limit=limit, filter=filter, group_by_field=field, group_size=size,
                                      strict_group_size=True,
                                      search_params={"params": {"ef": 16384}, "offset": offset})[0]  # fmt: skip
                key = get(rows, field)
                assert split(found, key) == expected(whole, key, limit, size, offset), (field, limit, size)
                loose = client.search(name, [query], limit=limit, filter=filter, group_by_field=field, group_size=size,
                                      search_params={"params": {"ef": 16384}, "offset": offset})[0]  # fmt: skip
                for some, all in zip(split(loose, key), expected(whole, key, limit, size, offset), strict=True):
                    assert some == all[: len(some)]


@pytest.mark.parametrize("kind", ["FLAT", "HNSW"])
def test_groups_of_scalars_in_every_state(client, name, kind):
    rng = np.random.default_rng(8)
    rows = rows_of(rng)
    make(client, name, kind)
    query = [0.0] * DIM
    client.insert(name, rows[:600])
    check(client, name, rows, query)
    client.flush(name)
    check(client, name, rows, query)
    client.insert(name, rows[600:])
    client.delete(name, filter="id % 13 == 0")
    check(client, name, rows, query, filter="small != 4")
    client.flush(name)
    check(client, name, rows, query)


def test_groups_by_json_paths_and_dynamic_keys(client, name):
    rng = np.random.default_rng(9)
    rows = rows_of(rng, 400)
    make(client, name)
    client.insert(name, rows)
    query = [0.0] * DIM
    whole = client.search(name, [query], limit=400)[0]

    def grouped(key, **options):
        found = client.search(name, [query], limit=10, group_size=3, strict_group_size=True, **options)[0]
        assert split(found, key) == expected(whole, key, 10, 3)

    def inner(hit):
        return rows[hit["id"]]["data"].get("a", {}).get("b")

    grouped(inner, group_by_field="data", json_path="/a/b", json_type=DataType.INT8)
    grouped(inner, group_by_field="data", json_path="/a/b")
    grouped(inner, group_by_field='data["a"]["b"]')
    grouped(lambda hit: rows[hit["id"]]["data"].get("text"), group_by_field="data", json_path="/text")
    grouped(lambda hit: None, group_by_field="data", json_path="/text", json_type=DataType.INT64)
    grouped(get(rows, "colour"), group_by_field="colour")
    with refused("strict_cast"):
        client.search(name, [query], group_by_field="data", json_path="/a/b", json_type=DataType.INT8, strict_cast=True)


def test_the_answer_holds_the_values_of_groups(client, name, wire):
    rows = rows_of(np.random.default_rng(10), 300)
    make(client, name)
    client.insert(name, rows)

    def ask(**options):
        request = search_request(name, [[0.0] * DIM, [1.0] * DIM], limit=6)
        request.search_params.extend(pairs(**options))
        answer = wire("Search", request)
        assert answer.status.code == 0, answer.status.reason
        assert sum(answer.results.topks) == len(answer.results.ids.int_id.data)
        return answer.results

    results = ask(group_by_field="word")
    values, valid = results.group_by_field_value.scalars.string_data.data, results.group_by_field_value.valid_data
    for id, value, known in zip(results.ids.int_id.data, values, valid, strict=True):
        assert (value if known else None) == rows[id]["word"]
    results = ask(group_by_field="small", group_size="2")
    assert [rows[id]["small"] for id in results.ids.int_id.data] == results.group_by_field_value.scalars.int_data.data
    results = ask(group_by_fields="flag")  # The answer is in a field that clients of 2.6 do not know.
    assert list(results.topks) == [2, 2] and not results.HasField("group_by_field_value")
    results = ask(group_by_field="data", json_path="/a/b", json_type="Int64")
    column = results.group_by_field_value
    for id, value, known in zip(results.ids.int_id.data, column.scalars.long_data.data, column.valid_data, strict=True):
        assert (value if known else None) == rows[id]["data"].get("a", {}).get("b")


def test_what_cannot_be_grouped_is_refused(client, name):
    make(client, name)
    client.insert(name, rows_of(np.random.default_rng(11), 20))
    query = [[0.0] * DIM]
    with refused("exceeds configured max group size", 1100):
        client.search(name, query, group_by_field="word", group_size=11)
    with refused("input group size:-1"):
        client.search(name, query, group_by_field="word", group_size=-1)
    with refused("unsupported data type Float"):
        client.search(name, query, group_by_field="score")
    with refused("unsupported data type FloatVector"):
        client.search(name, query, group_by_field="vector")
    with refused("Not allowed to do range-search", 1100):
        client.search(name, query, group_by_field="word", search_params={"params": {"radius": 1.0}})
    with refused("needs a path"):
        client.search(name, query, group_by_field="data")
