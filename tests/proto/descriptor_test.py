"""Holds proto/*.proto against the descriptors inside the pymilvus package.

Everything pymilvus knows must exist here identically; ours may hold more (newer clients).
Run: .venv/bin/python -m pytest tests/proto
"""

import pathlib

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

grpc_tools = pytest.importorskip("grpc_tools.protoc")
pymilvus_gen = pytest.importorskip("pymilvus.grpc_gen")

from pymilvus.grpc_gen import common_pb2, feder_pb2, milvus_pb2, msg_pb2, rg_pb2, schema_pb2  # noqa: E402

PROTO_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "proto"
THEIRS = {
    module.DESCRIPTOR.package: module.DESCRIPTOR
    for module in (common_pb2, schema_pb2, milvus_pb2, msg_pb2, rg_pb2, feder_pb2)
}


@pytest.fixture(scope="module")
def our_pool(tmp_path_factory):
    """A pool of its own: the default one already holds pymilvus's files under the same names."""
    out = tmp_path_factory.mktemp("descriptors") / "ours.pb"
    files = sorted(str(path.name) for path in PROTO_FOLDER.glob("*.proto"))
    code = grpc_tools.main(
        ["protoc", f"-I{PROTO_FOLDER}", f"--descriptor_set_out={out}", "--include_imports", *files]
    )
    assert code == 0, "protoc refused proto/*.proto"
    descriptor_set = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_set.file:
        pool.Add(file)
    return pool


def find(lookup, name):
    try:
        return lookup(name)
    except KeyError:
        return None


def label_of(field):
    if field.is_repeated:
        return "repeated"
    return "required" if field.is_required else "single"


def facts_of(field):
    """All of a field that decides how it is written, plus its names."""
    return {
        "number": field.number,
        "type": field.type,
        "label": label_of(field),
        "packed": field.is_packed,
        "presence": field.has_presence,
        "message": field.message_type.full_name if field.message_type else None,
        "enum": field.enum_type.full_name if field.enum_type else None,
        "oneof": field.containing_oneof.name if field.containing_oneof else None,
        "json_name": field.json_name,
    }


def messages_of(messages):
    for message in messages:
        yield message
        yield from messages_of(message.nested_types)


def differences_of_message(theirs, ours):
    if ours is None:
        return [f"message {theirs.full_name} is missing"]
    found = []
    for field in theirs.fields:
        our_field = ours.fields_by_name.get(field.name)
        if our_field is None:
            found.append(f"field {theirs.full_name}.{field.name} is missing")
        elif facts_of(field) != facts_of(our_field):
            found.append(f"field {theirs.full_name}.{field.name}: {facts_of(field)} here {facts_of(our_field)}")
    if theirs.GetOptions().map_entry != ours.GetOptions().map_entry:
        found.append(f"message {theirs.full_name} is a map entry on one side only")
    return found


def differences_of_enum(theirs, ours):
    if ours is None:
        return [f"enum {theirs.full_name} is missing"]
    our_values = {value.name: value.number for value in ours.values}
    return [
        f"enum value {theirs.full_name}.{value.name}={value.number}, here {our_values.get(value.name)}"
        for value in theirs.values
        if our_values.get(value.name) != value.number
    ]


def differences_of_service(theirs, ours):
    if ours is None:
        return [f"service {theirs.full_name} is missing"]
    found = []
    for method in theirs.methods:
        our_method = ours.methods_by_name.get(method.name)
        shape = lambda m: (m.input_type.full_name, m.output_type.full_name, m.client_streaming, m.server_streaming)
        if our_method is None:
            found.append(f"method {method.full_name} is missing")
        elif shape(method) != shape(our_method):
            found.append(f"method {method.full_name}: {shape(method)} here {shape(our_method)}")
    return found


@pytest.mark.parametrize("package", sorted(THEIRS))
def test_messages_equal_those_of_pymilvus(our_pool, package):
    messages = list(messages_of(THEIRS[package].message_types_by_name.values()))
    found = []
    for message in messages:
        found += differences_of_message(message, find(our_pool.FindMessageTypeByName, message.full_name))
    assert messages and not found, "\n".join(found)


@pytest.mark.parametrize("package", sorted(THEIRS))
def test_enums_equal_those_of_pymilvus(our_pool, package):
    file = THEIRS[package]
    enums = list(file.enum_types_by_name.values())
    for message in messages_of(file.message_types_by_name.values()):
        enums += message.enum_types
    found = []
    for enum in enums:
        found += differences_of_enum(enum, find(our_pool.FindEnumTypeByName, enum.full_name))
    assert not found, "\n".join(found)


def test_services_hold_every_method_of_pymilvus(our_pool):
    services = [service for file in THEIRS.values() for service in file.services_by_name.values()]
    found = []
    for service in services:
        found += differences_of_service(service, find(our_pool.FindServiceByName, service.full_name))
    assert services and not found, "\n".join(found)


def test_every_request_of_the_service_resolves(our_pool):
    service = our_pool.FindServiceByName("milvus.proto.milvus.MilvusService")
    assert len(service.methods) == 149
    streaming = {m.name for m in service.methods if m.client_streaming or m.server_streaming}
    assert streaming == {"CreateReplicateStream", "DumpMessages"}
