import pytest

from harness.server import binary_path


def pytest_addoption(parser):
    parser.addoption("--crash-cycles", type=int, default=60, help="random kills (300 and more for a release)")
    parser.addoption("--crash-seed", type=int, default=20261)
    parser.addoption("--crash-nested", type=float, default=0.35, help="share killed again while recovering")


@pytest.fixture(autouse=True)
def needs_the_server(request):
    if request.node.get_closest_marker("server") and not binary_path().exists():
        pytest.fail(f"no server at {binary_path()}; run scripts/build first")
