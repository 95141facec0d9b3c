"""Settings of the whole suite."""

import os

from hypothesis import settings

# The first call of a kernel compiles it, which no deadline could tell from a slow test.
settings.register_profile("zonage", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("zonage")
