"""A server whose objects are in an S3 store: from insert to search after a kill, with two real kinds of store."""

import subprocess

import numpy as np
import pytest
from pymilvus import MilvusClient
from s3_fixtures import (  # noqa: F401 (store and one_store are fixtures)
    BUCKET,
    check_found,
    connect,
    environment,
    insert,
    make,
    one_store,
    store,
    wait_indexed,
    wait_until,
)

from harness.client import count
from harness.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from harness.server import Server, ServerFailed, run_command


@pytest.mark.parametrize("index", ["HNSW", "DISKANN"])
def test_insert_flush_index_load_search_kill_restart(store, tmp_path, index):  # noqa: F811
    root = f"run/{store.kind}-{index}"
    with Server(tmp_path / "data", env=environment(store.address, MINIO_ROOTPATH=root)) as server:
        client = connect(server)
        make(client, "c", index)
        insert(client, "c", 0, 2000)
        client.flush("c")
        wait_indexed(client, "c")
        client.load_collection("c")
        check_found(client, "c", 0, 2000)
        client.delete("c", ids=list(range(1, 100, 10)))
        client.flush("c")
        insert(client, "c", 5000, 5100)  # These are in the log alone.
        keys = store.keys(BUCKET, root)
        for folder in ("insert_log/", "delta_log/", "index_files/", "elanus_cluster"):
            assert any(key.startswith(f"{root}/{folder}") for key in keys), (folder, keys)
        metrics = server.metrics()
        assert metrics['milvus_storage_op_count{persistent_data_op_type="put",status="success"}'] > 3
        assert metrics['milvus_storage_op_count{persistent_data_op_type="get",status="success"}'] > 3
        client.close()
        server.restart(kill=True)
        client = connect(server)
        assert count(client, "c") == 2090
        check_found(client, "c", 0, 2000)
        check_found(client, "c", 5000, 5100)
        client.drop_collection("c")
        client.close()
    # Copies have no names, and everything durable but log and catalog is in the store.
    assert [p for p in (tmp_path / "data/data").rglob("*") if p.is_file()] == []


def test_large_segments_go_up_in_parts(store, tmp_path):  # noqa: F811
    """A column beyond 16 MB is a multipart upload, and comes back in ranges."""
    with Server(tmp_path / "data", env=environment(store.address, MINIO_ROOTPATH=f"large/{store.kind}")) as server:
        client = connect(server)
        client.create_collection("c", dimension=1024, metric_type="L2", consistency_level="Strong")
        rows = np.random.default_rng(1).standard_normal((5000, 1024)).astype(np.float32)  # Nothing to compress.
        for begin in range(0, 5000, 500):
            client.insert("c", [{"id": i, "vector": rows[i]} for i in range(begin, begin + 500)])
        client.flush("c")
        client.release_collection("c")
        client.load_collection("c")
        hits = client.search("c", [rows[4321]], limit=1)[0]
        assert [h["id"] for h in hits] == [4321]
        client.close()
    status, body = store.request("GET", BUCKET, {"uploads": ""})
    assert status == 200 and b"<Upload>" not in body


@pytest.mark.parametrize(
    "change, says",
    [
        ({"MINIO_ACCESS_KEY_ID": "nobody"}, "check minio.accessKeyID"),
        ({"MINIO_SECRET_ACCESS_KEY": "wrong"}, "check minio.secretAccessKey"),
        ({"MINIO_REGION": "eu-wrong-1"}, "minio.region"),
        ({"MINIO_BUCKETNAME": "not-there", "MINIO_CREATEBUCKET": "false"}, "set minio.bucketName"),
        ({"MINIO_SSL_TLSCACERT": "/not/there.pem"}, "minio.ssl.tlsCACert"),
    ],
    ids=["key", "secret", "region", "bucket", "ca"],
)
def test_what_the_store_refuses_ends_the_start_with_what_to_change(store, tmp_path, change, says):  # noqa: F811
    server = Server(tmp_path / "data", env=environment(store.address) | change)
    with pytest.raises(ServerFailed) as failed:
        server.start(timeout=30)
    assert says in str(failed.value)
    assert SECRET_KEY not in server.log_path.read_text()


def test_tls_with_an_authority_of_its_own(store, tmp_path):  # noqa: F811
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
    )  # fmt: skip
    with S3Server(store.kind, tmp_path, tls=(certificate, key)) as secure:
        env = environment(secure.address, MINIO_USESSL="true")
        with pytest.raises(ServerFailed, match="set minio.ssl.tlsCACert"):
            Server(tmp_path / "data", env=env).start(timeout=30)
        with Server(tmp_path / "data", env=env | {"MINIO_SSL_TLSCACERT": certificate}) as server:
            client = connect(server)
            make(client, "c")
            insert(client, "c", 0, 100)
            client.flush("c")
            client.close()
        plain = Server(tmp_path / "data2", env=environment(secure.address)).launch()
        try:  # One kind says so and ends the start, the other hangs up.
            wait_until(lambda: "set minio.useSSL to true" in plain.log_tail(), what="told about TLS")
        finally:
            plain.kill()


def test_the_second_cluster_on_one_store_is_refused(one_store, tmp_path):  # noqa: F811
    env = environment(one_store.address, MINIO_ROOTPATH="twice")
    with Server(tmp_path / "one", env=env) as first:
        with pytest.raises(ServerFailed, match="the object store belongs to cluster"):
            Server(tmp_path / "two", env=env).start(timeout=30)
        # Beside it in the same bucket there is room.
        with Server(tmp_path / "three", env=env | {"MINIO_ROOTPATH": "beside"}):
            assert first.health()[0] == 200
        first.restart()


def test_a_store_that_is_not_the_catalogs_is_refused(one_store, tmp_path):  # noqa: F811
    env = environment(one_store.address, MINIO_ROOTPATH="moved/from")
    with Server(tmp_path / "data", env=env) as server:
        client = connect(server)
        make(client, "c")
        insert(client, "c", 0, 100)
        client.flush("c")
        client.close()
    with pytest.raises(ServerFailed, match="is this the right store"):
        Server(tmp_path / "data", env=env | {"MINIO_ROOTPATH": "moved/to"}).start(timeout=30)


def test_the_start_waits_for_a_store_that_comes_later(tmp_path):
    later = S3Server("versitygw", tmp_path / "s3")
    (tmp_path / "s3").mkdir()
    server = Server(tmp_path / "data", env=environment(later.address)).launch()
    try:
        wait_until(lambda: "object store" in server.health()[1], what="named in /healthz")
        assert server.health()[0] == 503
        assert "is the store running" in server.log_tail()
        with later:
            server.wait_healthy()
            client = connect(server)
            make(client, "c")
            client.close()
    finally:
        server.kill()


def test_a_server_that_waits_for_its_store_can_be_stopped(tmp_path):
    server = Server(tmp_path / "data", env=environment("127.0.0.1:1")).launch()
    try:
        wait_until(lambda: "waiting for the object store" in server.log_tail(), what="waits")
        assert server.stop(timeout=30) == 0
    finally:
        server.kill()


def doctor(tmp_path, env):
    return run_command("doctor", "storage", "--data-dir", tmp_path / "doctor", env=env, timeout=120)


def test_the_doctor_finds_a_good_store_good(store, tmp_path):  # noqa: F811
    answer = doctor(tmp_path, environment(store.address, MINIO_ROOTPATH="well"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for check in ("bucket", "put object", "list in pages", "put if absent", "multipart upload", "delete objects", "clock"):
        assert f"ok    {check}" in answer.stdout, answer.stdout
    assert "FAIL" not in answer.stdout
    assert store.keys(BUCKET, "well/doctor") == []


def test_the_bucket_may_stand_in_the_host_name(tmp_path):
    """MinIO answers at BUCKET.localhost, which libcurl takes for loopback."""
    with S3Server("minio", tmp_path / "s3") as minio:
        env = environment(f"localhost:{minio.port}", MINIO_USEVIRTUALHOST="true")
        assert minio.request("PUT", BUCKET)[0] == 200
        answer = doctor(tmp_path, env)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_doctor_says_what_is_wrong(store, tmp_path):  # noqa: F811
    for change, says in [
        ({"MINIO_SECRET_ACCESS_KEY": "wrong"}, "check minio.secretAccessKey"),
        ({"MINIO_ADDRESS": "127.0.0.1:1"}, "is the store running"),
        ({"MINIO_BUCKETNAME": "not-there", "MINIO_CREATEBUCKET": "false"}, "there is no such bucket"),
    ]:
        answer = doctor(tmp_path, environment(store.address) | change)
        assert answer.returncode == 1
        assert "FAIL  bucket" in answer.stdout and says in answer.stdout, answer.stdout
    local = doctor(tmp_path, {})
    assert local.returncode == 0, local.stdout + local.stderr


def test_credentials_come_from_the_environment_and_the_shared_file(one_store, tmp_path):  # noqa: F811
    env = environment(one_store.address, MINIO_ROOTPATH="keys")
    del env["MINIO_ACCESS_KEY_ID"], env["MINIO_SECRET_ACCESS_KEY"]
    answer = doctor(tmp_path, env | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY})
    assert answer.returncode == 0 and "keys from the environment" in answer.stdout, answer.stdout
    file = tmp_path / "credentials"
    file.write_text(f"[mine]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    answer = doctor(tmp_path, env | {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "mine"})
    assert answer.returncode == 0 and "keys from the shared credentials file" in answer.stdout, answer.stdout


def test_client_sees_the_store_in_an_error(one_store, tmp_path):  # noqa: F811
    """The bucket goes while the server runs: a flush says so, by bucket, key and code."""
    env = environment(one_store.address, MINIO_BUCKETNAME="passing")
    with Server(tmp_path / "data", env=env) as server:
        client = connect(server)
        make(client, "c")
        insert(client, "c", 0, 100)
        assert one_store.request("DELETE", "passing/files/elanus_cluster")[0] == 204
        assert one_store.request("DELETE", "passing")[0] == 204
        with pytest.raises(Exception, match='bucket "passing", key "files/insert_log.*NoSuchBucket'):
            MilvusClient(server.uri, timeout=20).flush("c")
        assert count(client, "c") == 100  # Still served, still in the log.
        one_store.make_bucket("passing")
        client.flush("c")
        client.close()
