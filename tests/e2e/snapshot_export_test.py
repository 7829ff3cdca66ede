"""Snapshots that leave the cluster as a folder of files, and become collections of another one."""

import pytest
from pymilvus import MilvusClient
from s3_fixtures import BUCKET, connect, environment, insert, make, one_store, vectors, wait_indexed, wait_until  # noqa: F401

from harness.client import count
from harness.server import Server
from harness.wire import call_by_numbers, fields_of

# CreateSnapshotRequest, ExportSnapshotRequest, RestoreExternalSnapshotRequest: numbers of their fields.
INVALID, DAMAGED, NOT_THERE = 1100, 1009, 1000
INDEXED = {"INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64"}


def ask(server, method, fields):
    """(code, answer's fields, reason) of a call that client libraries of the older lines lack."""
    answer = fields_of(call_by_numbers(server.address, method, fields))
    status = fields_of(answer.get(1, b"") if method != "CreateSnapshot" else b"")
    return status.get(3, 0), answer, status.get(2, b"").decode()


def export(server, path, name="s", collection="c"):
    return ask(server, "ExportSnapshot", {2: name, 4: collection, 5: path})


def restore(server, uri, target="again"):
    """The reason why it failed, or nothing."""
    code, answer, reason = ask(server, "RestoreExternalSnapshot", {3: target, 4: uri})
    if code:
        return f"{code} {reason}"

    def state():
        info = fields_of(ask(server, "GetRestoreSnapshotState", {2: answer[2]})[1][2])
        return info.get(5), info.get(7, b"").decode()

    wait_until(lambda: state()[0] in (3, 4))
    return state()[1]


def fill(server, client):
    make(client, "c")
    insert(client, "c", 0, 1000)
    client.delete("c", ids=[3, 4])
    client.flush("c")
    insert(client, "c", 1000, 1100)
    wait_indexed(client, "c")
    call_by_numbers(server.address, "CreateSnapshot", {2: "s", 5: "c"})
    client.delete("c", ids=[5])  # Not in the snapshot.
    return nearest(client, "c") | {5}


def nearest(client, name):
    hits = client.search(name, vectors(0, 1000)[:20].tolist(), limit=3, search_params={"params": {"ef": 100}})
    return {hit["id"] for found in hits for hit in found}


def check(client, expected):
    client.load_collection("again")
    assert count(client, "again") == 1098
    assert client.query("again", filter="id in [3, 4]") == []
    assert [r["id"] for r in client.query("again", filter="id in [5, 1050]", output_fields=["tag"])] == [5, 1050]
    assert 5 in nearest(client, "again") and expected & nearest(client, "again")
    assert int(client.describe_index("again", "vector")["pending_index_rows"]) == 0  # They came along.
    insert(client, "again", 2000, 2010)
    client.delete("again", ids=[6])
    assert count(client, "again") == 1107


def test_from_one_local_cluster_to_another(tmp_path):
    shared = INDEXED | {"ELANUS_SNAPSHOT_EXPORTPATH": str(tmp_path / "exports")}
    with Server(tmp_path / "one", env=shared) as one, Server(tmp_path / "two", env=shared) as two:
        client = MilvusClient(one.uri, timeout=30)
        expected = fill(one, client)
        for path, word in (("../out", "path below a folder"), ("/etc", "elanus.snapshot.exportPath"), ("a//b", "path below")):
            code, _, reason = export(one, path)
            assert code == INVALID and word in reason, reason
        code, answer, reason = export(one, "daily/monday")
        assert code == 0, reason
        uri = answer[2].decode()
        assert uri.startswith("daily/monday/metadata/")
        info = fields_of(ask(one, "GetExportSnapshotState", {2: answer[3]})[1][2])
        files = [p for p in (tmp_path / "exports/daily/monday/data").rglob("*") if p.is_file()]
        assert info[5] == 3 and info[10] == info[11] == len(files)  # Completed; all files.
        assert info[13] == sum(p.stat().st_size for p in files)
        assert info[12].decode() == uri
        client.drop_collection("c")
        one.stop()
        other = MilvusClient(two.uri, timeout=30)
        assert restore(two, uri) == ""
        check(other, expected)
        other.close()
        two.restart(kill=True)
        other = MilvusClient(two.uri, timeout=30, dedicated=True)
        assert count(other, "again") == 1107

        assert restore(two, uri).startswith(f"{INVALID} ")  # It exists.
        assert restore(two, "daily/metadata/1.json", "x").startswith(f"{NOT_THERE} ")
        # Damaged: named, and nothing is left of it.
        files[0].write_bytes(files[0].read_bytes()[:-1] + b"?")
        reason = restore(two, uri, "x")
        assert "exported object is damaged" in reason and str(files[0].name) in reason
        manifest = tmp_path / "exports" / uri
        manifest.write_bytes(manifest.read_bytes()[:-20])
        assert restore(two, uri, "x").startswith(f"{DAMAGED} ")
        assert other.list_collections() == ["again"]


def test_from_one_cluster_of_a_store_to_another(one_store, tmp_path):  # noqa: F811
    roots = [environment(one_store.address, MINIO_ROOTPATH=f"export/{name}", **INDEXED) for name in ("one", "two")]
    with Server(tmp_path / "one", env=roots[0]) as one, Server(tmp_path / "two", env=roots[1]) as two:
        client = connect(one)
        expected = fill(one, client)
        code, answer, reason = export(one, f"s3://{BUCKET}/export/away")
        assert code == 0, reason
        uri = answer[2].decode()
        assert uri.startswith(f"s3://{BUCKET}/export/away/metadata/")
        code, _, reason = export(one, "export/one/insert_log")
        assert code == INVALID and "is the cluster's" in reason
        client.drop_collection("c")
        other = connect(two)
        assert restore(two, uri) == ""
        check(other, expected)
        assert restore(two, uri.removeprefix(f"s3://{BUCKET}/"), "third") == ""
        keys = one_store.keys(BUCKET, "export/away")
        assert any("/data/insert_log/" in key for key in keys) and any("/data/index_files/" in key for key in keys)
        client.close()
        other.close()
