"""One server for the whole run; every test makes collections of its own and drops them."""

from __future__ import annotations

import contextlib
import itertools
import re

import pytest
from pymilvus import MilvusClient, MilvusException

from harness.client import index_params, simple_schema
from harness.server import Server, binary_path
from harness.wire import Wire

COUNTER = itertools.count(1)


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not binary_path().exists():
        pytest.exit(f"no server at {binary_path()}; run scripts/build first", returncode=1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    connected = MilvusClient(server.uri, timeout=30)
    yield connected
    connected.close()


@pytest.fixture
def wire(server):
    with Wire(server.address) as raw:
        yield raw


@pytest.fixture
def name(request, client):
    """A collection name that nobody else uses; the collection is dropped afterwards."""
    stem = re.sub(r"\W+", "_", request.node.name)[:60]
    unique = f"t_{stem}_{next(COUNTER)}"
    yield unique
    with contextlib.suppress(MilvusException):
        for alias in client.list_aliases(unique)["aliases"]:
            client.drop_alias(alias)
    with contextlib.suppress(MilvusException):
        client.drop_collection(unique)


@pytest.fixture
def simple(client, name):
    """An empty, loaded collection: id INT64, vector of 8 floats with FLAT L2, dynamic field, Strong reads."""
    client.create_collection(
        name, schema=simple_schema(client), index_params=index_params(client), consistency_level="Strong"
    )
    return name
