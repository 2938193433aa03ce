"""Names that `--target` takes, for the tools' help: those of ours, read off the registry's table."""

from __future__ import annotations

from stepwell.registry import TARGETS

TARGET_NAMES = f"{', '.join(TARGETS)}, or a plug-in's"
