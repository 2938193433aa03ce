"""What exists, by name: tables of name → "module:object", loaded when first asked for.

A plug-in adds rows through the entry-point group `stepwell.plugins`: a function that takes this registry.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from xdsl.ir import Dialect

    from .pass_manager import ModulePass
    from .target import Target, Translation

Table = Literal["dialects", "passes", "pipelines", "targets", "translations", "importers", "levels", "devices"]
TABLES: tuple[Table, ...] = get_args(Table)

DIALECTS = {
    "builtin": "xdsl.dialects.builtin:Builtin",
    "func": "xdsl.dialects.func:Func",
    "arith": "stepwell.dialects.arith:Arith",
    "math": "xdsl.dialects.math:Math",
    "cf": "xdsl.dialects.cf:Cf",
    "scf": "xdsl.dialects.scf:Scf",
    "memref": "stepwell.dialects.memref:MemRef",
    "tensor": "stepwell.dialects.tensor:Tensor",
    "linalg": "stepwell.dialects.linalg:Linalg",
    "bufferization": "xdsl.dialects.bufferization:Bufferization",
    "vector": "xdsl.dialects.vector:Vector",
    "schedule": "stepwell.dialects.schedule:Schedule",
    "x86vector": "stepwell.dialects.x86vector:X86Vector",
    "amx": "stepwell.dialects.amx:AMX",
    "gpu": "stepwell.dialects.gpu:GPU",
    "nvgpu": "stepwell.dialects.nvgpu:NVGPU",
    "spirv": "stepwell.dialects.spirv:SPIRV",
    "llvm": "stepwell.dialects.llvm:LLVM",
    "onnx": "stepwell.dialects.onnx:Onnx",
    "graph": "stepwell.dialects.graph:Graph",
}

PASSES = {
    # any level
    "canonicalize": "stepwell.passes.common.canonicalize:Canonicalize",
    "cse": "xdsl.transforms.common_subexpression_elimination:CommonSubexpressionElimination",
    "dce": "xdsl.transforms.dead_code_elimination:DeadCodeElimination",
    # 0 -> 1
    "onnx-to-graph": "stepwell.passes.onnx_to_graph.onnx_to_graph:OnnxToGraph",
    # 1: graph
    "mark-value-inputs": "stepwell.passes.onnx_to_graph.value_inputs:MarkValueInputs",
    "bind-values": "stepwell.passes.graph.bind_values:BindValues",
    "bind-shapes": "stepwell.passes.graph.bind_shapes:BindShapes",
    "infer-shapes": "stepwell.passes.graph.infer_shapes:InferShapes",
    "fuse-qdq": "stepwell.passes.graph.fuse_qdq:FuseQdq",
    "fold-constants": "stepwell.passes.graph.fold_constants:FoldConstants",
    "fold-batch-norm": "stepwell.passes.graph.fold_batch_norm:FoldBatchNorm",
    "merge-products": "stepwell.passes.graph.merge_products:MergeProducts",
    "channels-last": "stepwell.passes.graph.channels_last:ChannelsLast",
    "use-bf16": "stepwell.passes.graph.use_bf16:UseBf16",
    "winograd": "stepwell.passes.graph.winograd:Winograd",
    "split-stages": "stepwell.passes.onnx_to_graph.split_stages:SplitStages",
    "grow-in-place": "stepwell.passes.graph.grow_in_place:GrowInPlace",
    "separate-pads": "stepwell.passes.graph.separate_pads:SeparatePads",
    "cut-strips": "stepwell.passes.graph.cut_strips:CutStrips",
    "fuse": "stepwell.passes.graph.fuse:Fuse",
    "outline-kernels": "stepwell.passes.graph.outline_kernels:OutlineKernels",
    "dedupe-kernels": "stepwell.passes.graph.dedupe_kernels:DedupeKernels",
    # 1 -> 2
    "graph-to-linalg": "stepwell.passes.graph_to_linalg.graph_to_linalg:GraphToLinalg",
    # 2: linalg on tensors
    "fuse-elementwise": "stepwell.passes.linalg.fuse_elementwise:FuseElementwise",
    # 2 -> 3
    "bufferize": "stepwell.passes.linalg_to_loops.bufferize:Bufferize",
    "load-schedules": "stepwell.passes.linalg_to_loops.load_schedules:LoadSchedules",
    "schedule-blocks": "stepwell.targets.cpu.schedule_blocks:ScheduleBlocks",
    "apply-blocks": "stepwell.passes.linalg_to_loops.apply_blocks:ApplyBlocks",
    "schedule-kernels": "stepwell.targets.cpu.schedule_kernels:ScheduleKernels",
    "check-types": "stepwell.targets.gpu.check_types:CheckTypes",
    "schedule-gpu": "stepwell.targets.gpu.schedule:ScheduleGPU",
    "pack-operands": "stepwell.passes.linalg_to_loops.pack_operands:PackOperands",
    "apply-schedule": "stepwell.passes.linalg_to_loops.apply_schedule:ApplySchedule",
    # 3: loops
    "expand-math": "stepwell.passes.loops.expand_math:ExpandMath",
    "store-floats": "stepwell.passes.loops.store_floats:StoreFloats",
    "merge-grids": "stepwell.passes.loops.merge_grids:MergeGrids",
    "widen-integers": "stepwell.passes.loops.widen_integers:WidenIntegers",
    "narrow-types": "stepwell.passes.loops.narrow_types:NarrowTypes",
    # 3 -> 4
    "plan-memory": "stepwell.passes.loops.plan_memory:PlanMemory",
    # 4: program
    "distribute-threads": "stepwell.passes.loops.distribute_threads:DistributeThreads",
    # 4: program -> device
    "loops-to-gpu": "stepwell.passes.loops_to_gpu.loops_to_gpu:LoopsToGPU",
    "check-limits": "stepwell.targets.gpu.check_limits:CheckLimits",
    "gpu-to-fragments": "stepwell.passes.gpu_to_fragments.gpu_to_fragments:GPUToFragments",
    # device: its kernels as llvm, or as spirv
    "gpu-to-llvm": "stepwell.passes.gpu_to_llvm.gpu_to_llvm:GPUToLLVM",
    "gpu-to-spirv": "stepwell.passes.gpu_to_spirv.gpu_to_spirv:GPUToSPIRV",
    # 4 -> 5
    "loops-to-llvm": "stepwell.passes.loops_to_llvm.loops_to_llvm:LoopsToLLVM",
    # 5: llvm
    "name-kernels": "stepwell.passes.llvm.name_kernels:NameKernels",
    "share-weights": "stepwell.passes.llvm.share_weights:ShareWeights",
    "add-entry": "stepwell.passes.llvm.add_entry:AddEntry",
}

TARGETS = {
    "native": "stepwell.targets.native:TARGET",
    "c": "stepwell.targets.c:TARGET",
    "wgsl": "stepwell.targets.wgsl:TARGET",
    "spirv": "stepwell.targets.spirv:TARGET",
    "opencl": "stepwell.targets.opencl:TARGET",
    "glsl": "stepwell.targets.glsl:TARGET",
    "webgl": "stepwell.targets.webgl:TARGET",
    "cuda": "stepwell.targets.cuda:TARGET",
    "hip": "stepwell.targets.cuda:HIP_TARGET",
    "msl": "stepwell.targets.msl:TARGET",
}

TRANSLATIONS = {
    "schedule": "stepwell.targets.cpu.schedule_text:SCHEDULE",
    "llvm-ir": "stepwell.targets.native.pipeline:LLVM_IR",
    "asm": "stepwell.targets.native.pipeline:ASSEMBLY",
    "object": "stepwell.targets.native.objects:OBJECT",
    "c": "stepwell.targets.c:C_SOURCE",
    "wgsl": "stepwell.targets.wgsl:SOURCE",
    "spirv": "stepwell.targets.spirv:BINARY",
    "spirv-asm": "stepwell.targets.spirv:ASSEMBLY",
    "opencl": "stepwell.targets.opencl:SOURCE",
    "glsl": "stepwell.targets.glsl:SOURCE",
    "webgl": "stepwell.targets.webgl:SOURCE",
    "cuda": "stepwell.targets.cuda:SOURCE",
    "ptx": "stepwell.targets.cuda:PTX",
    "hip": "stepwell.targets.cuda:HIP_SOURCE",
    "msl": "stepwell.targets.msl:SOURCE",
}

IMPORTERS = {
    ".onnx": "stepwell.dialects.onnx.importer:import_onnx",
    ".spv": "stepwell.targets.spirv.reader:import_binary",
}


PIPELINES: dict[str, str] = {}
"""Name → a pipeline text, or a function of no arguments that gives one. A target is a pipeline without a row here."""

PLUGINS = "stepwell.plugins"
"""The entry-point group: each entry is a function that takes a `Registry` and adds rows to its tables."""


def load(path: str) -> Any:
    """The object that "module:object" names."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        from .diagnostics import StepwellError

        raise StepwellError(f"cannot load {path}: {error}", fix="is the package that brings it installed?") from error


@dataclass
class Registry:
    """The tables. Plug-ins are looked for only when a name is not in ours, or when all names are asked for."""

    dialects: dict[str, str] = field(default_factory=lambda: dict(DIALECTS))
    passes: dict[str, str] = field(default_factory=lambda: dict(PASSES))
    pipelines: dict[str, str] = field(default_factory=lambda: dict(PIPELINES))
    targets: dict[str, str] = field(default_factory=lambda: dict(TARGETS))
    translations: dict[str, str] = field(default_factory=lambda: dict(TRANSLATIONS))
    importers: dict[str, str] = field(default_factory=lambda: dict(IMPORTERS))
    levels: dict[str, str] = field(default_factory=dict[str, str])
    """A plug-in's dialect → the level at which its ops may stand; those of our own are in `levels.py`."""
    devices: dict[str, str] = field(default_factory=dict[str, str])
    """A plug-in's kind of device → its description; those of our own are in `targets/gpu/device.py`."""
    plugin_errors: list[str] = field(default_factory=list[str])
    """What went wrong with plug-ins: a broken one must not stop those who don't use it."""
    _scanned: bool = False

    load = staticmethod(load)

    def find(self, table: Table, name: str) -> str | None:
        """The "module:object" of a name, from a plug-in where we have none."""
        rows: dict[str, str] = getattr(self, table)
        if name not in rows:
            self.scan()
        return rows.get(name)

    def names(self, table: Table) -> list[str]:
        self.scan()
        return list(getattr(self, table))

    def scan(self) -> None:
        """Add the rows of all plug-ins, once. No plug-in takes the place of a row that is there."""
        if self._scanned:
            return
        self._scanned = True
        from importlib.metadata import entry_points

        for entry in sorted(entry_points(group=PLUGINS), key=lambda entry: entry.name):
            added = Registry({}, {}, {}, {}, {}, {}, {}, {}, _scanned=True)
            try:
                entry.load()(added)
            except Exception as error:
                self.plugin_errors.append(f"plug-in '{entry.name}' cannot be loaded: {type(error).__name__}: {error}")
                continue
            for table in TABLES:
                rows: dict[str, str] = getattr(self, table)
                for name, path in getattr(added, table).items():
                    if rows.setdefault(name, path) != path:
                        self.plugin_errors.append(f"plug-in '{entry.name}' names '{name}', which is taken ({table})")

    def load_dialect(self, name: str) -> Dialect:
        return load(self.dialects[name])

    def load_pass(self, name: str) -> type[ModulePass]:
        return load(self.passes[name])

    def load_target(self, name: str) -> Target:
        return load(self.targets[name])

    def load_translation(self, name: str) -> Translation:
        return load(self.translations[name])


REGISTRY = Registry()
