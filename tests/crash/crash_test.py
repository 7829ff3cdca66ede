"""Kills at random instants and at every named crash point; nothing acknowledged is lost, nothing comes back."""

import pytest

import cycles
from harness.server import crash_point_names

pytestmark = pytest.mark.server


@pytest.mark.timeout(3600)
def test_random_kills(tmp_path, request, capsys):
    option = request.config.getoption
    with capsys.disabled():
        campaign = cycles.run(tmp_path, option("--crash-cycles"), option("--crash-seed"), [], option("--crash-nested"))
    assert not campaign.failures, "\n".join(campaign.failures[:30])
    assert campaign.kills == option("--crash-cycles")
    assert sum(o.acknowledged for o in campaign.journal.operations) > campaign.kills, "the load hardly ran"


@pytest.mark.timeout(3600)
def test_every_crash_point(tmp_path, request, capsys):
    points = [name for name in crash_point_names() if not name.startswith("s3.")]  # tests/e2e/s3_crash_test.py
    assert len(points) >= 20, points
    with capsys.disabled():
        # The other kind of collection than in the random kills (workload.py).
        campaign = cycles.run(tmp_path, 0, request.config.getoption("--crash-seed") + 1, points, 0)
    assert not campaign.failures, "\n".join(campaign.failures[:30])
    passed = len(points) - len(campaign.unfired_points)
    # Some wait for what a healthy disk never does (a failed write, a torn tail); most must be passed.
    assert passed >= 0.7 * len(points), f"only {passed} of {len(points)} passed: {campaign.unfired_points}"
