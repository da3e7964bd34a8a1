"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# Fixed examples: a red test is red for everybody, and green is no luck.
settings.register_profile("serinus", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("serinus")
