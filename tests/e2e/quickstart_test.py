"""The README's first command, as a person would type it: twice, and stopped twice."""

import os
import pathlib
import shutil
import subprocess

import pytest

from harness.server import binary_path, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
def test_quickstart_twice_and_stop_twice(tmp_path):
    # A copy of the tree's few parts, so that a person's own quickstart is left alone.
    copy = tmp_path / "checkout"
    for part in ("scripts", "examples"):
        shutil.copytree(ROOT / part, copy / part)
    (copy / "build/release/bin").mkdir(parents=True)
    os.symlink(binary_path(), copy / "build/release/bin/elanus")
    os.symlink(ROOT / ".venv", copy / ".venv")
    ports = ["--port", str(free_port()), "--http-port", str(free_port())]

    def run(*arguments):
        return subprocess.run([copy / "scripts/quickstart", *arguments], capture_output=True, text=True, timeout=600)

    try:
        first = run(*ports)
        assert first.returncode == 0, first.stdout + first.stderr
        assert "started the server" in first.stdout and "Inserting 5,200 packages" in first.stdout
        # The nearest package of the whole index is in the sample, so the best answers are known.
        for package in ("libfaiss-dev", "music123", "dcraw", "python3-html", "agda", "netr", "fonts-sil-harmattan"):
            assert package in first.stdout, package
        second = run()
        assert second.returncode == 0, second.stdout + second.stderr
        assert "already running" in second.stdout and "loaded already" in second.stdout
        answers = lambda text: [line for line in text.splitlines() if line.startswith("    0.")]  # noqa: E731
        assert len(answers(first.stdout)) >= 40 and answers(first.stdout) == answers(second.stdout)
    finally:
        stopped = run("--stop")
    assert stopped.returncode == 0 and "stopped" in stopped.stdout
    assert run("--stop").returncode == 0
    third = run(*ports)
    assert third.returncode == 0 and "loaded already" in third.stdout, third.stdout + third.stderr
    assert run("--forget").returncode == 0
