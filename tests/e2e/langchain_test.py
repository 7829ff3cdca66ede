"""LangChain's Milvus vector store, with embeddings computed here (no model, no network)."""

import hashlib

import numpy as np
import pytest

langchain_milvus = pytest.importorskip("langchain_milvus")
from langchain_core.documents import Document  # noqa: E402
from langchain_core.embeddings import Embeddings  # noqa: E402
from pymilvus import connections  # noqa: E402
from pymilvus.milvus_client import MilvusClient  # noqa: E402


class WordHashEmbeddings(Embeddings):
    """Each word pushes a few fixed directions: texts that share words are near. Deterministic."""

    def embed_query(self, text: str) -> list[float]:
        vector = np.zeros(64)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            vector += np.random.default_rng(seed).standard_normal(64)
        return (vector / max(float(np.linalg.norm(vector)), 1e-9)).tolist()

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


TEXTS = ["a bird of prey hovers over grassland", "the compiler turns source into machine code",
         "small kites nest in tall trees", "a vector database finds near neighbours"]  # fmt: skip


@pytest.fixture
def store(server, client, name):
    # langchain-milvus still reads ORM collections through the alias of its MilvusClient; with this
    # pymilvus the alias has to be connected by hand first, on the reference server too.
    probe = MilvusClient(uri=server.uri)
    connections.connect(alias=probe._using, uri=server.uri)
    made = langchain_milvus.Milvus(
        embedding_function=WordHashEmbeddings(), collection_name=name, auto_id=False, drop_old=True,
        connection_args={"uri": server.uri}, consistency_level="Strong", enable_dynamic_field=True,
        index_params={"index_type": "HNSW", "metric_type": "COSINE", "params": {"M": 16, "efConstruction": 64}},
    )  # fmt: skip
    connections.connect(alias=made.client._using, uri=server.uri)
    documents = [Document(page_content=text, metadata={"number": i, "kind": "bird" if i in (0, 2) else "code"})
                 for i, text in enumerate(TEXTS)]  # fmt: skip
    made.add_documents(documents, ids=[f"doc{i}" for i in range(len(TEXTS))])
    return made


def test_similarity_search(store):
    found = store.similarity_search("kites nest", k=2)
    assert found[0].page_content == TEXTS[2] and found[0].metadata["number"] == 2


def test_scores_and_filters(store):
    ((document, score), *_) = store.similarity_search_with_score("machine code compiler", k=4, expr='kind == "code"')
    assert document.page_content == TEXTS[1] and score > 0.4
    assert all(d.metadata["kind"] == "code" for d in store.similarity_search("bird", k=4, expr='kind == "code"'))


def test_mmr_as_retriever_and_delete(store):
    assert len(store.max_marginal_relevance_search("bird prey", k=2, fetch_k=4)) == 2
    assert store.as_retriever(search_kwargs={"k": 1}).invoke("vector neighbours")[0].page_content == TEXTS[3]
    store.delete(ids=["doc0"])
    assert TEXTS[0] not in [d.page_content for d in store.similarity_search("bird of prey", k=4)]


def test_upsert(store):
    store.upsert(ids=["doc1"], documents=[Document(page_content="owls hunt at night", metadata={"number": 9, "kind": "bird"})])
    assert store.similarity_search("owls night", k=1)[0].metadata["number"] == 9


def test_from_texts_on_another_collection(server, client, name):
    made = langchain_milvus.Milvus.from_texts(TEXTS, WordHashEmbeddings(), collection_name=name,
                                              connection_args={"uri": server.uri}, consistency_level="Strong")  # fmt: skip
    assert made.similarity_search("database", k=1)[0].page_content == TEXTS[3]
