"""How a filter is evaluated: on the management port, by the command line, and in answers."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from pymilvus import DataType
from search_test import wait_for_index

from harness.client import index_params
from harness.server import run_command
from harness.wire import status_of

ROWS = 20_000
SEALED = 16_500  # The rest is inserted behind the flush.


@pytest.fixture(scope="module")
def table(client):
    name = "explained"
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("n", DataType.INT64, nullable=True)
    schema.add_field("s", DataType.VARCHAR, max_length=20)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    rows = [{"id": i, "n": i % 100 if i % 7 else None, "s": f"s{i % 10}", "vector": [i, 0.0]} for i in range(ROWS)]
    client.insert(name, rows[:SEALED])
    client.flush(name)
    client.insert(name, rows[SEALED:])
    yield name
    client.drop_collection(name)


def page(server, **parameters):
    try:
        with urllib.request.urlopen(f"{server.http}/_elanus/filter/explain?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_every_step_says_what_it_saw(server, table):
    status, plan = page(server, collection=table, filter="s == 's3' and id < 100 and n is not null", analyze="true")
    assert status == 200 and plan["analyzed"] is True, plan
    segments = {segment["state"]: segment for segment in plan["segments"]}
    sealed, growing = segments["sealed"], segments["growing"]
    assert sealed["rows"] == SEALED and growing["rows"] == ROWS - SEALED
    assert sealed["matched"] == len([i for i in range(100) if i % 10 == 3 and i % 7])
    assert growing["matched"] == 0
    # Two of the three zones hold no id below 100: their runs are passed over.
    assert 0 < sealed["runs_by_zones"] < sealed["runs"]
    root, *steps = sealed["steps"]
    assert root["step"] == "and" and root["rows_true"] == sealed["matched"]
    assert [step["depth"] for step in steps] == [1, 1, 1]
    assert {step["step"] for step in steps} == {'s == "s3"', "id < 100", "n is not null"}
    by_text = {step["step"]: step for step in steps}
    assert by_text["id < 100"]["estimated_part"] == pytest.approx(100 / SEALED, abs=0.01)
    assert by_text['s == "s3"']["estimated_part"] == pytest.approx(0.1, abs=0.03)
    asked = [step["rows_asked"] for step in steps]
    assert asked == sorted(asked, reverse=True), "later steps see fewer rows"


def test_without_analyze_nothing_runs(server, table):
    status, plan = page(server, collection=table, filter="n > 5 or s like '%3'")
    assert status == 200 and plan["analyzed"] is False
    for segment in plan["segments"]:
        assert "matched" not in segment
        assert all("rows_asked" not in step for step in segment["steps"])
        assert [step["step"] for step in segment["steps"]][0] == "or"


def test_a_step_names_the_index_that_answered(client, server, table):
    described = client.prepare_index_params()
    described.add_index(field_name="s", index_type="INVERTED", index_name="by_s")
    client.create_index(table, described, sync=False)
    wait_for_index(client, table, "by_s")
    for _ in range(100):  # The index is used a moment after it is built.
        plan = page(server, collection=table, filter="s like '%3%'", analyze="true")[1]
        named = {segment["state"]: segment["steps"][0].get("index", "") for segment in plan["segments"]}
        if named["sealed"]:
            break
        time.sleep(0.1)
    assert "INVERTED" in named["sealed"] and named["growing"] == ""
    client.drop_index(table, "by_s")



@pytest.mark.parametrize("parameters, status, gist", [
    ({"collection": "nobody", "filter": "id > 1"}, 404, "nobody"),
    ({"collection": "explained", "db": "nowhere", "filter": "id > 1"}, 404, "nowhere"),
    ({"collection": "explained", "filter": "id >"}, 400, "cannot parse expression"),
    ({"filter": "id > 1"}, 400, "collection"),
    ({"collection": "explained", "filter": "id > 1", "analyse": "true"}, 400, "analyse"),
    ({"collection": "explained", "filter": "id > 1", "analyze": "maybe"}, 400, "analyze"),
])  # fmt: skip
def test_what_cannot_be_explained(server, table, parameters, status, gist):
    answer = page(server, **parameters)
    assert answer[0] == status and gist in answer[1]["error"], answer


def test_a_broken_query_string(server):
    for text in ("%", "%zz", "a=%f", "collection=a&collection=b"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{server.http}/_elanus/filter/explain?{text}", timeout=5)
        assert caught.value.code == 400, text


def test_the_command_line_prints_the_same(server, table):
    command = ["explain", "filter", "--server", server.http.removeprefix("http://"), "--collection", table]
    done = run_command(*command, "--filter", "s == 's3' and id < 100", "--analyze")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert sum(segment["matched"] for segment in plan["segments"]) == 10
    wrong = run_command(*command, "--filter", "s =")
    assert wrong.returncode != 0 and "cannot parse expression" in wrong.stderr


def test_answers_carry_it_on_demand(client, wire, table):
    from pymilvus.grpc_gen import common_pb2, milvus_pb2

    request = milvus_pb2.QueryRequest(collection_name=table, expr="id < 5", output_fields=["id"])
    request.query_params.append(common_pb2.KeyValuePair(key="elanus.explain", value="true"))
    answer = wire("Query", request)
    assert status_of(answer).code == 0, status_of(answer)
    plan = json.loads(status_of(answer).extra_info["elanus.explain"])
    assert plan["filter"] == "id < 5" and sum(segment["matched"] for segment in plan["segments"]) == 5


def test_a_page_of_a_query_needs_only_its_first_keys(client, table):
    found = client.query(table, filter="n >= 0", limit=5, offset=3, output_fields=["id"])
    keys = [i for i in range(ROWS) if i % 7]
    assert [row["id"] for row in found] == keys[3:8]
    # Over the border between the sealed rows and those behind them.
    client.upsert(table, [{"id": 1, "n": 1, "s": "s1", "vector": [1.0, 0.0]}])
    found = client.query(table, filter="s == 's1'", limit=3, output_fields=["id", "s"])
    assert [row["id"] for row in found] == [1, 11, 21]
