"""The calls of a published operator's guide for a Milvus server, in its order, on our data set instead of a downloaded model.

usage: operator_guide.py [--host localhost] [--port 19530] [--part basic|hybrid|gpu] [--rows 20000]

A server is compatible with the guide when this ends with "guide: ok". `basic` is steps 4-8 and 10 of the guide (ORM style of
pymilvus: connect, schema with dynamic field, index with a name, scalar indexes without parameters, load before insert, columns
inserted as a dict, flush, search with output fields, filter, partitions, statistics); `hybrid` adds dense + sparse search with
weighted and reciprocal-rank fusion; `gpu` creates the guide's GPU index."""
import argparse, gzip, json, os, sys, warnings
import numpy as np
from pymilvus import AnnSearchRequest, Collection, CollectionSchema, DataType, FieldSchema, RRFRanker, WeightedRanker, connections, utility

warnings.filterwarnings("ignore", message=".*ORM-style.*")
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "packages")
parser = argparse.ArgumentParser()
parser.add_argument("--host", default="localhost"); parser.add_argument("--port", default="19530")
parser.add_argument("--part", default="basic", choices=["basic", "hybrid", "gpu"]); parser.add_argument("--rows", type=int, default=20000)
args = parser.parse_args()


def check(condition, what):
    if not condition:
        sys.exit(f"guide: FAILED: {what}")


with gzip.open(os.path.join(here, "packages.jsonl.gz"), "rt") as f:
    packages = [json.loads(line) for line in f]
chosen = np.sort(np.random.default_rng(1).permutation(len(packages))[: args.rows])
packages = [packages[i] for i in chosen]
vectors = np.load(os.path.join(here, "packages-embedding.f16.npy"), mmap_mode="r")[chosen].astype(np.float32)
questions = json.load(open(os.path.join(here, "questions.json")))

connections.connect("default", host=args.host, port=args.port)
print("server version", utility.get_server_version())

fields = [
    FieldSchema(name="id", dtype=DataType.INT64, is_primary=True, auto_id=True),
    FieldSchema(name="text", dtype=DataType.VARCHAR, max_length=2048),
    FieldSchema(name="source", dtype=DataType.VARCHAR, max_length=256),
    FieldSchema(name="category", dtype=DataType.VARCHAR, max_length=128),
    FieldSchema(name="year", dtype=DataType.INT32),
    FieldSchema(name="embedding", dtype=DataType.FLOAT_VECTOR, dim=384),
]
if args.part == "hybrid":
    fields.append(FieldSchema(name="sparse_embedding", dtype=DataType.SPARSE_FLOAT_VECTOR))
if utility.has_collection("documents"):
    utility.drop_collection("documents")
collection = Collection("documents", CollectionSchema(fields, description="package index", enable_dynamic_field=True), using="default")

dense_index = {"metric_type": "COSINE", "index_type": "HNSW", "params": {"M": 16, "efConstruction": 200}}
if args.part == "gpu":
    dense_index = {"metric_type": "L2", "index_type": "GPU_IVF_FLAT", "params": {"nlist": 1024, "cache_dataset_on_device": True}}
collection.create_index(field_name="embedding", index_params=dense_index, index_name="embedding_idx", timeout=3600)
collection.create_index(field_name="category", index_name="category_idx")
collection.create_index(field_name="year", index_name="year_idx")
if args.part == "hybrid":
    collection.create_index("sparse_embedding", {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "IP"}, index_name="sparse_idx")
collection.load()

year = [2015 + p["installed_kb"] % 11 for p in packages]
vocabulary = {}


def sparse(text):
    return {vocabulary.setdefault(w, len(vocabulary)): 1.0 for w in set(text.lower().split())} or {0: 1e-6}


total = 0
for start in range(0, len(packages), 1000):
    batch = packages[start : start + 1000]
    data = {
        "text": [p["package"] + ": " + p["description"] for p in batch],
        "source": [p["source"] for p in batch],
        "category": [p["section"] for p in batch],
        "year": year[start : start + 1000],
        "embedding": vectors[start : start + 1000].tolist(),
    }
    if args.part == "hybrid":
        data["sparse_embedding"] = [sparse(t) for t in data["text"]]
    rows = [dict(zip(data, values)) | {"maintainer": p["maintainer"]} for values, p in zip(zip(*data.values()), batch)]
    total += collection.insert(rows).insert_count  # rows: the dynamic key "maintainer" goes along
collection.flush()
check(total == len(packages) and collection.num_entities == total, f"num_entities {collection.num_entities}, inserted {total}")

param = {"metric_type": dense_index["metric_type"], "params": {"ef": 64}}
for q in questions:
    hits = collection.search(data=[q["embedding"]], anns_field="embedding", param=param, limit=10, output_fields=["text", "source", "category", "year"])[0]
    check(len(hits) == 10, f"{len(hits)} hits for {q['question']!r}")
    best = np.argmax(vectors @ np.float32(q["embedding"]))
    check(hits[0].entity.get("text").startswith(packages[best]["package"] + ":") or args.part == "gpu", f"best answer of {q['question']!r} missed")
    print(f"{hits[0].score:.3f}  {q['question']}  ->  {hits[0].entity.get('text')[:70]}")

hits = collection.search(data=[questions[3]["embedding"]], anns_field="embedding", param=param, limit=10,
                         expr='category == "python" and year >= 2020', output_fields=["text", "category", "year", "maintainer"])[0]
check(len(hits) == 10 and all(h.entity.get("category") == "python" and h.entity.get("year") >= 2020 for h in hits), "filtered search")
check(all(h.entity.get("maintainer") for h in hits), "dynamic field in output")

if args.part == "hybrid":
    dense = AnnSearchRequest(data=[questions[1]["embedding"]], anns_field="embedding", param=param, limit=20)
    words = AnnSearchRequest(data=[sparse("music player")], anns_field="sparse_embedding", param={"metric_type": "IP"}, limit=20)
    for ranker in (WeightedRanker(0.7, 0.3), RRFRanker()):
        hits = collection.hybrid_search([dense, words], rerank=ranker, limit=10, output_fields=["text"])[0]
        check(len(hits) == 10 and [h.score for h in hits] == sorted((h.score for h in hits), reverse=True), "hybrid order")
        print("hybrid", type(ranker).__name__, hits[0].entity.get("text")[:60])

check("documents" in utility.list_collections(), "list_collections")
print("entities", collection.num_entities, "| schema", len(collection.schema.fields), "fields")
for name in ("2024_docs", "2023_docs"):
    if not collection.has_partition(name):
        collection.create_partition(name)
one = {k: v[:1] for k, v in data.items()}
collection.insert([dict(zip(one, v)) for v in zip(*one.values())], partition_name="2024_docs")
hits = collection.search(data=[one["embedding"][0]], anns_field="embedding", param=param, limit=10, partition_names=["2024_docs"], consistency_level="Strong")[0]
check(len(hits) == 1, f"partition search found {len(hits)}")
print("guide: ok")
