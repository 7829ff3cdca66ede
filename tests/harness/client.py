"""Short forms for what nearly every client test does."""

from __future__ import annotations

import contextlib

import pytest
from pymilvus import DataType, MilvusException


@contextlib.contextmanager
def refused(text: str, *codes: int):
    """The call inside must fail on the server with this text, and with one of the codes if any is named."""
    with pytest.raises(MilvusException) as caught:
        yield caught
    assert text.lower() in caught.value.message.lower(), caught.value.message
    if codes:
        assert caught.value.code in codes, f"code {caught.value.code}, expected {codes}: {caught.value.message}"


def plain(rows) -> list[dict]:
    """Query results as plain dicts: pymilvus fills in long columns only when a row is looked at."""
    return [dict(rows[i]) for i in range(len(rows))]


def simple_schema(client, *, dim=8, auto_id=False, dynamic=True, pk=DataType.INT64, vector=DataType.FLOAT_VECTOR):
    schema = client.create_schema(auto_id=auto_id, enable_dynamic_field=dynamic)
    if pk == DataType.VARCHAR:
        schema.add_field("id", pk, is_primary=True, max_length=64)
    else:
        schema.add_field("id", pk, is_primary=True)
    schema.add_field("vector", vector, dim=dim)
    return schema


def index_params(client, field="vector", kind="FLAT", metric="L2", **params):
    described = client.prepare_index_params()
    described.add_index(field_name=field, index_type=kind, metric_type=metric, params=params)
    return described


def count(client, name, **options) -> int:
    """Live rows, exactly."""
    return client.query(name, filter="", output_fields=["count(*)"], **options)[0]["count(*)"]
