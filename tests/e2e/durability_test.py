"""Restart and kill: everything acknowledged is there again; what must be refused at start is refused."""

import os
import signal

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient

from harness.client import count, index_params, simple_schema
from harness.server import Server, ServerFailed, run_command
from harness.wire import Wire


@pytest.fixture
def own(tmp_path):
    """A server of the test's own, that it may kill."""
    with Server(tmp_path / "data") as server:
        yield server


def connect(server):
    return MilvusClient(server.uri, timeout=30)


def fill(client, name="c", rows=500):
    client.create_collection(name, schema=simple_schema(client), consistency_level="Strong",
                             index_params=index_params(client, kind="HNSW", metric="L2", M=8, efConstruction=64))  # fmt: skip
    client.insert(name, [{"id": i, "vector": [float(i)] * 8, "k": f"v{i}"} for i in range(rows)])


def content(client, name="c"):
    return {r["id"]: r.get("k") for r in client.query(name, filter="id >= 0", output_fields=["k"])}


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_everything_is_there_again(own, kill):
    client = connect(own)
    fill(client)
    client.create_partition("c", "p")
    client.insert("c", [{"id": 1000, "vector": [1000.0] * 8}], partition_name="p")
    client.create_alias("c", "known_as")
    client.create_database("db")
    inside = MilvusClient(own.uri, db_name="db")
    fill(inside, "d", 20)
    client.flush("c")
    client.upsert("c", [{"id": i, "vector": [float(i)] * 8, "k": "new"} for i in range(0, 50)])
    client.delete("c", ids=list(range(100, 120)))
    client.alter_collection_properties("c", properties={"note": "kept"})
    client.add_collection_field("c", "later", DataType.INT64, nullable=True)
    client.create_collection("gone", schema=simple_schema(client))
    client.drop_collection("gone")
    before = content(client)
    described = client.describe_collection("c")
    hits = client.search("c", [[250.0] * 8], limit=20)[0]
    client.close()

    own.restart(kill=kill)
    client = connect(own)
    assert client.get_load_state("c")["state"].name == "Loaded"
    assert content(client) == before and len(before) == 481
    assert client.describe_collection("c") == described
    assert client.search("c", [[250.0] * 8], limit=20)[0] == hits
    assert client.list_partitions("c") == ["_default", "p"]
    assert count(client, "known_as") == 481
    assert set(client.list_collections()) == {"c"}
    assert count(MilvusClient(own.uri, db_name="db"), "d") == 20
    client.insert("c", [{"id": 5000, "vector": [0.0] * 8}])
    assert count(client, "c") == 482


def test_killed_over_and_over_while_writing(own):
    acknowledged = 0
    client = connect(own)
    fill(client, rows=1)
    for round_number in range(5):
        for batch in range(4):
            begin = 1 + (round_number * 4 + batch) * 100
            client.insert("c", [{"id": i, "vector": [float(i)] * 8} for i in range(begin, begin + 100)])
            acknowledged = begin + 100
        if round_number == 2:
            client.flush("c")
        client.close()
        own.restart(kill=True)
        client = connect(own)
        assert count(client, "c") == acknowledged


def test_ids_and_timestamps_never_go_back(own):
    with Wire(own.address) as wire:
        before = [wire("AllocTimestamp").timestamp for _ in range(3)][-1]
    client = connect(own)
    client.create_collection("a", schema=simple_schema(client, auto_id=True), index_params=index_params(client), consistency_level="Strong")
    first = list(client.insert("a", [{"vector": [0.0] * 8}] * 3)["ids"])
    own.restart(kill=True)
    with Wire(own.address) as wire:
        assert wire("AllocTimestamp").timestamp > before
    second = list(connect(own).insert("a", [{"vector": [0.0] * 8}] * 3)["ids"])
    assert not set(first) & set(second)


def test_a_second_server_on_the_same_folder_is_refused(own, tmp_path):
    second = Server(own.data_dir)
    second.log_path = tmp_path / "second.log"
    with pytest.raises(ServerFailed) as caught:
        second.start(timeout=20)
    assert f"process {own.process.pid} is using it" in str(caught.value)
    assert str(own.data_dir) in str(caught.value)
    assert own.running and own.health()[0] == 200


def test_a_port_in_use_is_refused_by_name(own, tmp_path):
    second = Server(tmp_path / "other", port=own.port)
    with pytest.raises(ServerFailed) as caught:
        second.start(timeout=20)
    assert str(own.port) in str(caught.value)


def test_terminate_ends_with_success_and_flushes(own):
    client = connect(own)
    fill(client)
    assert own.stop() == 0
    own.start()
    assert count(connect(own), "c") == 500


def test_interrupt_ends_with_success(own):
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(30) == 0


def test_a_torn_tail_of_the_log_is_cut(own):
    client = connect(own)
    fill(client, rows=100)
    own.kill()
    newest = newest_log_file(own)
    os.truncate(newest, os.path.getsize(newest) - 3)  # The last record is no longer whole.
    own.start()
    client = connect(own)
    assert count(client, "c") in (0, 100)  # The one batch is whole or absent.
    client.insert("c", [{"id": 7000, "vector": [0.0] * 8}])
    own.restart(kill=True)
    assert client is not None and content(connect(own)).keys() >= {7000}


def test_a_flipped_byte_in_the_log_is_reported_with_its_place(own):
    client = connect(own)
    fill(client, rows=1)
    for i in range(20):
        client.insert("c", [{"id": 100 + i, "vector": [0.0] * 8}])
    own.kill()
    newest = newest_log_file(own)
    data = bytearray(newest.read_bytes())
    data[len(data) // 3] ^= 0x10
    newest.write_bytes(data)
    own.launch()
    try:
        own.wait_healthy(20)
        served = count(connect(own), "c")
        assert served == 21, f"{served} rows served from a damaged log"
    except ServerFailed as failure:
        assert newest.name in str(failure), failure


def test_a_flipped_byte_in_a_segment_file_is_never_served(own):
    client = connect(own)
    fill(client, rows=2000)
    client.flush("c")
    client.release_collection("c")
    own.stop()
    files = [p for p in own.data_dir.rglob("insert_log/**/*") if p.is_file() and p.stat().st_size > 1000]
    assert files, "no column files below the data folder"
    rng = np.random.default_rng(1)
    for path in files:
        data = bytearray(path.read_bytes())
        data[int(rng.integers(len(data) // 4, len(data) // 2))] ^= 0x40
        path.write_bytes(data)
    own.start()
    client = connect(own)
    failures = []
    for ask in (lambda: client.load_collection("c", timeout=10), lambda: content(client)):
        try:
            ask()
        except Exception as error:  # noqa: BLE001 - the kind of failure is the client's affair
            failures.append(str(error))
    assert failures, "damaged files were served"
    log = own.log_path.read_text(errors="replace")
    assert any(path.name in log or any(path.name in f for f in failures) for path in files), failures
    assert own.running


def newest_log_file(server):
    files = [p for p in (server.data_dir / "rdb_data").rglob("*") if p.is_file() and p.stat().st_size > 0]
    assert files, f"no log files below {server.data_dir}"
    return max(files, key=lambda p: (p.stat().st_mtime, p.name))


def test_version_and_config_commands(tmp_path):
    version = run_command("version")
    assert version.returncode == 0 and "0.1" in version.stdout
    config = tmp_path / "milvus.yaml"
    config.write_text("proxy:\n  port: 19999\n  prot: 1\nlog:\n  level: warn\n")
    shown = run_command("config", "--config", config, env={"QUOTAANDLIMITS_LIMITS_TOPK": "77"})
    assert shown.returncode == 0, shown.stderr
    text = shown.stdout
    assert "19999" in text and str(config) in text
    assert any("topk" in part.lower() and "77" in part for part in text.splitlines())
    assert "proxy.port" in shown.stderr + text, "an unknown key should name its nearest relative"


@pytest.mark.parametrize(
    "yaml, words",
    [
        ("proxy:\n  port: seventy\n", ["proxy.port", "seventy"]),
        ("proxy:\n  port: 99999\n", ["proxy.port", "99999"]),
        ("common:\n  security:\n    authorizationEnabled: true\n", ["authorizationEnabled"]),
        ("proxy: [\n", ["milvus.yaml"]),
    ],
)
def test_wrong_settings_stop_the_start(tmp_path, yaml, words):
    config = tmp_path / "milvus.yaml"
    config.write_text(yaml)
    server = Server(tmp_path / "data", arguments=["--config", str(config)])
    with pytest.raises(ServerFailed) as caught:
        server.start(timeout=10)
    for word in words:
        assert word in str(caught.value), caught.value


def test_sighup_changes_the_log_level(tmp_path):
    config = tmp_path / "milvus.yaml"
    config.write_text("log:\n  level: error\n")
    with Server(tmp_path / "data", arguments=["--config", str(config)]) as server:
        quiet = server.log_path.stat().st_size
        config.write_text("log:\n  level: debug\n")
        server.process.send_signal(signal.SIGHUP)
        client = connect(server)
        for _ in range(50):  # Until the reload has happened: each call logs something at debug.
            client.list_collections()
            if server.log_path.stat().st_size > quiet:
                break
        assert server.log_path.stat().st_size > quiet
        config.write_text("log:\n  level: nonsense\n")
        server.process.send_signal(signal.SIGHUP)
        assert client.list_collections() == [] and server.running
