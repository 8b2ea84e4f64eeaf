"""One hypothesis profile: no deadline (machines are shared), the same examples in every run."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("metaket", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("metaket")
