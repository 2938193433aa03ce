"""A plug-in of Stepwell: the dialect `swish`, the passes that go to it and from it, and the target `python`.

After `pip install examples/plugin` every tool knows these names; nothing of Stepwell is changed or built.
"""

from __future__ import annotations

from stepwell.registry import Registry


def register(registry: Registry) -> None:
    registry.dialects["swish"] = "swish_plugin.dialect:Swish"
    registry.levels["swish"] = "graph"
    registry.passes["form-swish"] = "swish_plugin.form_swish:FormSwish"
    registry.passes["lower-swish"] = "swish_plugin.lower_swish:LowerSwish"
    registry.targets["python"] = "swish_plugin.python_target:TARGET"
    registry.translations["python"] = "swish_plugin.python_target:SOURCE"
