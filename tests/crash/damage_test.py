"""A torn tail and flipped bytes under a real server: what was acknowledged comes back, damage is named, never served."""

import pathlib
import random
import shutil
import struct

import pytest
from pymilvus import DataType, MilvusClient, MilvusException

from harness.client import count, index_params, simple_schema
from harness.server import Server, ServerFailed

pytestmark = pytest.mark.server
SEED = 20261
SETTINGS = {"INDEXCOORD_SEGMENT_MINSEGMENTNUMROWSTOENABLEINDEX": "64"}
LOG_HEADER_BYTES, FRAME_HEADER_BYTES = 64, 24  # docs/formats/log.md


def row(key, word="w"):
    return {"id": key, "vector": [float(key)] * 8, "word": f"{word}{key % 7}"}


def connect(server):
    return MilvusClient(server.uri, timeout=30, dedicated=True)


def read_all(client, name):
    found = client.query(name, filter="id >= 0", output_fields=["vector", "word"], limit=16_384, timeout=20)
    return {r["id"]: (list(r["vector"]), r["word"]) for r in found}


def log_file(server):
    return max((server.data_dir / "rdb_data").glob("*.log"))


class Ground:
    """A killed server's data: files of a segment, its index and its deletes, and rows that only the log has."""

    def __init__(self, folder):
        self.data_dir = folder / "data"
        self.truth = {}
        with Server(self.data_dir, env=SETTINGS) as server:
            client = connect(server)
            schema = simple_schema(client)
            schema.add_field("word", DataType.VARCHAR, max_length=32)
            for name in ("c", "other"):
                params = index_params(client, kind="HNSW", M=8, efConstruction=40)
                client.create_collection(name, schema=schema, index_params=params, consistency_level="Strong")
                client.insert(name, [row(i) for i in range(500)])
                client.flush(name)
                client.load_collection(name)
            client.delete("c", ids=[1, 2, 3])
            client.flush("c")
            for begin in range(1000, 1400, 20):
                client.insert("c", [row(i) for i in range(begin, begin + 20)])
            client.upsert("c", [row(1399, "new")])
            self.truth = read_all(client, "c")
            client.close()
        assert len(self.truth) == 500 - 3 + 400 and self.truth[1399][1] == f"new{1399 % 7}"

    def copy(self, folder):
        shutil.copytree(self.data_dir, folder / "data")
        return Server(folder / "data", env=SETTINGS)

    def files(self, part):
        """Paths below the data folder of one kind of file."""
        found = (p.relative_to(self.data_dir) for p in sorted(self.data_dir.rglob("*")) if p.is_file())
        return [p for p in found if part in p.parts]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return Ground(tmp_path_factory.mktemp("ground"))


# --- a torn tail ---


@pytest.mark.parametrize("fill", ["cut off", "zeros", "noise"])
@pytest.mark.parametrize("kept", ["a byte", "half a header", "the header", "half", "all but 8 bytes"])
def test_a_torn_tail_is_cut_and_nothing_else(ground, tmp_path, kept, fill):
    server = ground.copy(tmp_path)
    # The server dies with a record written, but neither synced nor acknowledged; then the disk loses part of it.
    server.start(env={"ELANUS_CRASH_POINT": "log.append.after_write"})
    client = connect(server)
    with pytest.raises(MilvusException):
        client.insert("c", [row(i, "torn") for i in range(2000, 2020)], timeout=5)
    client.close()
    server.process.wait()
    path = log_file(server)
    content = path.read_bytes()
    size = FRAME_HEADER_BYTES + struct.unpack_from("<I", content, LOG_HEADER_BYTES)[0]
    here = {"a byte": 1, "half a header": 12, "the header": FRAME_HEADER_BYTES, "half": size // 2, "all but 8 bytes": size - 8}[kept]
    whole = content[: LOG_HEADER_BYTES + here]
    lost = size - here
    path.write_bytes(whole + {"cut off": b"", "zeros": bytes(lost), "noise": random.Random(SEED).randbytes(lost)}[fill])

    with server:
        client = connect(server)
        assert read_all(client, "c") == ground.truth
        client.insert("c", [row(3000)])
        server.kill()
        server.start()
        client.close()
        client = connect(server)
        assert read_all(client, "c") == ground.truth | {3000: ([3000.0] * 8, row(3000)["word"])}
        client.close()


# --- damage ---


def outcome(server, ground):
    """What a server makes of its damaged data: ("refused" | "failed", message) or ("served", "").

    Whatever it serves must be right, and the collection beside the damaged one must go on.
    """
    try:
        server.start()
    except ServerFailed:
        assert server.process.poll() == 1, server.log_tail()  # In order, not by a signal.
        return "refused", server.log_tail()
    client = connect(server)
    try:
        assert count(client, "other", timeout=20) == 500
        try:
            found = read_all(client, "c")
        except MilvusException as error:
            assert_nothing_is_served(client)
            assert server.running
            return "failed", error.message
        assert found == ground.truth
        for key in (5, 250, 499, 1000, 1399):
            hit = client.search("c", [[float(key)] * 8], limit=1, timeout=20)[0][0]
            assert (hit["id"], hit["distance"]) == (key, 0.0)
        assert count(client, "c", timeout=20) == len(ground.truth)
        return "served", server.log_tail()
    finally:
        client.close()
        server.kill()


def assert_nothing_is_served(client):
    for ask in (lambda: count(client, "c", timeout=20), lambda: client.search("c", [[5.0] * 8], limit=1, timeout=20)):
        with pytest.raises(MilvusException) as refusal:
            ask()
        assert "damaged" in refusal.value.message


def mutated(server, path: pathlib.Path, change):
    content = bytearray((server.data_dir / path).read_bytes())
    change(content)
    (server.data_dir / path).write_bytes(content)


def flip(at, mask=0x10):
    def change(content):
        content[at] ^= mask

    return change


def name_in_messages(path):
    """Objects are named by their key, log files by their path."""
    parts = path.parts
    return "/".join(parts[parts.index("files") + 1 :]) if "files" in parts else path.name


def test_a_flipped_byte_in_the_log_is_named_and_not_served(ground, tmp_path):
    (path,) = ground.files("rdb_data")[-1:]
    content = (ground.data_dir / path).read_bytes()
    end = len(content.rstrip(b"\0"))
    rng = random.Random(SEED)
    # The last records aside: damage between a record's answer and its mark reads as a torn tail.
    places = [0, 20, LOG_HEADER_BYTES, LOG_HEADER_BYTES + 5] + [rng.randrange(LOG_HEADER_BYTES, end * 3 // 4) for _ in range(16)]
    for number, at in enumerate(places):
        server = ground.copy(tmp_path / str(number))
        mutated(server, path, flip(at, 1 << rng.randrange(8)))
        what, message = outcome(server, ground)
        assert what == "refused", f"byte {at}: {what}"
        assert "log file is damaged" in message and path.name in message and "at offset" in message, message
        # Named is the record that holds the byte: at it or before.
        assert int(message.rpartition("at offset ")[2].split(":")[0].split()[0]) <= at

        # With the byte as it was, all is there.
        if number % 5 == 0:
            shutil.copy(ground.data_dir / path, server.data_dir / path)
            assert outcome(server, ground)[0] == "served"


@pytest.mark.parametrize("part", ["insert_log", "delta_log"])
def test_a_flipped_byte_in_a_segment_file_is_named_and_not_served(ground, tmp_path, part):
    rng = random.Random(SEED)
    damaged = "0"
    failed = 0
    for number, path in enumerate(p for p in ground.files(part) if in_collection_c(ground, p)):
        size = (ground.data_dir / path).stat().st_size
        places = [0, size - 1, size // 2, *(rng.randrange(size) for _ in range(3 if part == "insert_log" else 9))]
        for at in places:
            damaged = tmp_path / f"{number}-{at}"
            server = ground.copy(damaged)
            mutated(server, path, flip(at, 1 << rng.randrange(8)))
            what, message = outcome(server, ground)  # Padding between blocks may change; then all is served.
            assert what != "refused", message
            if what == "failed":
                failed += 1
                assert name_in_messages(path) in message and "at offset" in message, f"{path} byte {at}: {message}"
            shutil.rmtree(damaged)
    assert failed >= 6


def in_collection_c(ground, path):
    """The first of the two collections: ids ascend, and a path names its collection."""
    parts = path.parts
    kind = next(k for k in ("insert_log", "delta_log") if k in parts)
    collections = sorted({p.parts[p.parts.index(kind) + 1] for p in ground.files(kind)})
    return parts[parts.index(kind) + 1] == collections[0]


@pytest.mark.parametrize("change", ["emptied", "cut", "swapped", "zeros"])
def test_a_segment_file_that_is_not_whole_is_named_and_not_served(ground, tmp_path, change):
    def apply(content):
        half = len(content) // 2
        if change == "emptied":
            del content[:]
        elif change == "cut":
            del content[half:]
        elif change == "swapped":
            content[:] = content[half:] + content[:half]
        else:
            content[half:] = bytes(len(content) - half)

    for number, path in enumerate(p for p in ground.files("insert_log") if in_collection_c(ground, p)):
        server = ground.copy(tmp_path / str(number))
        mutated(server, path, apply)
        what, message = outcome(server, ground)
        assert what == "failed" and name_in_messages(path) in message, f"{path}: {what} {message}"


def test_a_missing_segment_file_is_named_and_not_served(ground, tmp_path):
    path = next(p for p in ground.files("insert_log") if in_collection_c(ground, p))
    server = ground.copy(tmp_path)
    (server.data_dir / path).unlink()
    with server:
        client = connect(server)
        with pytest.raises(MilvusException) as refusal:
            read_all(client, "c")
        assert name_in_messages(path) in refusal.value.message
        assert count(client, "other") == 500
        client.close()


def test_a_damaged_index_is_reported_and_its_segment_scanned(ground, tmp_path):
    rng = random.Random(SEED)
    reported = 0
    for number, path in enumerate(ground.files("index_files")):
        size = (ground.data_dir / path).stat().st_size
        for at in (0, size - 1, *(rng.randrange(size) for _ in range(4))):
            server = ground.copy(tmp_path / f"{number}-{at}")
            mutated(server, path, flip(at, 1 << rng.randrange(8)))
            what, log = outcome(server, ground)
            assert what == "served", log
            reported += path.name in log and "damaged" in log
    assert reported >= 6


@pytest.mark.parametrize("name", ["catalog.db", "catalog.db-wal"])
def test_a_flipped_byte_in_the_catalog_is_named_or_harmless(ground, tmp_path, name):
    """SQLite by itself takes a damaged WAL for a shorter one and forgets what was committed."""
    (path,) = ground.files(name)
    size = (ground.data_dir / path).stat().st_size
    rng = random.Random(SEED)
    for number in range(20):
        server = ground.copy(tmp_path / str(number))
        mutated(server, path, flip(rng.randrange(size), 1 << rng.randrange(8)))
        what, message = outcome(server, ground)
        assert what == "served" or (what == "refused" and "catalog.db is damaged" in message), f"{what}: {message}"


def test_damage_found_by_a_running_server_stays_with_its_collection(ground, tmp_path):
    path = next(p for p in ground.files("insert_log") if in_collection_c(ground, p) and "101" in p.parts)
    with ground.copy(tmp_path) as server:
        client = connect(server)
        assert read_all(client, "c") == ground.truth
        client.release_collection("c")
        mutated(server, path, flip(5000))
        with pytest.raises(MilvusException) as refusal:
            client.load_collection("c", timeout=20)
        assert name_in_messages(path) in refusal.value.message and "at offset" in refusal.value.message
        client.insert("other", [row(9000)])
        assert count(client, "other") == 501 and server.running

        # Repaired (from a copy, say), it loads again without a restart.
        shutil.copy(ground.data_dir / path, server.data_dir / path)
        client.release_collection("c")
        client.load_collection("c", timeout=20)
        assert read_all(client, "c") == ground.truth
        client.close()
