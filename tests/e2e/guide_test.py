"""An operator's script, written against the reference server, runs to its end unchanged."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORIGINAL = ROOT.parent / "shared/data/operator_guide.py"  # Beside a checkout where there is one.


def run(script, server, *arguments):
    done = subprocess.run(
        [sys.executable, str(script), "--host", "127.0.0.1", "--port", str(server.port), *arguments],
        capture_output=True, text=True, timeout=170, env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("guide: ok"), done.stdout


@pytest.mark.core
def test_the_guide_on_the_sample(server, client):
    run(ROOT / "tests/e2e/operator_guide.py", server, "--rows", "5000")
    client.drop_collection("documents")


@pytest.mark.skipif(not ORIGINAL.exists(), reason="no shared data beside this checkout")
def test_the_guide_as_given(server, client):
    run(ORIGINAL, server)
    client.drop_collection("documents")
