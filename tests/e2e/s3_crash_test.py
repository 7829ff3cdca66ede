"""Kills at every crash point of the S3 store; acknowledged rows are there afterwards."""

import itertools

import numpy as np
import pytest
from s3_fixtures import connect, environment, one_store, wait_until  # noqa: F401 (one_store is a fixture)

from harness.client import count
from harness.server import Server, crash_point_names

DIM = 1024  # So that a few thousand rows are a multipart upload.
ROOTS = itertools.count(1)


def insert(client, begin, end):
    rows = np.random.default_rng(begin).standard_normal((end - begin, DIM)).astype(np.float32)  # Nothing to compress.
    client.insert("c", [{"id": begin + i, "vector": row} for i, row in enumerate(rows)])


@pytest.mark.parametrize("point", [name for name in crash_point_names() if name.startswith("s3.")])
def test_a_kill_at(point, one_store, tmp_path):  # noqa: F811
    env = environment(one_store.address, MINIO_ROOTPATH=f"crash/{next(ROOTS)}")
    with Server(tmp_path / "data", env=env) as server:
        client = connect(server)
        client.create_collection("c", dimension=DIM, metric_type="L2", consistency_level="Strong")
        client.create_collection("dropped", dimension=8, consistency_level="Strong")
        client.insert("dropped", [{"id": 1, "vector": [1.0] * 8}])
        client.flush("dropped")
        client.close()
        server.restart(env={"ELANUS_CRASH_POINT": point})
        client = connect(server)
        rows = 0
        try:
            for begin in range(0, 4500, 500):
                insert(client, begin, begin + 500)
                rows += 500
            client.drop_collection("dropped", timeout=10)
            client.flush("c", timeout=30)
        except Exception:  # noqa: BLE001 (the server ends somewhere in here)
            pass
        wait_until(lambda: not server.running, what=f"ended at {point}")
        client.close()
        server.start()
        client = connect(server)
        found = count(client, "c")
        assert found >= rows and found % 500 == 0
        client.flush("c")
        assert count(client, "c") == found
        client.close()
