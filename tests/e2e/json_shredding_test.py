"""Frequent JSON paths are columns of sealed segments: the same rows pass, and explain says so."""

import json
import signal
import time
import urllib.parse
import urllib.request

import pytest
from pymilvus import DataType, MilvusClient

from harness.client import index_params
from harness.server import Server

ROWS = 4000
VALUES = [1, 2, 2.0, 2.5, -7, "2", "w2", "", True, None, [1, 2], ["w2"], [], {}, {"x": 1}, 9007199254740993, 2**63 + 5]
FILTERS = [
    'j["n"] < 50', 'j["n"] == 7.0', 'j["n"] != 7', '10 < j["n"] <= 20.5', 'j["n"] in [1, 2, 30]', 'j["n"] not in [1, 2, 30]', 'j["n"] % 10 == 3',
    'j["n"] + 0.5 > 90', 'j["s"] like "v1%"', 'j["s"] == "v3"', 'j["s"] > "v5" and j["n"] > 10', 'j["deep"]["a.b"]["é"] == true', 'exists j["deep"]["a.b"]',
    'j["mixed"] == 2', 'j["mixed"] != 2', 'j["mixed"] == "2"', 'j["mixed"] > 1', 'j["mixed"] == 9007199254740993', 'j["mixed"] in [2, 5]',
    'json_contains(j["mixed"], 2)', 'j["mixed"][1] == 2', 'array_length(j["mixed"]) == 2', 'exists j["mixed"]', 'j["mixed"] is null',
    'j["mixed"]["x"] == 1', 'not (j["mixed"] == 2)', 'j["rare"] == 1', 'j is null', 'colour == "red"', 'colour in ["red", 5] or size > 30', 'exists size',
]  # fmt: skip


def row(i):
    document = {"n": i % 100, "deep": {"a.b": {"é": i % 3 == 0}}, "mixed": VALUES[i % len(VALUES)]}
    if i % 5:
        document["s"] = f"v{i % 20}"
    if i % 40 == 0:
        document["rare"] = 1
    more = {"size": i % 50} if i % 2 else {}
    return {"id": i, "vector": [0.0, 1.0], "j": None if i % 13 == 0 else document, "colour": "red" if i % 4 else i % 9, **more}


def make(client, name):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("j", DataType.JSON, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    client.insert(name, [row(i) for i in range(ROWS)])


def answers(client, name):
    return {f: sorted(r["id"] for r in client.query(name, filter=f, output_fields=["id"])) for f in FILTERS}


def steps(server, name, text):
    query = urllib.parse.urlencode({"collection": name, "filter": text, "analyze": "true"})
    with urllib.request.urlopen(f"{server.http}/_elanus/filter/explain?{query}", timeout=10) as answer:
        return [step for segment in json.load(answer)["segments"] for step in segment["steps"]]


@pytest.fixture(scope="module")
def as_texts(client):
    """What growing rows answer, which are read as texts."""
    make(client, "json_as_texts")
    yield answers(client, "json_as_texts")
    client.drop_collection("json_as_texts")


def test_sealed_rows_answer_as_growing_ones(client, server, as_texts, name):
    make(client, name)
    client.flush(name)
    assert answers(client, name) == as_texts
    assert len(as_texts['j["n"] < 50']) == len([i for i in range(ROWS) if i % 13 and i % 100 < 50])
    for text in ('j["n"] < 50', 'j["deep"]["a.b"]["é"] == true', 'colour == "red"', 'json_contains(j["mixed"], 2)'):
        assert [step["index"] for step in steps(server, name, text)] == ["shredded column"], text
    assert "index" not in steps(server, name, 'j["rare"] == 1')[0]
    client.drop_collection(name)


def test_merged_and_reloaded_rows_answer_the_same(tmp_path, as_texts):
    with Server(tmp_path / "data") as server:
        client = MilvusClient(server.uri)
        make(client, "c")
        client.flush("c")
        client.delete("c", filter="id >= 3990")
        client.insert("c", [row(i) for i in range(3990, ROWS)])
        client.flush("c")
        client.compact("c")
        assert answers(client, "c") == as_texts
        client.release_collection("c")
        client.load_collection("c")
        assert answers(client, "c") == as_texts
    with Server(tmp_path / "data") as server:
        client = MilvusClient(server.uri)
        assert answers(client, "c") == as_texts
        assert steps(server, "c", 'j["n"] < 50')[0]["index"] == "shredded column"
        objects = list((tmp_path / "data").rglob("stats_log/*/*/*/*/*"))
        assert objects, "the columns are objects of their own"
        client.drop_collection("c")


@pytest.mark.parametrize(
    "switch", [{"COMMON_ENABLEDJSONSHREDDING": "false"}, {"COMMON_USINGJSONSHREDDINGFORQUERY": "false"}, {"DATACOORD_JSONSHREDDINGMAXCOLUMNS": "0"}]
)
def test_settings_turn_it_off(tmp_path, as_texts, switch):
    with Server(tmp_path / "data", env=switch) as server:
        client = MilvusClient(server.uri)
        make(client, "c")
        client.flush("c")
        assert answers(client, "c") == as_texts
        assert "index" not in steps(server, "c", 'j["n"] < 50')[0]


def test_few_columns_and_a_high_bar_choose_the_most_frequent(tmp_path):
    with Server(tmp_path / "data", env={"DATACOORD_JSONSHREDDINGRATIOTHRESHOLD": "0.9"}) as server:
        client = MilvusClient(server.uri)
        make(client, "c")
        client.flush("c")
        assert steps(server, "c", 'j["n"] < 50')[0]["index"] == "shredded column"
        assert "index" not in steps(server, "c", 'j["s"] == "v3"')[0]


def test_settings_take_effect_without_a_restart(tmp_path):
    config = tmp_path / "milvus.yaml"

    def set_to(server, text):
        config.write_text(text)
        before = server.log_path.read_bytes().count(b"configuration reloaded")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log_path.read_bytes().count(b"configuration reloaded") > before)

    def index_of(server, name, text):
        return steps(server, name, text)[0].get("index")

    def wait_for(condition):
        for _ in range(200):
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError("it did not come")

    config.write_text("common:\n  enabledJSONShredding: false\n")
    with Server(tmp_path / "data", arguments=["--config", str(config)]) as server:
        client = MilvusClient(server.uri)
        make(client, "c")
        client.flush("c")
        assert index_of(server, "c", 'j["n"] < 50') is None
        wanted = answers(client, "c")
        # Segments written from now on have columns, those of the most frequent paths.
        set_to(server, "dataCoord:\n  jsonShreddingRatioThreshold: 0.9\n")

        made = iter(range(1000))

        def written_anew():
            name = f"d{next(made)}"
            make(client, name)
            client.flush(name)
            found = index_of(server, name, 'j["n"] < 50')
            if found is not None:
                assert found == "shredded column" and index_of(server, name, 'j["s"] == "v3"') is None
                assert answers(client, name) == wanted
            client.drop_collection(name)
            return found is not None

        wait_for(written_anew)
        set_to(server, "")
        make(client, "e")
        client.flush("e")
        assert index_of(server, "e", 'j["n"] < 50') == "shredded column"
        # Loaded segments are read as texts, and as columns again.
        set_to(server, "common:\n  usingJSONShreddingForQuery: false\n")
        wait_for(lambda: index_of(server, "e", 'j["n"] < 50') is None)
        assert answers(client, "e") == wanted
        set_to(server, "")
        wait_for(lambda: index_of(server, "e", 'j["n"] < 50') == "shredded column")
        assert answers(client, "e") == wanted
