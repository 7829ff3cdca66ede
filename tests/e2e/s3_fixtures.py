"""Servers on an S3 store, for the s3_*_test.py files."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pymilvus import MilvusClient, MilvusException

from harness.client import index_params, simple_schema
from harness.s3_server import ACCESS_KEY, KINDS, SECRET_KEY, S3Server
from harness.server import Server

BUCKET, DIM = "elanus-test", 16


def environment(address: str, **more: str) -> dict[str, str]:
    """Settings of a server that keeps its objects at this address."""
    return {
        "COMMON_STORAGETYPE": "remote", "MINIO_ADDRESS": address, "MINIO_BUCKETNAME": BUCKET,
        "MINIO_ACCESS_KEY_ID": ACCESS_KEY, "MINIO_SECRET_ACCESS_KEY": SECRET_KEY,
        "MINIO_REQUESTTIMEOUTMS": "2000", "DATACOORD_GC_MISSINGTOLERANCE": "0", "DATACOORD_GC_DROPTOLERANCE": "0",
    } | more  # fmt: skip


@pytest.fixture(scope="session", params=KINDS)
def store(request, tmp_path_factory):
    """A running S3 server of each kind."""
    with S3Server(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="session")
def one_store(tmp_path_factory):
    """The one that starts fastest, where the kind does not matter."""
    with S3Server("versitygw", tmp_path_factory.mktemp("store")) as running:
        yield running


def connect(server: Server) -> MilvusClient:
    return MilvusClient(server.uri, timeout=60)


def vectors(begin: int, end: int) -> np.ndarray:
    return np.random.default_rng(begin).standard_normal((end - begin, DIM)).astype(np.float32)


def make(client: MilvusClient, name: str, kind: str = "HNSW") -> None:
    client.create_collection(name, schema=simple_schema(client, dim=DIM), consistency_level="Strong",
                             index_params=index_params(client, kind=kind, metric="L2"))  # fmt: skip


def insert(client: MilvusClient, name: str, begin: int, end: int) -> None:
    rows = vectors(begin, end)
    client.insert(name, [{"id": begin + i, "vector": rows[i].tolist(), "tag": f"t{i}"} for i in range(end - begin)])


def wait_until(condition, seconds: float = 60, what: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)  # Polling the outside of another process: there is no event to wait on.


def wait_indexed(client: MilvusClient, name: str) -> None:
    def done():
        described = client.describe_index(name, "vector")
        return described["state"] == "Finished" and int(described["pending_index_rows"]) == 0

    wait_until(done, what="index built")


def is_loaded(client: MilvusClient, name: str) -> bool:
    try:
        return client.get_load_state(name)["state"].name == "Loaded"
    except MilvusException:  # Of a load that has failed for now.
        return False


def check_found(client: MilvusClient, name: str, begin: int, end: int) -> None:
    """Every tenth row of the batch is its own nearest neighbour."""
    rows = vectors(begin, end)
    picked = list(range(0, end - begin, 10))
    results = client.search(name, [rows[i].tolist() for i in picked], limit=1, search_params={"params": {"ef": 200}},
                            output_fields=["tag"])  # fmt: skip
    for i, hits in zip(picked, results):
        assert [h["id"] for h in hits] == [begin + i]
        assert hits[0]["entity"]["tag"] == f"t{i}"
