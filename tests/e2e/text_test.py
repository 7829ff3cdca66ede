"""Analyzers and text match through pymilvus: what an analyzer makes of a text, and which rows hold which words."""

import random
import time

import pytest
from pymilvus import DataType, MilvusClient

from harness.client import index_params, refused
from harness.server import Server

WORDS = "milvus elanus vector search engine phrase match token quick brown fox lazy dog".split()


def tokens(client, text, params, **options):
    return list(client.run_analyzer(text, params, **options).tokens)


@pytest.mark.parametrize(
    ("params", "text", "expected"),
    [
        ({"type": "standard"}, "Hello, World-wide!", ["hello", "world", "wide"]),
        ({"type": "english"}, "The runners are running", ["runner", "run"]),
        ({"type": "chinese"}, "我来到北京清华大学", ["我", "来到", "北京", "清华", "华大", "大学", "清华大学"]),
        ({"tokenizer": "whitespace", "filter": ["lowercase", "asciifolding"]}, "Über A-B", ["uber", "a-b"]),
        ({"tokenizer": "icu", "filter": ["removepunct"]}, "Hi, there!", ["Hi", "there"]),
        ({"tokenizer": "jieba", "filter": ["cnalphanumonly"]}, "结巴分词，test", ["结巴", "分词", "test"]),
        ({"tokenizer": "standard", "filter": [{"type": "stop", "stop_words": ["of", "_english_"]}]}, "end of it all", ["end", "all"]),
        ({"tokenizer": "standard", "filter": [{"type": "length", "max": 3}]}, "one three two", ["one", "two"]),
        ({"tokenizer": "standard", "filter": [{"type": "stemmer", "language": "german"}]}, "häuser", ["haus"]),
        ({"tokenizer": "standard", "filter": [{"type": "decompounder", "word_list": ["dampf", "schiff"]}]}, "dampfschiff", ["dampf", "schiff"]),
        ({"tokenizer": "standard", "filter": [{"type": "regex", "expr": "^a"}]}, "ab ba", ["ab"]),
        ({"tokenizer": {"type": "lindera", "dict_kind": "ipadic", "mode": "decompose"}, "filter": ["removepunct"]},
         "関西国際空港は、遠い。", ["関西", "国際", "空港", "は", "遠い"]),
        ({"tokenizer": {"type": "language_identifier", "analyzers": {"default": {"tokenizer": "standard"}, "English": {"type": "english"}}}},
         "The children were playing in the garden", ["children", "were", "play", "garden"]),
    ],
)  # fmt: skip
def test_run_analyzer(client, params, text, expected):
    assert tokens(client, text, params) == expected


def test_run_analyzer_details_and_many_texts(client):
    found = client.run_analyzer(["The Quick fox", "", "Über x"], {"type": "standard"}, with_detail=True, with_hash=True)
    assert len(found) == 3 and len(found[1].tokens) == 0
    last = found[2].tokens[1]
    assert (last["token"], last["start_offset"], last["end_offset"], last["position"], last["position_length"]) == ("x", 6, 7, 1, 1)
    assert last["hash"] == 2363233923  # CRC-32 of "x".


STOPS_PARTICLES = {
    "tokenizer": {
        "type": "lindera",
        "dict_kind": "ipadic",
        "filter": [{"kind": "japanese_stop_tags", "tags": ["助詞,係助詞", "助詞,連体化", "助詞,格助詞,一般"]}],
    }
}


def test_japanese_words_have_offsets_in_bytes_and_their_places(client):
    found = client.run_analyzer("東京の夜は長い", STOPS_PARTICLES, with_detail=True)
    assert [(t["token"], t["start_offset"], t["end_offset"], t["position"]) for t in found.tokens] == [("東京", 0, 6, 0), ("夜", 9, 12, 2), ("長い", 15, 21, 4)]


def test_text_match_over_japanese(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("title", DataType.VARCHAR, max_length=1000, enable_analyzer=True, enable_match=True, analyzer_params=STOPS_PARTICLES)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    texts = ["東京の夜は長い", "京都の朝", "東京都に住む", "長い夜の東京"]
    client.insert(name, [{"id": i, "title": text, "vector": [0.0, 1.0]} for i, text in enumerate(texts)])

    def matching(text):
        return sorted(row["id"] for row in client.query(name, filter=text, output_fields=["id"]))

    for flushed in (False, True):
        if flushed:
            client.flush(name)
        # A substring of a word is not the word: 京都 is not in 東京都.
        assert matching('text_match(title, "京都")') == [1]
        assert matching('text_match(title, "夜の東京")') == [0, 2, 3]
        assert matching('text_match(title, "は の に")') == []
        assert matching('phrase_match(title, "夜の東京")') == [3]
    client.drop_collection(name)


def test_dictionaries_that_are_not_there_are_named(client):
    for kind, words in {"ko-dic": "dictionary ko-dic of tokenizer lindera is not on this server", "klingon": "dict_kind of tokenizer lindera must be"}.items():
        with refused(words, 1100):
            client.run_analyzer("x", {"tokenizer": {"type": "lindera", "dict_kind": kind}})


def test_run_analyzer_refuses(client):
    with refused("unknown analyzer tokenizer: cutter", 1100):
        client.run_analyzer("x", {"tokenizer": "cutter"})
    with refused("unknown analyzer option key", 1100):
        client.run_analyzer("x", {"tokenizer": "standard", "filters": []})


def text_schema(client, **title):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("title", DataType.VARCHAR, max_length=1000, nullable=True, **title)
    schema.add_field("lang", DataType.VARCHAR, max_length=20, nullable=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    return schema


def text_rows(first, count, seed):
    rng = random.Random(seed)
    rows = []
    for i in range(first, first + count):
        words = [rng.choice(WORDS) for _ in range(rng.randrange(0, 8))]
        title = None if rng.randrange(9) == 0 else " ".join(w.capitalize() if rng.randrange(4) == 0 else w for w in words)
        rows.append({"id": i, "title": title, "vector": [float(i)] * 4})
    return rows


def holds(title, words, least=1):
    return title is not None and sum(w in title.lower().split() for w in words) >= least


def has_phrase(title, words):
    if title is None:
        return False
    there = title.lower().split()
    return any(there[i : i + len(words)] == words for i in range(len(there) - len(words) + 1))


def check(client, name, rows):
    rng = random.Random(5)
    for _ in range(15):
        words = [rng.choice(WORDS) for _ in range(rng.randrange(1, 4))]
        least = rng.randrange(1, 3)
        text = " ".join(words)
        for expression, passes in [
            (f'text_match(title, "{text}")', lambda t: holds(t, words)),
            (f'text_match(title, "{text}", minimum_should_match={least})', lambda t: holds(t, words, least)),
            (f'phrase_match(title, "{text}")', lambda t: has_phrase(t, words)),
            (f'not text_match(title, "{text}") and id > 5', lambda t: t is not None and not holds(t, words)),
        ]:
            expected = [r["id"] for r in rows if passes(r["title"]) and ("id > 5" not in expression or r["id"] > 5)]
            found = sorted(r["id"] for r in client.query(name, filter=expression))
            assert found == expected, expression
    expression = 'text_match(title, {q}) and phrase_match(title, "quick brown", 2)'
    found = client.query(name, filter=expression, filter_params={"q": "quick fox"})
    assert [r["id"] for r in found] == [r["id"] for r in client.query(name, filter=expression.replace("{q}", '"quick fox"'))]


def create(client, name, **title):
    client.create_collection(name, schema=text_schema(client, **title), index_params=index_params(client), consistency_level="Strong")


def test_match_on_growing_flushed_mixed_and_restarted(tmp_path):
    with Server(tmp_path / "data") as server:
        client = MilvusClient(server.uri, timeout=30)
        create(client, "c", enable_analyzer=True, enable_match=True)
        rows = text_rows(0, 300, 1)
        client.insert("c", rows)
        check(client, "c", rows)
        client.flush("c")
        check(client, "c", rows)
        more = text_rows(300, 200, 2)
        client.insert("c", more)
        rows += more
        check(client, "c", rows)
        client.delete("c", filter='text_match(title, "fox")')
        rows = [r for r in rows if not holds(r["title"], ["fox"])]
        check(client, "c", rows)
        client.release_collection("c")
        client.load_collection("c")
        check(client, "c", rows)
        client.close()
        server.stop()
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        check(client, "c", rows)
        params = client.describe_collection("c")["fields"][1]["params"]
        assert str(params["enable_match"]).lower() == "true" and str(params["enable_analyzer"]).lower() == "true"
        hits = client.search("c", [[1.0] * 4], limit=100, filter='text_match(title, "dog")', output_fields=["title"])[0]
        assert sorted(h["id"] for h in hits) == [r["id"] for r in rows if holds(r["title"], ["dog"])][: len(hits)]
        assert all("dog" in h["entity"]["title"].lower() for h in hits)
        client.close()


def match_files(server):
    return {path for path in (server.data_dir / "data/files/index_files").rglob("TEXT_MATCH") if path.is_file()}


def wait_for_match_files(server, passes):
    deadline = time.monotonic() + 60
    while not passes(match_files(server)) and time.monotonic() < deadline:
        time.sleep(0.1)  # No client is told of them.
    assert passes(match_files(server)), match_files(server)


def test_the_index_of_words_is_a_file_that_survives_restarts_and_damage(tmp_path):
    with Server(tmp_path / "data") as server:
        client = MilvusClient(server.uri, timeout=30)
        create(client, "c", enable_analyzer=True, enable_match=True)
        rows = text_rows(0, 3000, 3)
        client.insert("c", rows)
        client.flush("c")
        wait_for_match_files(server, lambda files: len(files) == 1)
        check(client, "c", rows)
        assert client.list_indexes("c") == ["vector"], "nobody created it"
        server.restart(kill=True)
        client.close()
        client = MilvusClient(server.uri, timeout=30)
        check(client, "c", rows)
        client.close()
        server.stop()
        before = match_files(server)
        (path,) = before
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x10
        path.write_bytes(content)
        server.start()
        client = MilvusClient(server.uri, timeout=30)
        check(client, "c", rows)
        wait_for_match_files(server, lambda files: len(files) == 1 and not files & before)
        check(client, "c", rows)
        # A merged segment comes with its own.
        before = match_files(server)
        more = text_rows(3000, 2000, 4)
        client.insert("c", more)
        client.flush("c")
        job = client.compact("c")
        deadline = time.monotonic() + 60
        while client.get_compaction_state(job) != "Completed" and time.monotonic() < deadline:
            time.sleep(0.05)  # The client can only poll.
        wait_for_match_files(server, lambda files: bool(files - before))
        check(client, "c", rows + more)
        client.drop_collection("c")
        client.close()


def test_match_with_stop_words_and_chinese(client, name):
    create(client, name, enable_analyzer=True, enable_match=True, analyzer_params={"type": "chinese"})
    client.insert(name, [{"id": i, "title": t, "vector": [0.0] * 4} for i, t in enumerate(["我来到北京清华大学", "小明硕士毕业于中国科学院", "北京大学"])])
    found = lambda expression: [r["id"] for r in client.query(name, filter=expression)]  # noqa: E731
    assert found('text_match(title, "北京")') == [0, 2]
    assert found('text_match(title, "清华大学 科学院")') == [0, 1, 2]  # 大学 is among the words of the first.
    assert found('phrase_match(title, "北京清华大学")') == [0]
    assert found('phrase_match(title, "清华大学北京")') == []


def test_a_field_added_later_can_be_matched(client, name):
    create(client, name, enable_analyzer=True)
    client.insert(name, text_rows(0, 20, 3))
    client.flush(name)
    client.add_collection_field(name, "note", DataType.VARCHAR, max_length=100, nullable=True, enable_analyzer=True, enable_match=True)
    client.insert(name, [r | {"note": "Quick fox"} for r in text_rows(20, 20, 4)])
    assert [r["id"] for r in client.query(name, filter='text_match(note, "fox")')] == list(range(20, 40))
    assert client.query(name, filter='not text_match(note, "fox")') == []


def test_run_analyzer_by_field_and_name(client, name):
    schema = text_schema(
        client,
        enable_analyzer=True,
        multi_analyzer_params={
            "by_field": "lang",
            "analyzers": {"default": {"tokenizer": "whitespace"}, "en": {"type": "english"}},
            "alias": {"english": "en"},
        },
    )
    client.create_collection(name, schema=schema, index_params=index_params(client))
    by_field = {"collection_name": name, "field_name": "title"}
    assert tokens(client, "The Runners", None, **by_field) == ["The", "Runners"]
    assert tokens(client, "The Runners", None, analyzer_names="english", **by_field) == ["runner"]
    found = client.run_analyzer(["My Dogs", "My Dogs"], None, analyzer_names=["en", "nobody"], **by_field)
    assert [list(one.tokens) for one in found] == [["my", "dog"], ["My", "Dogs"]]
    with refused("field lang does not enable analyzer", 1100):
        client.run_analyzer("x", None, collection_name=name, field_name="lang")
    client.release_collection(name)
    with refused("collection not loaded", 101):
        client.run_analyzer("x", None, **by_field)


def test_what_is_refused(client, name):
    with refused("must also enable_analyzer", 1100):
        create(client, name, enable_match=True)
    with refused("unknown analyzer filter: shout", 1100):
        create(client, name, enable_analyzer=True, analyzer_params={"tokenizer": "standard", "filter": ["shout"]})
    with refused("multi analyzer now only support for bm25", 1100):
        multi = {"by_field": "lang", "analyzers": {"default": {}}}
        create(client, name, enable_analyzer=True, enable_match=True, multi_analyzer_params=multi)
    create(client, name, enable_analyzer=True)
    with refused('field "title" does not enable match', 1100):
        client.query(name, filter='text_match(title, "x")')
    with refused("text_match operation on non-string is unsupported", 1100):
        client.query(name, filter='text_match(id, "x")')
