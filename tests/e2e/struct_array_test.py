"""Struct arrays with vectors inside: what goes in comes out, and lists of vectors are ranked by MaxSim."""

import time

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient
from s3_fixtures import environment, one_store  # noqa: F401 (a fixture)

from harness.client import index_params, plain, refused
from harness.server import Server
from harness.vectors import LARGER_IS_BETTER, make, scores, to_client

try:
    from pymilvus.client.embedding_list import EmbeddingList
except ImportError:
    from pymilvus import EmbeddingList

pytestmark = pytest.mark.core
DIM = 16
CAPACITY = 10
VECTOR_TYPES = {
    DataType.FLOAT_VECTOR: ("COSINE", "IP", "L2"),
    DataType.FLOAT16_VECTOR: ("COSINE", "L2"),
    DataType.BFLOAT16_VECTOR: ("IP",),
    DataType.INT8_VECTOR: ("COSINE", "L2"),
    DataType.BINARY_VECTOR: ("HAMMING", "JACCARD"),
}


def schema_with(client, vector=DataType.FLOAT_VECTOR, dynamic=False, nullable=False):
    schema = client.create_schema(enable_dynamic_field=dynamic)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("group", DataType.INT64)
    struct = client.create_struct_field_schema()
    struct.add_field("text", DataType.VARCHAR, max_length=64)
    struct.add_field("page", DataType.INT32)
    struct.add_field("v", vector, dim=DIM)
    extra = {"nullable": True} if nullable else {}
    schema.add_field("st", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=struct,
                     max_capacity=CAPACITY, **extra)  # fmt: skip
    return schema


class Rows:
    """Rows of 0 to CAPACITY vectors, with the model's view of them."""

    def __init__(self, count, vector=DataType.FLOAT_VECTOR, seed=1, least=0):
        rng = np.random.default_rng(seed)
        self.vector = vector
        self.lists = [make(vector, int(n), DIM, rng) for n in rng.integers(least, CAPACITY + 1, count)]

    def as_sent(self, first=0):
        return [
            {"id": first + i, "group": i % 4,
             "st": [{"text": f"t{first + i}_{j}", "page": j, "v": to_client(self.vector, v)}
                    for j, v in enumerate(vectors)]}
            for i, vectors in enumerate(self.lists)
        ]  # fmt: skip

    def max_sim(self, metric, query, mask=None):
        """(score, row) of every row that has vectors, best first."""
        better = np.max if metric in LARGER_IS_BETTER else np.min
        found = [(float(better(scores(self.vector, metric, query, rows), axis=1).sum()), i)
                 for i, rows in enumerate(self.lists) if len(rows) and (mask is None or mask(i))]  # fmt: skip
        return sorted(found, key=lambda hit: (-hit[0] if metric in LARGER_IS_BETTER else hit[0], hit[1]))


def lists_of(vector_type, queries):
    out = []
    for query in queries:
        one = EmbeddingList(dim=DIM if vector_type != DataType.BINARY_VECTOR else DIM // 8, dtype=vector_type)
        for v in query:
            one.add(np.frombuffer(v.tobytes(), np.uint8) if vector_type == DataType.BINARY_VECTOR else v)
        out.append(one)
    return out


def comparable(rows):
    def value(v):
        return v if isinstance(v, (int, str)) else np.asarray(v, dtype=object).tolist()

    return {r["id"]: [{k: value(v) for k, v in e.items()} for e in r["st"]] if r["st"] is not None else None
            for r in plain(rows)}  # fmt: skip


def sent_as_read(rows):
    return {r["id"]: r["st"] for r in rows}


def check_hits(hits, model, k, tolerance=2e-3):
    assert len(hits) == min(k, len(model))
    for hit, (score, _) in zip(hits, model):
        assert hit["distance"] == pytest.approx(score, rel=tolerance, abs=tolerance)


def create(client, name, rows, metric="MAX_SIM_COSINE", kind="HNSW", schema=None, **params):
    client.create_collection(name, schema=schema or schema_with(client, rows.vector), consistency_level="Strong",
                             index_params=index_params(client, "st[v]", kind, metric, **params))  # fmt: skip


def test_describe_shows_the_struct_with_short_names_and_ids(client, name):
    client.create_collection(name, schema=schema_with(client, dynamic=True))
    fields = {f["name"]: f for f in client.describe_collection(name)["fields"]}
    assert set(fields) == {"id", "group", "st"}
    struct = fields["st"]
    assert struct["type"] == DataType.ARRAY and struct["element_type"] == DataType.STRUCT
    assert struct["params"]["max_capacity"] == CAPACITY
    assert [f["name"] for f in struct["struct_fields"]] == ["text", "page", "v"]
    assert [f["type"] for f in struct["struct_fields"]] == [DataType.VARCHAR, DataType.INT32, DataType.FLOAT_VECTOR]
    ids = [struct["field_id"], *(f["field_id"] for f in struct["struct_fields"])]
    assert ids == [102, 103, 104, 105]


@pytest.mark.parametrize("flushed", [False, True])
def test_what_goes_in_comes_out(client, name, flushed):
    rows = Rows(30)
    create(client, name, rows)
    sent = rows.as_sent()
    client.insert(name, sent)
    if flushed:
        client.flush(name)
    got = client.query(name, filter="id >= 0", output_fields=["*"])
    assert comparable(got) == sent_as_read(sent)
    # One field of the struct alone.
    one = plain(client.query(name, filter="id == 5", output_fields=["st[page]"]))[0]["st"]
    assert one == [{"page": j} for j in range(len(rows.lists[5]))]
    # Upsert replaces, delete hides.
    changed = Rows(3, seed=9).as_sent(first=5)
    client.upsert(name, changed)
    client.delete(name, ids=[0, 1])
    want = {**sent_as_read(sent), **sent_as_read(changed)}
    del want[0], want[1]
    assert comparable(client.query(name, filter="id >= 0", output_fields=["st"])) == want


@pytest.mark.parametrize("vector", [t for t in VECTOR_TYPES if t != DataType.FLOAT_VECTOR], ids=lambda t: t.name)
def test_every_vector_type_is_stored_and_ranked(client, name, vector):
    rows = Rows(60, vector)
    for metric in VECTOR_TYPES[vector]:
        create(client, name, rows, f"MAX_SIM_{metric}")
        client.insert(name, rows.as_sent())
        queries = Rows(2, vector, seed=5, least=1).lists
        for _ in range(2):
            found = client.search(name, lists_of(vector, queries), anns_field="st[v]", limit=7,
                                  search_params={"metric_type": f"MAX_SIM_{metric}"})  # fmt: skip
            for hits, query in zip(found, queries):
                check_hits(hits, rows.max_sim(metric, query), 7, 2e-2 if vector != DataType.INT8_VECTOR else 2e-3)
            client.flush(name)
        client.drop_collection(name)


@pytest.mark.parametrize("kind,metric,params", [
    ("HNSW", "MAX_SIM", {"M": 16, "efConstruction": 100}), ("HNSW", "MAX_SIM_IP", {"M": 16, "efConstruction": 100}),
    ("HNSW", "MAX_SIM_L2", {"M": 16, "efConstruction": 100}), ("HNSW_SQ", "MAX_SIM_COSINE", {"sq_type": "SQ8"}),
    ("HNSW_PQ", "MAX_SIM_L2", {"m": 8, "refine": True}), ("HNSW_PRQ", "MAX_SIM_IP", {"m": 4, "nrq": 2, "refine": True}),
    ("IVF_FLAT", "MAX_SIM_IP", {"nlist": 16}), ("DISKANN", "MAX_SIM_COSINE", {}),
    ("AUTOINDEX", "MAX_SIM", {}),
    ("HNSW", "MAX_SIM_COSINE", {"emb_list_strategy": "muvera"}), ("HNSW", "MAX_SIM_L2", {"emb_list_strategy": "muvera"}),
    ("IVF_FLAT", "MAX_SIM_IP", {"nlist": 16, "emb_list_strategy": "muvera", "muvera_num_repeats": 10}),
    ("HNSW", "MAX_SIM_IP", {"emb_list_strategy": "lemur", "lemur_num_epochs": 10}),
    ("HNSW_SQ", "MAX_SIM_COSINE", {"sq_type": "SQ8", "refine": True, "emb_list_strategy": "lemur",
                                   "lemur_hidden_dim": 64, "lemur_num_epochs": 10})])  # fmt: skip
def test_indexed_lists_are_ranked_as_the_model_ranks_them(client, name, kind, metric, params):
    rows = Rows(1500, seed=3)
    create(client, name, rows, metric, kind, **params)
    client.insert(name, rows.as_sent())
    client.flush(name)
    wait_indexed(client, name)
    client.refresh_load(name)
    plain_metric = metric.removeprefix("MAX_SIM_").removeprefix("MAX_SIM") or "COSINE"
    queries = Rows(10, seed=4, least=2).lists
    extra = {"nprobe": 16} if kind == "IVF_FLAT" else {}
    # Vectors drawn at random are the hardest to tell apart by encodings.
    ratio = 12 if "emb_list_strategy" in params else 4
    found = client.search(name, lists_of(DataType.FLOAT_VECTOR, queries), anns_field="st[v]", limit=10,
                          search_params={"params": {**extra, "retrieval_ann_ratio": ratio}})  # fmt: skip
    overlap = 0
    for hits, query in zip(found, queries):
        model = rows.max_sim(plain_metric, query)
        exact = {row: score for score, row in model}
        assert len(hits) == 10
        for hit in hits:  # The second stage is exact, whatever the first one is.
            assert hit["distance"] == pytest.approx(exact[hit["id"]], rel=1e-3, abs=1e-3)
        overlap += len({hit["id"] for hit in hits} & {row for _, row in model[:10]})
    assert overlap >= 60, "recall of a two-stage search on ten queries"


@pytest.mark.parametrize("where", ["local", "s3"])
def test_encoded_lists_with_filters_single_estimates_and_restart(tmp_path, one_store, where):  # noqa: F811
    rows = Rows(1500, seed=3)
    env = environment(one_store.address, MINIO_ROOTPATH="lists") if where == "s3" else {}
    with Server(tmp_path / "data", env=env) as own:
        client = MilvusClient(own.uri, timeout=30)
        create(client, "c", rows, "MAX_SIM_L2", "HNSW", emb_list_strategy="muvera", muvera_num_repeats=12)
        client.insert("c", rows.as_sent())
        client.delete("c", ids=[11])
        client.flush("c")
        wait_indexed(client, "c")
        assert client.describe_index("c", "st[v]")["emb_list_strategy"] == "muvera"
    with Server(tmp_path / "data", env=env) as own:
        client = MilvusClient(own.uri, timeout=30)
        client.load_collection("c")
        query = Rows(5, seed=4, least=2).lists
        found = client.search("c", lists_of(DataType.FLOAT_VECTOR, query), anns_field="st[v]", limit=10,
                              filter="group != 1", search_params={"params": {"retrieval_ann_ratio": 10}})  # fmt: skip
        overlap = 0
        for hits, one in zip(found, query):
            model = rows.max_sim("L2", one, lambda i: i % 4 != 1 and i != 11)
            exact = {row: score for score, row in model}
            assert len(hits) == 10
            for hit in hits:
                assert hit["distance"] == pytest.approx(exact[hit["id"]], rel=1e-3, abs=1e-3)
            overlap += len({hit["id"] for hit in hits} & {row for _, row in model[:10]})
        assert overlap >= 30
        # Estimates where nobody wants more: near to MaxSim, and not the same.
        hits = client.search("c", lists_of(DataType.FLOAT_VECTOR, query[:1]), anns_field="st[v]", limit=10,
                             search_params={"params": {"emb_list_rerank": False}})[0]  # fmt: skip
        exact = {row: score for score, row in rows.max_sim("L2", query[0])}
        assert len(hits) == 10 and any(abs(hit["distance"] - exact[hit["id"]]) > 1e-3 for hit in hits)
        with refused("emb_list_rerank", 1100):
            client.search("c", lists_of(DataType.FLOAT_VECTOR, query[:1]), anns_field="st[v]", limit=10,
                          search_params={"params": {"emb_list_rerank": "maybe"}})  # fmt: skip


def wait_indexed(client, name):
    for _ in range(1200):
        if all(client.describe_index(name, i)["pending_index_rows"] == 0 for i in client.list_indexes(name)):
            return
        time.sleep(0.1)
    raise AssertionError("the index was not built in time")


def test_filters_partitions_and_output_with_list_search(client, name):
    rows = Rows(200, least=1)
    create(client, name, rows, "MAX_SIM_IP", "IVF_FLAT", nlist=8)
    client.insert(name, rows.as_sent())
    query = Rows(1, seed=8, least=3).lists
    sent = sent_as_read(rows.as_sent())
    for _ in range(2):
        hits = client.search(name, lists_of(DataType.FLOAT_VECTOR, query), anns_field="st[v]", limit=200,
                             filter="group == 2 and id < 100", output_fields=["st", "group"])[0]  # fmt: skip
        check_hits(hits, rows.max_sim("IP", query[0], lambda i: i % 4 == 2 and i < 100), 200)
        for hit in hits:
            entity = hit["entity"]
            assert entity["group"] == 2
            assert [e["text"] for e in entity["st"]] == [e["text"] for e in sent[hit["id"]]]
            assert np.allclose([e["v"] for e in entity["st"]], [e["v"] for e in sent[hit["id"]]])
        client.flush(name)


def test_single_vectors_are_hits_under_a_plain_metric(client, name):
    rows = Rows(80)
    create(client, name, rows, "L2", "IVF_FLAT", nlist=4)
    client.insert(name, rows.as_sent())
    query = make(DataType.FLOAT_VECTOR, 1, DIM, np.random.default_rng(3))
    model = sorted((float(s), i, j) for i, r in enumerate(rows.lists) if len(r)
                   for j, s in enumerate(scores(DataType.FLOAT_VECTOR, "L2", query, r)[0]))  # fmt: skip
    for _ in range(2):
        hits = client.search(name, query.tolist(), anns_field="st[v]", limit=20,
                             search_params={"params": {"nprobe": 4}})[0]  # fmt: skip
        assert len(hits) == 20
        for hit, (score, row, element) in zip(hits, model):
            assert hit["distance"] == pytest.approx(score, abs=1e-3)
            assert (hit["id"], hit["offset"]) == (row, element)
        # By primary key, each row once.
        grouped = client.search(name, query.tolist(), anns_field="st[v]", limit=10, group_by_field="id",
                                search_params={"params": {"nprobe": 4}})[0]  # fmt: skip
        best = {}
        for score, row, _ in model:
            best.setdefault(row, score)
        assert [hit["id"] for hit in grouped] == list(best)[:10]
        # In a range.
        radius, inner = model[30][0], model[10][0]
        ranged = client.search(name, query.tolist(), anns_field="st[v]", limit=50,
                               search_params={"params": {"radius": radius + 1e-4, "range_filter": inner - 1e-4,
                                                         "nprobe": 4}})[0]  # fmt: skip
        assert [(h["id"], h["offset"]) for h in ranged] == [(r, e) for _, r, e in model[10:31]]
        client.flush(name)


def test_what_a_list_search_does_not_do_is_refused(client, name):
    rows = Rows(5, least=1)
    create(client, name, rows)
    client.insert(name, rows.as_sent())
    query = lists_of(DataType.FLOAT_VECTOR, Rows(1, seed=2, least=2).lists)
    common = {"anns_field": "st[v]", "limit": 3}
    with refused("range search is not supported for vector array (embedding list) fields, fieldName: st[v]", 1100):
        client.search(name, query, search_params={"params": {"radius": 0.1}}, **common)
    with refused("group by search is not supported for vector array (embedding list) fields, fieldName: st[v]", 1100):
        client.search(name, query, group_by_field="group", **common)
    with refused("vector type must be the same, field st[v] - type ArrayOfVector", 1100):
        client.search(name, [[0.0] * DIM], **common)
    with refused("vector dimension mismatch", 1100):
        wrong = EmbeddingList(dim=DIM + 1, dtype=DataType.FLOAT_VECTOR)
        wrong.add(np.zeros(DIM + 1, np.float32))
        client.search(name, [wrong], **common)
    with refused("metric type not match", 1100):
        client.search(name, query, search_params={"metric_type": "MAX_SIM_L2"}, **common)
    with refused("retrieval_ann_ratio", 1100):
        client.search(name, query, search_params={"params": {"retrieval_ann_ratio": 0}}, **common)
    with refused("search by primary keys is not supported", 1100):
        client.search(name, ids=[1], data=None, **common)


def test_index_rules(client, name):
    client.create_collection(name, schema=schema_with(client))
    with refused("can't build with this index FLAT", 1100):
        client.create_index(name, index_params(client, "st[v]", "FLAT", "MAX_SIM"))
    with refused("does not support metric type: MAX_SIM_HAMMING", 1100):
        client.create_index(name, index_params(client, "st[v]", "HNSW", "MAX_SIM_HAMMING"))
    with refused("non-exist field", 1100):
        client.create_index(name, index_params(client, "st[w]", "HNSW", "MAX_SIM"))
    with refused("muvera_num_projections", 1100):
        client.create_index(name, index_params(client, "st[v]", "HNSW", "MAX_SIM", emb_list_strategy="muvera",
                                               muvera_num_projections=8))  # fmt: skip
    with refused("is not supported by DISKANN", 1100):
        client.create_index(name, index_params(client, "st[v]", "DISKANN", "MAX_SIM", emb_list_strategy="lemur"))
    client.create_index(name, index_params(client, "st[v]", "AUTOINDEX", None))
    described = client.describe_index(name, "st[v]")
    assert described["index_name"] == "st[v]" and described["metric_type"] == "MAX_SIM_COSINE"


def test_bad_rows_are_refused(client, name):
    create(client, name, Rows(0))

    def struct(**changes):
        return {"id": 1, "group": 1, "st": [{"text": "x", "page": 1, "v": [0.0] * DIM, **changes}]}

    with refused("array length exceeds max capacity", 1100):
        client.insert(name, [{**struct(), "st": struct()["st"] * (CAPACITY + 1)}])
    with refused("exceeds max length", 1100):
        client.insert(name, [struct(text="y" * 65)])
    with refused("", 1100):
        client.insert(name, [struct(v=[0.0] * (DIM - 1) + [float("nan")])])
    client.insert(name, [struct()])
    assert len(client.query(name, filter="id == 1")) == 1


def test_schema_rules(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    struct = client.create_struct_field_schema()
    struct.add_field("v", DataType.FLOAT_VECTOR, dim=1)
    schema.add_field("st", DataType.ARRAY, element_type=DataType.STRUCT, struct_schema=struct, max_capacity=5)
    with refused("invalid dimension: 1", 1100):
        client.create_collection(name, schema=schema)


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_lists_are_there_again_after_a_restart(tmp_path, kill):
    with Server(tmp_path / "data") as own:
        client = MilvusClient(own.uri, timeout=30)
        rows = Rows(1200, seed=6)
        create(client, "c", rows, "MAX_SIM_L2", M=16, efConstruction=100)
        sent = rows.as_sent()
        client.insert("c", sent[:1100])
        client.flush("c")
        wait_indexed(client, "c")
        client.insert("c", sent[1100:])
        client.delete("c", ids=[3, 1150])
        query = Rows(1, seed=7, least=4).lists

        def state(client):
            hits = client.search("c", lists_of(DataType.FLOAT_VECTOR, query), anns_field="st[v]", limit=20)[0]
            return comparable(client.query("c", filter="id >= 0", output_fields=["st"])), [
                (hit["id"], hit["distance"]) for hit in hits
            ]

        before = state(client)
        described = client.describe_collection("c")
        want = sent_as_read(sent)
        del want[3], want[1150]
        assert before[0] == want
        client.close()
        own.restart(kill=kill)
        client = MilvusClient(own.uri, timeout=30)
        after = state(client)
        assert after[0] == before[0]
        model = {row: score for score, row in rows.max_sim("L2", query[0], lambda i: i not in (3, 1150))}
        assert len(after[1]) == 20
        for row, distance in after[1]:
            assert distance == pytest.approx(model[row], rel=1e-3)
        assert client.describe_collection("c") == described
        client.close()


def has_nullable_structs():
    return hasattr(MilvusClient, "add_collection_struct_field")


if has_nullable_structs():

    def test_null_structs_and_structs_added_later(client, name):
        schema = schema_with(client, nullable=True)
        rows = Rows(20, least=1)
        create(client, name, rows, schema=schema)
        sent = rows.as_sent()
        for number in (2, 7):
            sent[number]["st"] = None
            rows.lists[number] = rows.lists[number][:0]
        sent[4]["st"] = []
        rows.lists[4] = rows.lists[4][:0]
        client.insert(name, sent)
        query = Rows(1, seed=8, least=3).lists
        for _ in range(2):
            got = comparable(client.query(name, filter="id >= 0", output_fields=["st"]))
            assert got == sent_as_read(sent)
            hits = client.search(name, lists_of(DataType.FLOAT_VECTOR, query), anns_field="st[v]", limit=20)[0]
            check_hits(hits, rows.max_sim("COSINE", query[0]), 20)
            client.flush(name)
        more = client.create_struct_field_schema()
        more.add_field("n", DataType.INT64)
        client.add_collection_struct_field(name, "later", more, max_capacity=3)
        client.insert(name, [{**sent[0], "id": 100, "later": [{"n": 1}, {"n": 2}]}])
        got = plain(client.query(name, filter="id in [0, 100]", output_fields=["later"]))
        assert [r["later"] for r in got] == [None, [{"n": 1}, {"n": 2}]]


FILTERS = {
    'match_any(st, $[page] == 3)': lambda r: any(e["page"] == 3 for e in r["st"]),
    'MATCH_ALL(st, $[page] < 5)': lambda r: all(e["page"] < 5 for e in r["st"]),
    'match_least(st, $[page] > 1, threshold=3)': lambda r: sum(e["page"] > 1 for e in r["st"]) >= 3,
    'match_most(st, $[page] > 1, threshold=3)': lambda r: sum(e["page"] > 1 for e in r["st"]) <= 3,
    'match_exact(st, $[page] % 2 == 0, threshold=2)': lambda r: sum(e["page"] % 2 == 0 for e in r["st"]) == 2,
    'match_any(st, $[text] like "t1%" and $[page] in [2, 4])':
        lambda r: any(e["text"].startswith("t1") and e["page"] in (2, 4) for e in r["st"]),
    'not match_any(st, $[page] == 0) or group == 1': lambda r: not r["st"] or r["group"] == 1,
    'array_contains(st[page], 7)': lambda r: any(e["page"] == 7 for e in r["st"]),
    'array_length(st) == 4': lambda r: len(r["st"]) == 4,
    'array_length(st[v]) > 8': lambda r: len(r["st"]) > 8,
    'st[2][page] == 2 and id < 20': lambda r: len(r["st"]) > 2 and r["id"] < 20,
}  # fmt: skip


def test_filters_look_into_structs(client, name):
    rows = Rows(120, seed=12)
    create(client, name, rows)
    sent = rows.as_sent()
    client.insert(name, sent)
    for _ in range(2):
        for text, model in FILTERS.items():
            got = [r["id"] for r in client.query(name, filter=text, output_fields=["id"])]
            assert got == [r["id"] for r in sent if model(r)], text
        client.flush(name)
    with refused("means nothing outside", 1100):
        client.query(name, filter="$[page] == 1")
    with refused("element_filter is not supported in deletes", 1100):
        client.delete(name, filter="element_filter(st, $[page] == 1)")
    with refused("element_filter is only supported for element-level search", 1100):
        client.search(name, lists_of(DataType.FLOAT_VECTOR, rows.lists[3:4]), anns_field="st[v]", limit=3,
                      filter="element_filter(st, $[page] == 1)")  # fmt: skip
    client.delete(name, filter="match_any(st, $[page] == 3)")
    left = [r["id"] for r in client.query(name, filter="id >= 0", output_fields=["id"])]
    assert left == [r["id"] for r in sent if len(r["st"]) <= 3]


def test_element_filter_keeps_elements(client, name):
    rows = Rows(90, seed=13)
    create(client, name, rows, "L2", "IVF_FLAT", nlist=4)
    sent = rows.as_sent()
    client.insert(name, sent)
    text = "id < 60 and element_filter(st, $[page] >= 2 and $[page] < 5)"
    kept = [(r["id"], e["page"]) for r in sent if r["id"] < 60 for e in r["st"] if 2 <= e["page"] < 5]
    query = make(DataType.FLOAT_VECTOR, 1, DIM, np.random.default_rng(3))
    model = sorted((float(scores(DataType.FLOAT_VECTOR, "L2", query, rows.lists[i][j:j + 1])[0, 0]), i, j)
                   for i, j in kept)  # fmt: skip
    for _ in range(2):
        hits = client.search(name, query.tolist(), anns_field="st[v]", limit=15, filter=text,
                             search_params={"params": {"nprobe": 4}})[0]  # fmt: skip
        assert [(h["id"], h["offset"]) for h in hits] == [(i, j) for _, i, j in model[:15]]
        assert client.query(name, filter=text, output_fields=["count(*)"])[0]["count(*)"] == len(kept)
        if has_nullable_structs():  # The older client does not read which elements matched.
            got = client.query(name, filter=text, output_fields=["id"], offset=5, limit=20)
            assert [(r["id"], r["offset"]) for r in plain(got)] == kept[5:25]
        client.flush(name)
