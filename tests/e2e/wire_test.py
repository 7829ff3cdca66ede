"""The port itself: garbage, oversize, unknown RPCs, idle crowds, clients that go away."""

import random
import socket
import threading

import grpc
import numpy as np
import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2

from harness.client import count
from harness.wire import UNLIMITED, Wire, column, methods, search_request, status_of

SERVICE = "/milvus.proto.milvus.MilvusService/"

# RPCs of other issues: UNIMPLEMENTED with a sentence that names them, so that clients fall back.
LATER = ["HybridSearch", "CreateCredential", "CreateRole", "Import", "TransferReplica", "OperatePrivilege"]


def raw(channel, method, payload, timeout=10):
    call = channel.unary_unary(SERVICE + method, request_serializer=None, response_deserializer=None)
    return call(payload, timeout=timeout)


def test_connect_gives_an_identity(wire):
    assert wire.connected.status.code == 0 and wire.connected.identifier != 0
    version = wire("GetVersion").version
    assert version and wire.connected.server_info.build_tags == version


def test_connect_to_an_unknown_database(server):
    with Wire(server.address, metadata=[("dbname", "nope")]) as wire:
        assert wire.connected.status.code == 800 and "database not found[database=nope]" in wire.connected.status.reason


def test_every_method_of_the_service_answers_something(wire):
    """No method may break the connection on an empty request: a status, or UNIMPLEMENTED with its name."""
    for method in methods():
        if method in ("CreateReplicateStream", "DumpMessages"):
            continue
        try:
            wire(method, timeout=15)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNIMPLEMENTED, (method, error.code(), error.details())
            assert method in error.details(), (method, error.details())
    assert wire("GetVersion").version


@pytest.mark.parametrize("method", LATER)
def test_planned_methods_are_unimplemented_by_name(wire, method):
    with pytest.raises(grpc.RpcError) as caught:
        wire(method, timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED and method in caught.value.details()


def test_unknown_methods_are_unimplemented(wire):
    with pytest.raises(grpc.RpcError) as caught:
        raw(wire.channel, "NoSuchMethod", b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_garbage_and_truncated_messages(wire, server, simple):
    rng = random.Random(5)
    whole = search_request(simple, [np.ones(8)]).SerializeToString()
    payloads = [rng.randbytes(rng.randint(1, 300)) for _ in range(60)]
    payloads += [whole[:n] for n in range(0, len(whole), 3)]
    payloads += [bytes(b ^ (1 << rng.randint(0, 7)) if rng.random() < 0.05 else b for b in whole) for _ in range(60)]
    for method in ("Search", "Insert", "Query", "CreateCollection", "Connect", "Delete", "CreateIndex"):
        for payload in payloads:
            try:
                raw(wire.channel, method, payload)
            except grpc.RpcError as error:
                assert error.code() in (
                    grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED,
                ), (method, error)  # fmt: skip
    assert server.running and wire("GetVersion").version


def test_garbage_bytes_on_the_socket(server, wire):
    rng = random.Random(6)
    for start in (b"", b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw_socket:
            raw_socket.sendall(start + rng.randbytes(2000))
    assert server.running and wire("GetVersion").version


def test_oversized_messages_are_refused_by_size(wire, simple):
    rows = 70 * 1024 * 1024 // (8 * 4)
    request = milvus_pb2.InsertRequest(collection_name=simple, num_rows=rows, fields_data=[
        column("vector", DataType.FLOAT_VECTOR, np.zeros((rows, 8), dtype=np.float32), dim=8)])  # fmt: skip
    with pytest.raises(grpc.RpcError) as caught:
        wire("Insert", request, timeout=60)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert wire("GetVersion").version


def test_a_message_just_under_the_limit_is_taken(wire, client, simple):
    rows = 60 * 1024 * 1024 // (8 * 4 + 10)
    request = milvus_pb2.InsertRequest(collection_name=simple, num_rows=rows, fields_data=[
        column("id", DataType.INT64, range(rows)),
        column("vector", DataType.FLOAT_VECTOR, np.zeros((rows, 8), dtype=np.float32), dim=8)])  # fmt: skip
    assert request.ByteSize() > 49 * 1024 * 1024
    answer = wire("Insert", request, timeout=120)
    assert status_of(answer).code == 0, status_of(answer).reason
    assert count(client, simple) == rows


def test_a_thousand_idle_connections(server, wire):
    sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(1000)]
    try:
        assert wire("GetVersion").version
        with Wire(server.address) as another:
            assert another("ListDatabases").db_names
    finally:
        for one in sockets:
            one.close()
    assert server.running


def test_a_client_gone_in_mid_call(server, wire, client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i)] * 8} for i in range(2000)])
    for _ in range(20):
        channel = grpc.insecure_channel(server.address, options=UNLIMITED)
        call = channel.unary_unary(SERVICE + "Search", request_serializer=None, response_deserializer=None)
        future = call.future(search_request(simple, np.ones((2000, 8)), limit=100).SerializeToString(), timeout=30)
        threading.Event().wait(0.01)  # Lets the request leave before the client goes.
        future.cancel()
        channel.close()
    assert server.running and count(client, simple) == 2000


def test_deadlines_are_honoured(wire, client, simple):
    client.insert(simple, [{"id": i, "vector": [float(i % 97)] * 8} for i in range(5000)])
    with pytest.raises(grpc.RpcError) as caught:
        wire("Search", search_request(simple, np.ones((16384, 8)), limit=1000), timeout=0.02)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert wire("GetVersion").version


def test_unknown_fields_are_ignored(wire, simple):
    payload = search_request(simple, [np.ones(8)]).SerializeToString() + b"\xc2\xf3\x06\x03abc"
    answer = milvus_pb2.SearchResults.FromString(raw(wire.channel, "Search", payload))
    assert answer.status.code == 0, answer.status.reason


def test_results_are_present_even_when_empty(wire, simple):
    answer = wire("Search", search_request(simple, np.zeros((3, 8)), limit=5))
    assert answer.status.code == 0 and answer.HasField("results")
    assert answer.results.num_queries == 3 and list(answer.results.topks) == [0, 0, 0]
    assert answer.results.primary_field_name == "id"


def test_errors_fill_both_codes_and_name_the_request(wire):
    status = status_of(wire("DescribeCollection", collection_name="absent"))
    assert status.code == 100 and status.error_code == 4
    assert "can't find collection[database=default][collection=absent]" in status.reason


def test_timestamps_grow(wire):
    stamps = [wire("AllocTimestamp").timestamp for _ in range(50)]
    assert stamps == sorted(set(stamps)) and stamps[0] >> 18 > 1_600_000_000_000


def test_reflection_lists_the_service(server):
    """The reflection protocol, written by hand: one request {list_services: "*"}."""
    with grpc.insecure_channel(server.address) as channel:
        for version in ("v1alpha", "v1"):
            call = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
                                         request_serializer=None, response_deserializer=None)  # fmt: skip
            try:
                answer = next(iter(call(iter([b"\x3a\x01*"]), timeout=10)))
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNIMPLEMENTED
                continue
            assert b"milvus.proto.milvus.MilvusService" in answer
            return
    pytest.fail("no version of reflection answers")


def test_frequent_pings_are_tolerated(server):
    options = [("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 5000),
               ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0)]  # fmt: skip
    with grpc.insecure_channel(server.address, options=options) as channel:
        assert raw(channel, "GetVersion", b"")
        threading.Event().wait(21)  # Two pings without a call: the reference's clients do this.
        assert raw(channel, "GetVersion", b"")
