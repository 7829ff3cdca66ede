"""Timestamptz: zones, filters with ISO and INTERVAL, parts of times."""

from datetime import datetime, timedelta, timezone

import pytest
from pymilvus import DataType

from harness.client import index_params, refused

pytestmark = pytest.mark.core
START = datetime(2025, 1, 31, 12, 30, 15, 250000, tzinfo=timezone.utc)


def make(client, name, **options):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("at", DataType.TIMESTAMPTZ, nullable=True)
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong", **options)


def fill(client, name, count=40):
    """A day apart; every seventh is null. Half in segment files."""
    times = [None if i % 7 == 6 else START + timedelta(days=i) for i in range(count)]
    rows = [{"id": i, "vector": [float(i), 0.0], "at": at and at.isoformat()} for i, at in enumerate(times)]
    client.insert(name, rows[: count // 2])
    client.flush(name)
    client.insert(name, rows[count // 2 :])
    return times


def ids(client, name, text, **options):
    return [row["id"] for row in client.query(name, filter=text, output_fields=["id"], **options)]


def test_times_come_back_in_the_zone_asked_for(client, name):
    make(client, name)
    fill(client, name, 8)
    at = lambda **options: client.query(name, filter="id == 0", output_fields=["at"], **options)[0]["at"]  # noqa: E731
    assert at() == "2025-01-31T12:30:15.25Z"
    assert at(timezone="Asia/Shanghai") == "2025-01-31T20:30:15.25+08:00"
    hit = client.search(name, [[0.0, 0.0]], limit=1, output_fields=["at"], timezone="America/New_York")[0][0]
    assert hit["entity"]["at"] == "2025-01-31T07:30:15.25-05:00"
    assert client.query(name, filter="id == 6", output_fields=["at"])[0]["at"] is None
    with refused("unknown or invalid IANA Time Zone ID: Mars/Base", 1100):
        at(timezone="Mars/Base")


def test_the_collection_has_a_zone(client, name):
    make(client, name, properties={"timezone": "Asia/Shanghai"})
    client.insert(name, [{"id": 1, "vector": [0.0, 0.0], "at": "2025-05-01 08:00:00"},
                         {"id": 2, "vector": [0.0, 0.0], "at": "2025-05-01T08:00:00Z"}])  # fmt: skip
    found = client.query(name, filter="id > 0", output_fields=["at"])
    assert [row["at"] for row in found] == ["2025-05-01T08:00:00+08:00", "2025-05-01T16:00:00+08:00"]
    # Texts without offset: the request's zone, else the collection's; a search's filter is in UTC.
    assert ids(client, name, "at == ISO '2025-05-01T08:00:00'") == [1]
    assert ids(client, name, "at == ISO '2025-05-01T08:00:00'", timezone="UTC") == [2]
    hits = client.search(name, [[0.0, 0.0]], filter="at == ISO '2025-05-01T08:00:00'", limit=5)[0]
    assert [hit["id"] for hit in hits] == [2]
    client.alter_collection_properties(name, properties={"timezone": "UTC"})
    assert ids(client, name, "at == ISO '2025-05-01T08:00:00'") == [2]
    assert client.delete(name, filter="at == ISO '2025-05-01T08:00:00'")["delete_count"] == 1
    assert ids(client, name, "id > 0") == [1]
    with refused("unknown or invalid IANA Time Zone ID"):
        client.alter_collection_properties(name, properties={"timezone": "Mars/Base"})


def test_the_database_hands_its_zone_down(client, name):
    database = f"db_{name}"[:60]
    client.create_database(database, properties={"timezone": "Asia/Tokyo"})
    try:
        client.use_database(database)
        make(client, name)
        client.insert(name, [{"id": 1, "vector": [0.0, 0.0], "at": "2025-05-01 09:00:00"}])
        assert ids(client, name, "at == ISO '2025-05-01T00:00:00Z'") == [1]
        client.drop_collection(name)
    finally:
        client.use_database("default")
        client.drop_database(database)


@pytest.mark.parametrize(
    "text, keep",
    [
        ("at > ISO '2025-02-05T00:00:00Z'", lambda t: t > datetime(2025, 2, 5, tzinfo=timezone.utc)),
        ("at >= ISO '2025-01-31T20:30:15.25+08:00'", lambda t: True),
        ("ISO '2025-02-05' > at", lambda t: t < datetime(2025, 2, 5, tzinfo=timezone.utc)),
        ("at != ISO '2025-01-31T12:30:15.25Z'", lambda t: t != START),
        ("not at < ISO '2025-02-05'", lambda t: t >= datetime(2025, 2, 5, tzinfo=timezone.utc)),
        ("at > ISO '2025-02-02' and at < ISO '2025-02-09'",
         lambda t: datetime(2025, 2, 2, tzinfo=timezone.utc) < t < datetime(2025, 2, 9, tzinfo=timezone.utc)),
        ("at + INTERVAL 'P3D' > ISO '2025-02-15'", lambda t: t + timedelta(days=3) > datetime(2025, 2, 15, tzinfo=timezone.utc)),
        ("at - INTERVAL 'PT12H30M15S' == ISO '2025-02-01T00:00:00.25Z'", lambda t: t == START + timedelta(days=1)),
        ("ISO '2025-03-03T12:30:15.25Z' == at + INTERVAL 'P1M'",  # January 31 and a month, February 3 and a month.
         lambda t: t in (START, datetime(2025, 2, 3, 12, 30, 15, 250000, tzinfo=timezone.utc))),
        ("at is not null", lambda t: True),
    ],
)  # fmt: skip
def test_filters(client, name, text, keep):
    make(client, name)
    times = fill(client, name)
    assert ids(client, name, text) == [i for i, t in enumerate(times) if t is not None and keep(t)]


def test_parts_of_times(client, name):
    make(client, name)
    fill(client, name, 8)
    found = client.query(name, filter="id in [0, 6]", output_fields=["at"], time_fields="year, month,day hour microsecond")
    assert list(found[0]["at"]) == [2025, 1, 31, 12, 250000]
    assert found[1]["at"] is None
    found = client.query(name, filter="id == 0", output_fields=["at"], time_fields="day,hour", timezone="Asia/Shanghai")
    assert list(found[0]["at"]) == [31, 20]
    hit = client.search(name, [[0.0, 0.0]], limit=1, output_fields=["at"], time_fields="minute,second")[0][0]
    assert list(hit["entity"]["at"]) == [30, 15]
    with refused("time_fields [week] is invalid", 1100):
        client.query(name, filter="id == 0", output_fields=["at"], time_fields="year,week")


@pytest.mark.parametrize(
    "text, gist",
    [
        ("at > ISO 'yesterday'", "invalid timestamptz string"),
        ("at > ISO '2025-02-30'", "invalid timestamptz string"),
        ("at + INTERVAL 'P1W' > ISO '2025-01-01'", "invalid interval"),
        ("at > '2025-01-01'", "comparisons between Timestamptz and VarChar"),
        ("at > 5", "comparisons between Timestamptz and Int64"),
        ("id > ISO '2025-01-01'", "comparisons between Int64 and Timestamptz"),
    ],
)
def test_what_is_no_time_is_refused(client, name, text, gist):
    make(client, name)
    with refused(gist, 1100):
        client.query(name, filter=text)


def test_a_time_that_is_none_is_not_inserted(client, name):
    make(client, name)
    with refused("invalid timestamptz string 'soon'", 1100):
        client.insert(name, [{"id": 1, "vector": [0.0, 0.0], "at": "soon"}])


def test_a_default_is_text(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("at", DataType.TIMESTAMPTZ, default_value="2025-01-01T00:00:00Z")
    client.create_collection(name, schema=schema, index_params=index_params(client), consistency_level="Strong")
    client.insert(name, [{"id": 1, "vector": [0.0, 0.0]}])
    assert client.query(name, filter="id == 1", output_fields=["at"])[0]["at"] == "2025-01-01T00:00:00Z"
    assert client.search(name, [[0.0, 0.0]], limit=3, group_by_field="at", output_fields=["at"])[0][0]["id"] == 1
