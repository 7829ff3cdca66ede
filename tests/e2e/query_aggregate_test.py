"""Aggregates, groups and orders of a query against a model in Python, growing, flushed and mixed."""

import random

import pymilvus
import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2

from harness.client import index_params, refused
from harness.wire import pairs, status_of

pytestmark = pytest.mark.core
SLOTS = ("long_data", "int_data", "double_data", "float_data", "string_data", "bool_data")


def values_of(column):
    data = getattr(column.scalars, next(s for s in SLOTS if column.scalars.HasField(s))).data
    valid = column.valid_data or [True] * len(data)
    return [value if known else None for value, known in zip(data, valid, strict=True)]


class Asker:
    """Clients before 3.0 do not send these options: their requests are written by hand."""

    def __init__(self, client, wire, name):
        self.client, self.wire, self.name = client, wire, name

    def __call__(self, output_fields, filter="id >= 0", **options):
        if pymilvus.__version__ >= "3":
            return [dict(row) for row in self.client.query(self.name, filter, output_fields, **options)]
        for key in ("group_by_fields", "order_by_fields"):
            if key in options:
                options[key] = ",".join(options[key])
        answer = self.wire("Query", milvus_pb2.QueryRequest(
            collection_name=self.name, expr=filter, output_fields=output_fields, query_params=pairs(**options)))  # fmt: skip
        if status_of(answer).code:
            raise pymilvus.MilvusException(status_of(answer).code, status_of(answer).reason)
        names = [column.field_name for column in answer.fields_data]
        columns = [values_of(column) for column in answer.fields_data]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.fixture
def ask(client, wire, name):
    return Asker(client, wire, name)


def make(client, name):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("word", DataType.VARCHAR, max_length=20, nullable=True)
    schema.add_field("small", DataType.INT8)
    schema.add_field("big", DataType.INT64, nullable=True)
    schema.add_field("real", DataType.DOUBLE, nullable=True)
    schema.add_field("flag", DataType.BOOL)
    schema.add_field("data", DataType.JSON)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")


def rows_of(seed, count=600):
    pick = random.Random(seed)
    return [
        {"id": i, "vector": [float(i), 0.0], "word": pick.choice(["tea", "milk", "water", None]), "small": pick.randrange(-3, 4),
         "big": pick.choice([None, pick.randrange(-(10**12), 10**12)]), "real": pick.choice([None, pick.randrange(100) / 4]),
         "flag": bool(i % 2), "data": {"n": i}, "extra": i}
        for i in range(count)
    ]  # fmt: skip


def fill(client, name, rows):
    """A third in segment files, a third deleted or written again, the rest in memory."""
    client.insert(name, rows[:200])
    client.flush(name)
    client.insert(name, rows[200:])
    gone = [row["id"] for row in rows[::10]]
    client.delete(name, ids=gone)
    return [row for row in rows if row["id"] % 10]


def aggregate(rows, function, field):
    if function == "count":
        return len(rows) if field == "*" else sum(row[field] is not None for row in rows)
    values = [row[field] for row in rows if row[field] is not None]
    if not values:
        return None
    return {"sum": sum, "min": min, "max": max, "avg": lambda v: sum(v) / len(v)}[function](values)


def same(expected, found):
    return expected == found or (isinstance(expected, float) and abs(expected - found) <= 1e-9 * abs(expected))


CALLS = ["count(*)", "count(big)", "sum(big)", "sum(small)", "sum(real)", "avg(small)", "avg(real)", "min(word)",
         "max(big)", "min(real)", "MAX(small)"]  # fmt: skip


def parse(call):
    function, field = call.rstrip(")").split("(")
    return function.lower(), field


def test_aggregates_without_groups(client, ask, name):
    make(client, name)
    rows = fill(client, name, rows_of(1))
    [found] = ask(CALLS)
    for call in CALLS:
        assert same(aggregate(rows, *parse(call)), found[call]), call
    [found] = ask(["max(id)", "count(*)"], filter="small > 1")
    assert found == {"max(id)": max(r["id"] for r in rows if r["small"] > 1), "count(*)": sum(r["small"] > 1 for r in rows)}


def test_aggregates_of_nothing(client, ask, name):
    make(client, name)
    calls = ["count(*)", "count(big)", "sum(big)", "avg(real)", "min(word)"]
    assert ask(calls) == [{"count(*)": 0, "count(big)": 0, "sum(big)": None, "avg(real)": None, "min(word)": None}]
    assert ask(["word", "count(*)"], group_by_fields=["word"]) == []


@pytest.mark.parametrize("groups", [["word"], ["small"], ["small", "word"], ["big"]])
def test_groups_agree_with_a_dictionary(client, ask, name, groups):
    make(client, name)
    rows = fill(client, name, rows_of(2))
    expected = {}
    for row in rows:
        expected.setdefault(tuple(row[g] for g in groups), []).append(row)
    found = ask([*groups, *CALLS], group_by_fields=groups)
    assert len(found) == len(expected)
    for row in found:
        members = expected[tuple(row[g] for g in groups)]
        for call in CALLS:
            assert same(aggregate(members, *parse(call)), row[call]), (row, call)
    # Limit and offset count groups, whose order stays.
    again = ask([*groups, "count(*)"], group_by_fields=groups, limit=3, offset=2)
    assert [tuple(r[g] for g in groups) for r in again] == [tuple(r[g] for g in groups) for r in found][2:5]


def test_groups_in_the_order_of_their_values(client, ask, name):
    make(client, name)
    fill(client, name, rows_of(3))
    found = ask(["word", "small"], group_by_fields=["small", "word"], order_by_fields=["word:desc", "small"], limit=100)
    key = lambda r: (r["word"] is not None, [-ord(c) for c in r["word"] or ""], r["small"])  # noqa: E731
    assert found == sorted(found, key=key) and len(found) == 28


def sort_rows(rows, terms):
    for term in reversed(terms):
        field, direction, nulls = (term.split(":") + ["asc", ""])[:3] if ":" in term else (term, "asc", "")
        first = nulls == "nulls_first" if nulls.startswith("nulls") else direction == "desc"
        present = sorted((r for r in rows if r[field] is not None), key=lambda r: r[field], reverse=direction == "desc")
        if direction == "desc":  # Stable, as the others.
            present = sorted((r for r in rows if r[field] is not None), key=lambda r: r[field])
            groups = {}
            for row in present:
                groups.setdefault(row[field], []).append(row)
            present = [row for value in reversed(list(groups)) for row in groups[value]]
        absent = [r for r in rows if r[field] is None]
        rows = absent + present if first else present + absent
    return rows


@pytest.mark.parametrize(
    "terms",
    [["small"], ["real:desc", "word"], ["word:asc:nulls_first", "big:desc:nulls_last"], ["flag:desc", "id:desc"], ["real"]],
)
def test_rows_in_the_order_of_their_fields(client, ask, name, terms):
    make(client, name)
    rows = fill(client, name, rows_of(4))
    # An old version must not come, wherever the new one would stand.
    changed = [dict(row, small=3, real=None, big=7) for row in rows[5:25]]
    client.upsert(name, changed)
    rows = sorted([r for r in rows if r not in rows[5:25]] + changed, key=lambda r: r["id"])
    expected = [r["id"] for r in sort_rows(rows, terms)]
    for offset, limit in [(0, 10), (7, 40), (300, 500)]:
        found = ask(["id"], order_by_fields=terms, limit=limit, offset=offset)
        assert [r["id"] for r in found] == expected[offset : offset + limit]
    found = ask(["id", "small"], filter="small == 2", order_by_fields=["id:desc"], limit=5)
    assert [r["id"] for r in found] == sorted((r["id"] for r in rows if r["small"] == 2), reverse=True)[:5]


def test_a_sum_beyond_int64_is_an_error(client, ask, name):
    make(client, name)
    client.insert(name, [{"id": i, "vector": [0.0, 0.0], "small": 1, "big": 2**62, "flag": True, "data": {}} for i in range(2)])
    with refused("out of the range of Int64", 1100):
        ask(["sum(big)"])
    assert ask(["avg(big)"]) == [{"avg(big)": 2.0**62}]
    client.delete(name, ids=[1])
    assert ask(["sum(big)"]) == [{"sum(big)": 2**62}]


@pytest.mark.parametrize(
    "fields, options, text",
    [
        (["sum(word)"], {}, "aggregation sum is not supported"),
        (["avg(flag)"], {}, "aggregation avg is not supported"),
        (["sum(extra)"], {}, "field extra not exist"),
        (["count(*)", "word"], {}, "must be one of group_by_fields"),
        (["count(*)", "small"], {"group_by_fields": ["word"]}, "must be one of group_by_fields"),
        (["count(*)"], {"group_by_fields": ["flag"]}, "group by is not supported for field flag"),
        (["count(*)"], {"group_by_fields": ["real"]}, "group by is not supported for field real"),
        (["count(*)"], {"group_by_fields": ["nope"]}, "group by field nope not exist"),
        (["count(*)"], {"limit": 5}, "pagination is not allowed"),
        (["id"], {"order_by_fields": ["small"]}, "ORDER BY requires explicit limit"),
        (["id"], {"order_by_fields": ["data"], "limit": 5}, "order by is not supported for field data"),
        (["id"], {"order_by_fields": ["extra"], "limit": 5}, "order by field extra not exist"),
        (["id"], {"order_by_fields": ["small:up"], "limit": 5}, "order_by_fields [small:up] is invalid"),
        (["small"], {"group_by_fields": ["small"], "order_by_fields": ["word"], "limit": 5}, "must be one of group_by_fields"),
    ],
)
def test_what_cannot_be_asked_is_refused(client, ask, name, fields, options, text):
    make(client, name)
    with refused(text, 1100):
        ask(fields, **options)


def test_hits_of_a_search_in_the_order_of_their_fields(client, name):
    make(client, name)
    rows = {row["id"]: row for row in fill(client, name, rows_of(5))}
    nearest = [hit["id"] for hit in client.search(name, [[300.0, 0.0]], limit=20)[0]]
    for field, value in [("small", lambda i: rows[i]["small"]), ('data["n"]', lambda i: i), ("extra", lambda i: i)]:
        for direction, sign in [("asc", 1), ("desc", -1)]:
            hits = client.search(name, [[300.0, 0.0], [10.0, 0.0]], limit=20, order_by_fields=[{"field": field, "order": direction}])
            found = [hit["id"] for hit in hits[0]]
            assert found == sorted(nearest, key=lambda i: sign * value(i)), (field, direction)
            assert len(hits[1]) == 20
    with refused("order by is not supported for field data"):
        client.search(name, [[0.0, 0.0]], limit=5, order_by_fields=[{"field": "data"}])


def test_groups_of_several_fields_in_a_search(client, name, wire):
    from harness.wire import search_request

    make(client, name)
    rows = {row["id"]: row for row in fill(client, name, rows_of(6))}
    order = sorted(rows, key=lambda i: (abs(i - 300.2), i))
    seen = {}
    for i in order:
        seen.setdefault((rows[i]["word"], rows[i]["small"]), []).append(i)
    request = search_request(name, [[300.2, 0.0]], limit=8)
    request.search_params.extend(pairs(group_by_fields="word, small", group_size=2, strict_group_size=True))
    answer = wire("Search", request)
    assert status_of(answer).code == 0, status_of(answer).reason
    assert list(answer.results.ids.int_id.data) == [i for members in list(seen.values())[:8] for i in members[:2]]
    if pymilvus.__version__ >= "3":
        words, smalls = (values_of(column) for column in answer.results.group_by_field_values)
        assert list(zip(words, smalls, strict=True)) == [
            (rows[i]["word"], rows[i]["small"]) for i in answer.results.ids.int_id.data
        ]
    request = search_request(name, [[0.0, 0.0]], limit=8)
    request.search_params.extend(pairs(group_by_fields="word,data"))
    assert "unsupported data type JSON" in status_of(wire("Search", request)).reason
