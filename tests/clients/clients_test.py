"""The Node, Java and Go SDKs, unmodified, each walk from connect to drop against a running server.

Versions are pinned in node/package-lock.json, java/pom.xml and go/go.sum. Dependencies come through the
ordinary package clients; a missing tool chain skips its walk with the reason, except in CI, where it fails.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from harness.server import Server

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/clients"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("clients") / "data") as running:
        yield running


def need(tool):
    if shutil.which(tool):
        return
    why = f"{tool} is not installed; scripts/install-packages clients"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def run(command, folder, timeout):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def walk(command, folder):
    assert run(command, folder, 120).rstrip().endswith("ok")


@pytest.mark.timeout(600)
def test_node(server):
    need("npm")
    need("node")
    folder = HERE / "node"
    if not (folder / "node_modules/.package-lock.json").exists():
        run(["npm", "ci"], folder, 400)
    walk(["node", "client_test.js", server.address], folder)


@pytest.mark.timeout(900)
def test_java(server):
    need("mvn")
    need("java")
    folder = HERE / "java"
    run(["mvn", "-q", "-B", "compile", "dependency:copy-dependencies"], folder, 700)
    walk(["java", "-cp", "target/classes:target/lib/*", "ClientTest", server.address], folder)


@pytest.mark.timeout(1200)
def test_go(server):
    need("go")
    go = run([str(HERE.parents[1] / "scripts/lib/go")], HERE, 300).strip()
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / "go_client_test"
    run([go, "build", "-o", str(program), "."], HERE / "go", 1100)
    walk([str(program), server.address], HERE / "go")
