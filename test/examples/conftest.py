"""The tests of this folder run as if the plug-in of examples/plugin were installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from stepwell.registry import REGISTRY, TABLES

PLUGIN = Path(__file__).resolve().parents[2] / "examples" / "plugin"


@pytest.fixture(autouse=True, scope="module")
def plugin():
    """As if it were installed: importable, and its rows in the tables; nothing of it stays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEPWELL_CACHE", "off")
        patch.syspath_prepend(str(PLUGIN))
        for table in TABLES:
            patch.setattr(REGISTRY, table, dict(getattr(REGISTRY, table)))
        import swish_plugin

        swish_plugin.register(REGISTRY)
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "swish_plugin"]:
        del sys.modules[name]
