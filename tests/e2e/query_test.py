"""Query, get, count, upsert, delete: exact answers in key order."""

import json
import random

import pytest
from pymilvus import DataType

from harness.client import count, index_params, plain, refused, simple_schema

pytestmark = pytest.mark.core


def ids(client, name, text, **options):
    return [r["id"] for r in client.query(name, filter=text, **options)]


def rows(numbers, **extra):
    return [{"id": i, "vector": [float(i)] * 8, "n": i} | extra for i in numbers]


def test_order_limit_and_offset(client, simple):
    numbers = list(range(100))
    random.Random(1).shuffle(numbers)
    for begin in range(0, 100, 25):
        client.insert(simple, rows(numbers[begin : begin + 25]))
        if begin == 50:
            client.flush(simple)
    assert ids(client, simple, "id >= 0") == list(range(100))
    assert ids(client, simple, "", limit=10) == list(range(10))
    assert ids(client, simple, "id >= 20", limit=10, offset=5) == list(range(25, 35))
    assert ids(client, simple, "id >= 95", limit=100, offset=3) == [98, 99]


def test_count(client, simple):
    assert count(client, simple) == 0
    client.insert(simple, rows(range(30)))
    client.flush(simple)
    client.insert(simple, rows(range(30, 40)))
    assert count(client, simple) == 40
    client.delete(simple, ids=[1, 35, 999])
    assert count(client, simple) == 38
    assert client.query(simple, filter="id < 10", output_fields=["count(*)"])[0]["count(*)"] == 9
    assert client.query(simple, filter="id < 10", output_fields=["COUNT(*)"])[0]["count(*)"] == 9


def test_get_by_key(client, simple):
    client.insert(simple, rows(range(5), word="x"))
    assert plain(client.get(simple, ids=[3, 1, 77], output_fields=["word"])) == [{"id": 1, "word": "x"}, {"id": 3, "word": "x"}]


@pytest.mark.parametrize(
    "options, text",
    [
        ({"filter": ""}, "empty expression should be used with limit"),
        ({"filter": "", "limit": 10, "offset": 16380}, "max query result window"),
        ({"filter": "", "limit": 5, "output_fields": ["count(*)"]}, "pagination is not allowed"),
        ({"filter": "id <"}, "cannot parse expression"),
        ({"filter": "id", "limit": 1}, "not a boolean expression"),
        ({"filter": "id > 0", "partition_names": ["nope"]}, "nope"),
        ({"filter": "id > 0", "limit": 20000}, "max query result window"),
    ],
)
def test_bad_queries_say_what_is_wrong(client, simple, options, text):
    with refused(text):
        client.query(simple, **options)


def test_filter_errors_point_at_the_place(client, simple):
    with refused("cannot parse expression") as caught:
        client.query(simple, filter="id > 5 and and id < 7")
    assert "id > 5 and and id < 7" in caught.value.message
    assert "11" in caught.value.message or "12" in caught.value.message, caught.value.message


def test_plain_insert_of_an_existing_key(client, simple):
    """No duplicate check: the newest version is read, and count(*) counts rows (contract/query.md 3.1)."""
    client.insert(simple, rows([1, 2], v="old"))
    client.flush(simple)
    client.insert(simple, rows([1], v="new"))
    assert plain(client.query(simple, filter="id == 1", output_fields=["v"])) == [{"id": 1, "v": "new"}]
    assert ids(client, simple, "id > 0") == [1, 2]
    assert count(client, simple) == 3
    hits = client.search(simple, [[1.0] * 8], limit=10)[0]
    assert [h["id"] for h in hits] == [1, 2]
    client.delete(simple, ids=[1])
    assert ids(client, simple, "id > 0") == [2] and count(client, simple) == 1


@pytest.mark.parametrize("flush_between", [False, True])
def test_upsert_replaces_exactly(client, simple, flush_between):
    client.insert(simple, rows(range(20), v="a"))
    if flush_between:
        client.flush(simple)
    result = client.upsert(simple, rows(range(15, 25), v="b"))
    assert result["upsert_count"] == 10
    if flush_between:
        client.flush(simple)
    assert count(client, simple) == 25
    found = client.query(simple, filter="id >= 0", output_fields=["v"])
    assert [r["v"] for r in found] == ["a"] * 15 + ["b"] * 10
    assert ids(client, simple, 'v == "a"') == list(range(15))
    hits = client.search(simple, [[16.0] * 8], limit=25)[0]
    assert sorted(h["id"] for h in hits) == list(range(25))


def test_upsert_with_auto_id_gives_a_new_key(client, wire, name):
    from harness.wire import column, status_of

    client.create_collection(name, schema=simple_schema(client, auto_id=True), index_params=index_params(client),
                             consistency_level="Strong")  # fmt: skip
    (old,) = client.insert(name, [{"vector": [1.0] * 8}])["ids"]
    answer = wire("Upsert", collection_name=name, num_rows=1, fields_data=[
        column("id", DataType.INT64, [old]), column("vector", DataType.FLOAT_VECTOR, [[2] * 8], dim=8)])  # fmt: skip
    assert status_of(answer).code == 0, status_of(answer).reason
    (new,) = answer.IDs.int_id.data
    assert new != old and answer.upsert_cnt == 1
    assert ids(client, name, "id > 0") == [new]


def test_upsert_refuses_a_key_twice(wire, simple):
    from harness.wire import column, status_of

    status = status_of(wire("Upsert", collection_name=simple, num_rows=2, fields_data=[
        column("id", DataType.INT64, [1, 1]), column("vector", DataType.FLOAT_VECTOR, [[2] * 8] * 2, dim=8)]))  # fmt: skip
    assert status.code != 0 and "duplicate primary keys are not allowed in the same batch" in status.reason


def test_partial_update_keeps_the_other_fields(client, name):
    schema = simple_schema(client)
    schema.add_field("a", DataType.INT64, nullable=True)
    schema.add_field("b", DataType.VARCHAR, max_length=20, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    client.insert(name, [{"id": 1, "vector": [1.0] * 8, "a": 1, "b": "one"}])
    client.upsert(name, [{"id": 1, "a": 2}], partial_update=True)
    (row,) = client.query(name, filter="id == 1", output_fields=["a", "b", "vector"])
    assert (row["a"], row["b"], row["vector"]) == (2, "one", [1.0] * 8)


def test_delete_by_filter_counts_what_it_hit(client, simple):
    client.insert(simple, rows(range(50)))
    client.flush(simple)
    client.insert(simple, rows(range(50, 60)))
    assert client.delete(simple, filter="n >= 45 and n < 55")["delete_count"] == 10
    assert ids(client, simple, "id >= 0") == [*range(45), *range(55, 60)]
    assert client.delete(simple, ids=[0, 1, 1000])["delete_count"] == 3
    assert count(client, simple) == 48


def test_deleted_keys_stay_away_and_may_come_again(client, simple):
    client.insert(simple, rows(range(10), v=1))
    client.delete(simple, ids=[4])
    client.flush(simple)
    assert 4 not in ids(client, simple, "id >= 0")
    client.insert(simple, rows([4], v=2))
    assert plain(client.query(simple, filter="id == 4", output_fields=["v"])) == [{"id": 4, "v": 2}]
    client.flush(simple)
    client.delete(simple, ids=[4])
    client.flush(simple)
    assert ids(client, simple, "id >= 0") == [0, 1, 2, 3, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("text", ["", "id > {x}"])
def test_bad_deletes(wire, simple, text):
    from harness.wire import status_of

    status = status_of(wire("Delete", collection_name=simple, expr=text))
    assert status.code != 0
    assert ("delete plan can't be empty" if not text else "failed to create delete plan") in status.reason


def test_random_history_agrees_with_a_dictionary(client, simple):
    """Insert of new keys, upsert, delete, flush, at random; after each the whole content is compared."""
    rng, model = random.Random(42), {}
    for step in range(60):
        action = rng.choice(["insert", "upsert", "upsert", "delete", "flush"])
        keys = rng.sample(range(80), rng.randint(1, 12))
        if action == "insert":
            keys = [k for k in keys if k not in model]
        if action in ("insert", "upsert") and keys:
            batch = [{"id": k, "vector": [float(k)] * 8, "step": step} for k in keys]
            getattr(client, action)(simple, batch)
            model |= {k: step for k in keys}
        elif action == "delete":
            client.delete(simple, ids=keys)
            for k in keys:
                model.pop(k, None)
        elif action == "flush" and step % 3 == 0:
            client.flush(simple)
        found = client.query(simple, filter="id >= 0", output_fields=["step"])
        assert {r["id"]: r["step"] for r in found} == model, f"after step {step}: {action} {keys}"
        assert count(client, simple) == len(model)
        hits = client.search(simple, [[0.0] * 8], limit=100)[0]
        assert [h["id"] for h in hits] == sorted(model)


def test_large_answers_keep_their_text(client, simple):
    text = "x" * 5000
    client.insert(simple, [{"id": i, "vector": [0.0] * 8, "t": text} for i in range(1000)])
    found = client.query(simple, filter="id >= 0", output_fields=["t"])
    assert len(found) == 1000 and all(r["t"] == text for r in found)
    assert json.dumps(found[0])


def test_random_samples(client, simple):
    client.insert(simple, rows(range(400)))
    client.flush(simple)
    client.insert(simple, rows(range(400, 600)))
    assert count(client, simple) == 600
    drawn = [tuple(ids(client, simple, "random_sample(0.1)")) for _ in range(3)]
    # A part of each segment, another one each time.
    assert {len(sample) for sample in drawn} == {60} and len(set(drawn)) > 1
    assert all(i >= 500 for i in ids(client, simple, "id >= 500 and random_sample(0.5)"))
    assert len(ids(client, simple, "id == 7 and random_sample(0.01)")) == 1
    assert client.query(simple, filter="random_sample(0.5)", output_fields=["count(*)"])[0]["count(*)"] == 300
    hits = client.search(simple, [[0.0] * 8], filter="random_sample(0.02)", limit=100)[0]
    assert len(hits) == 12
    for text in ("random_sample(1)", "random_sample(0.5) or id > 5", "random_sample(2.0)"):
        with refused("sample", 1100):
            client.query(simple, filter=text)


def test_regular_expressions_and_bits(client, simple):
    client.insert(simple, [{"id": i, "vector": [0.0] * 8, "word": f"w{i:03}"} for i in range(40)])
    assert ids(client, simple, r'word =~ "^w0[12]5$"') == [15, 25]
    assert ids(client, simple, r'word !~ r"\d[0-8]$"') == [9, 19, 29, 39]
    assert ids(client, simple, "(id & 7) == 7") == [7, 15, 23, 31, 39]
    with refused("invalid regular expression", 1100):
        client.query(simple, filter='word =~ "("')
