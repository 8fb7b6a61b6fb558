"""What all tests share.

Hypothesis runs the same examples every time: few, more with `--long`; `--hypothesis-profile=long` draws many new ones.
Tests marked `long` take minutes and run with `--long`, as .ci/run does.
"""

import pytest
from browser import CHROMIUM, Browser
from hypothesis import HealthCheck, Phase, settings

settings.register_profile("default", deadline=None, derandomize=True, max_examples=40, database=None)
settings.register_profile("more", settings.get_profile("default"), max_examples=70)
settings.register_profile(
    "long", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow], database=None
)
# For mutants.py: what lives there lives with the examples of every run. The first failure need not be made smaller.
settings.register_profile("mutants", settings.get_profile("default"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("default")


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip("no chromium on the PATH, in which to open the page")
    browser = Browser()
    yield browser
    browser.close()


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes, and more examples")


def pytest_configure(config):
    if config.getoption("--long") and not config.getoption("--hypothesis-profile"):
        settings.load_profile("more")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: --long"))
