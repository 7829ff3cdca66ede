"""The raw wire: requests that no client library would let through, and answers as they came."""

from __future__ import annotations

import grpc
import numpy as np
from pymilvus import DataType
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc, schema_pb2

UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]

SCALAR_SLOTS = {
    DataType.BOOL: "bool_data",
    DataType.INT8: "int_data",
    DataType.INT16: "int_data",
    DataType.INT32: "int_data",
    DataType.INT64: "long_data",
    DataType.FLOAT: "float_data",
    DataType.DOUBLE: "double_data",
    DataType.VARCHAR: "string_data",
    DataType.JSON: "json_data",
}
BYTE_VECTOR_SLOTS = {
    DataType.BINARY_VECTOR: "binary_vector",
    DataType.FLOAT16_VECTOR: "float16_vector",
    DataType.BFLOAT16_VECTOR: "bfloat16_vector",
    DataType.INT8_VECTOR: "int8_vector",
}


class Wire:
    """A channel with the stub, Connect done. Context manager."""

    def __init__(self, address: str, *, connect: bool = True, metadata=()):
        self.channel = grpc.insecure_channel(address, options=UNLIMITED)
        self.stub = milvus_pb2_grpc.MilvusServiceStub(self.channel)
        self.metadata = list(metadata)
        if connect:
            self.connected = self("Connect", milvus_pb2.ConnectRequest(
                client_info=common_pb2.ClientInfo(sdk_type="Python", sdk_version="test")))  # fmt: skip

    def __call__(self, method: str, request=None, *, timeout: float = 30, **fields):
        """Calls an RPC with a request, or with the fields of its request type."""
        if request is None:
            request = request_type(method)(**fields)
        return getattr(self.stub, method)(request, timeout=timeout, metadata=self.metadata)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.channel.close()


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def fields_of(message: bytes) -> dict[int, int | bytes]:
    """The fields of a message by number, numbers as they are, the rest as bytes. Of repeated ones the last."""
    found, at = {}, 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            found[tag >> 3] = varint()
            continue
        size = {1: 8, 5: 4}.get(tag & 7)
        size = varint() if size is None else size
        found[tag >> 3] = message[at : at + size]
        at += size
    return found


def call_by_numbers(address: str, method: str, fields: dict[int, str | int], *, timeout: float = 30) -> bytes:
    """Calls an RPC that this client's library does not know, with texts and numbers by field number (below 16)."""
    request = b""
    for number, value in fields.items():
        if isinstance(value, str):
            text = value.encode()
            request += bytes([number << 3 | 2]) + _varint(len(text)) + text
        else:
            request += bytes([number << 3]) + _varint(value)
    with grpc.insecure_channel(address) as channel:
        return channel.unary_unary(f"/milvus.proto.milvus.MilvusService/{method}")(request, timeout=timeout)


def methods():
    return milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods_by_name


def request_type(method: str):
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(methods()[method].input_type)


def status_of(answer) -> common_pb2.Status:
    if isinstance(answer, common_pb2.Status):
        return answer
    return answer.alter_status if hasattr(answer, "alter_status") else answer.status


def column(name: str, data_type: DataType, values, *, dim: int | None = None, valid=None) -> schema_pb2.FieldData:
    """A column as clients send it; `values` of a vector column are rows of numbers or bytes."""
    data = schema_pb2.FieldData(type=int(data_type), field_name=name)
    if data_type == DataType.FLOAT_VECTOR:
        data.vectors.dim = dim or 0
        data.vectors.float_vector.data.extend(np.asarray(values, dtype=np.float32).ravel().tolist())
    elif data_type in BYTE_VECTOR_SLOTS:
        data.vectors.dim = dim or 0
        joined = b"".join(v if isinstance(v, bytes) else np.ascontiguousarray(v).tobytes() for v in values)
        setattr(data.vectors, BYTE_VECTOR_SLOTS[data_type], joined)
    elif data_type == DataType.ARRAY:
        for row in values:
            data.scalars.array_data.data.append(row)
    else:
        getattr(data.scalars, SCALAR_SLOTS[data_type]).data.extend(values)
    if valid is not None:
        data.valid_data.extend(valid)
    return data


def long_array(values) -> schema_pb2.ScalarField:
    return schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=values))


def placeholder(vectors, kind: int = 101) -> bytes:
    values = [v if isinstance(v, bytes) else np.asarray(v, dtype=np.float32).tobytes() for v in vectors]
    return common_pb2.PlaceholderGroup(
        placeholders=[common_pb2.PlaceholderValue(tag="$0", type=kind, values=values)]
    ).SerializeToString()


def pairs(**values) -> list[common_pb2.KeyValuePair]:
    return [common_pb2.KeyValuePair(key=k, value=str(v)) for k, v in values.items()]


def search_request(collection, vectors, *, field="vector", limit=10, nq=None, expression="", kind=101, **extra):
    params = {"anns_field": field, "topk": limit, "params": "{}"} | extra
    return milvus_pb2.SearchRequest(
        collection_name=collection, dsl=expression, dsl_type=common_pb2.DslType.BoolExprV1,
        placeholder_group=placeholder(vectors, kind), nq=len(vectors) if nq is None else nq,
        search_params=pairs(**params), consistency_level=0,
    )  # fmt: skip
