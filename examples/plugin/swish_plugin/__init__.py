"""A plug-in of Stepwell: the dialect `swish`, the passes that go to it and from it, the target `python`, and the target
`grid-c`, whose kernels are for a device with threads.

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
    registry.devices["grid"] = "swish_plugin.grid_c:DEVICE"
    registry.targets["grid-c"] = "swish_plugin.grid_c:TARGET"
    registry.translations["grid-c"] = "swish_plugin.grid_c:SOURCE"
