"""The health port: it tells, and it can change nothing."""

import json
import urllib.error
import urllib.request

import pytest

from harness.client import index_params, simple_schema


def test_health_paths(server):
    status, body = server.health("/healthz")
    assert status == 200 and json.loads(body)["status"] == "ok"
    assert server.health("/livez")[0] == 200
    assert server.health("/nothing-here")[0] == 404


def test_metrics_follow_what_happened(server, client, simple):
    def total(name, **labels):
        return sum(value for sample, value in server.metrics().items()
                   if sample.startswith(name + "{") and all(f'{k}="{v}"' in sample for k, v in labels.items()))  # fmt: skip

    searches = total("milvus_proxy_req_count", function_name="Search", status="success")
    inserted = total("milvus_proxy_insert_vectors_count")
    client.insert(simple, [{"id": i, "vector": [0.0] * 8} for i in range(7)])
    client.search(simple, [[0.0] * 8], limit=1)
    assert total("milvus_proxy_req_count", function_name="Search", status="success") == searches + 1
    assert total("milvus_proxy_insert_vectors_count") == inserted + 7


def test_process_and_build_facts(server):
    names = {sample.split("{")[0] for sample in server.metrics()}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
            "process_start_time_seconds", "go_info"} <= names  # fmt: skip
    assert server.metrics()["process_resident_memory_bytes"] > 1e6


def test_the_text_format_is_well_formed(server):
    typed = set()
    for line in server.health("/metrics")[1].splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, f"{name} declared twice"
            typed.add(name)
        elif line and not line.startswith("#"):
            float(line.rpartition(" ")[2])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/", "/log/level", "/expr", "/management/stop", "/debug/pprof/"])
def test_nothing_here_changes_anything(server, method, path):
    request = urllib.request.Request(server.http + path, method=method, data=b"x=1" if method != "DELETE" else None)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    assert caught.value.code in (404, 405, 501)
    assert server.running


def test_strange_requests(server):
    import socket

    for payload in (b"\r\n\r\n", b"GET " + b"a" * 100_000, b"\x00\xff" * 500, b"GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.http_port), timeout=5) as raw:
            raw.sendall(payload)
    assert server.health()[0] == 200


def test_series_of_a_dropped_collection_go_away(server, client, name):
    client.create_collection(name, schema=simple_schema(client), index_params=index_params(client))
    client.insert(name, [{"id": 1, "vector": [0.0] * 8}])
    assert any(f'collection_name="{name}"' in sample for sample in server.metrics())
    client.drop_collection(name)
    assert not any(f'collection_name="{name}"' in sample for sample in server.metrics())
