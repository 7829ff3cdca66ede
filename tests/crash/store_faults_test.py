"""A part of store_faults.py at every build: kinds that pass, that refuse and that lie, each under every operation."""

import pytest
from store_faults import run

pytestmark = pytest.mark.server


@pytest.mark.timeout(300)
def test_a_failing_store_loses_nothing(tmp_path):
    faults = run(tmp_path, ["unavailable", "mid_reset", "denied", "flip", "garbage", "refuse"], [0.1], 1, 7)
    assert not faults.failures, "\n".join(faults.failures)
    assert faults.faults > 20 and faults.verifications == 7
