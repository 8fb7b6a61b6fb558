"""Hypothesis runs the same examples every time; `--hypothesis-profile=long` draws many new ones."""

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, derandomize=True, max_examples=100, database=None)
settings.register_profile(
    "long", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("default")
