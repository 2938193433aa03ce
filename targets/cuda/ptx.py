"""The cuda target: kernels as PTX, by LLVM's back end for NVIDIA's GPUs, and the program of the host beside them.

PTX is text that the driver compiles for the GPU that it finds: what is made for compute capability 8.0 runs on later
ones, too. Each emission parses its text anew: LLVM's code generation changes the module that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stepwell.context import Context
from stepwell.diagnostics import StepwellError, did_you_mean
from stepwell.dialects.gpu import GPUModuleOp
from stepwell.manifest import pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules
from stepwell.targets.gpu.device import device
from stepwell.targets.gpu.host import host_program
from stepwell.targets.gpu.target import DeviceOptions, device_phases
from stepwell.targets.native.emitter import LOCK, SPEED_LEVEL, initialized
from stepwell.targets.native.llvm_ir import print_llvm_ir
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp

TRIPLE = "nvptx64-nvidia-cuda"
ARCHITECTURES = ("sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_100", "sm_120")
"""From 8.0 on a maximum in which a NaN wins is one instruction (PTX ISA, `max`)."""


@dataclass(frozen=True)
class CUDAOptions(DeviceOptions):
    """`cpu`: the least GPU that the code is for, as LLVM and ptxas call it. `precision`: what products multiply."""

    cpu: str = ARCHITECTURES[0]
    precision: str = "f32"

    @property
    def rounding(self) -> str:
        return self.precision


PRECISIONS = ("f32", "tf32", "bf16")


def cuda_options(cpu: str | None = None, precision: str = "f32", schedule: str | None = None) -> CUDAOptions:
    """`cpu`: the architecture of GPUs to make code for, `sm_80`. `precision`: what products of f32 multiply: `tf32`,
    10 bits of them, by tensor cores; `bf16`, by rounding as the native target does. `schedule`: a file of schedules for
    some kernels."""
    if precision not in PRECISIONS:
        raise StepwellError(f"there is no precision '{precision}'", fix=f"cuda has {', '.join(PRECISIONS)}")
    if cpu is not None and cpu not in ARCHITECTURES:
        fix = did_you_mean(cpu, ARCHITECTURES) or f"there are {', '.join(ARCHITECTURES)}"
        raise StepwellError(f"the cuda target makes no code for '{cpu}'", fix=fix)
    return CUDAOptions(schedule, cpu or ARCHITECTURES[0], precision)


@dataclass(frozen=True)
class CUDATarget:
    name: str = "cuda"
    loader: str = "stepwell.runtime.cuda:CUDAProgram"
    options: Callable[..., CUDAOptions] = cuda_options

    def pipeline(self, options: CUDAOptions) -> Phases:
        schedules = load_schedules(options.schedule)
        phases = device_phases(device(self.name), schedules, options.rounding)
        return (*phases, ("device-llvm", "gpu-to-llvm"))

    def emit(self, ctx: Context, module: ModuleOp, options: CUDAOptions) -> Artifact:
        """One file of all kernels. `parameters` of the manifest: for each kernel the types of its arguments, in
        order: `pointer` or `i64`."""
        manifest = host_program(module, device(self.name))
        manifest |= {"architecture": options.cpu, "parameters": parameters(module)}
        files = {"kernels.ptx": ptx(llvm_ir(module, options.cpu), options.cpu).encode()} if manifest["launches"] else {}
        return Artifact(manifest, files, pack_weights(ctx, module))


def device_modules(module: ModuleOp) -> list[GPUModuleOp]:
    return [op for op in module.body.block.ops if isinstance(op, GPUModuleOp)]


def parameters(module: ModuleOp) -> dict[str, list[str]]:
    """The types of each kernel's arguments."""
    return {
        op.sym_name.data: [
            "pointer" if isinstance(type, llvm.LLVMPointerType) else str(type) for type in op.function_type.inputs
        ]
        for kernels in device_modules(module)
        for op in kernels.body.block.ops
        if isinstance(op, llvm.FuncOp)
    }


def llvm_ir(module: ModuleOp, architecture: str) -> str:
    """LLVM IR of the kernels of a module at level device-llvm."""
    attributes = {"target-cpu": architecture}
    return "\n".join(print_llvm_ir(kernels, attributes=attributes) for kernels in device_modules(module))


def ptx(text: str, architecture: str) -> str:
    """PTX of LLVM IR."""
    binding: Any = initialized()
    with LOCK:
        target = binding.Target.from_triple(TRIPLE)
        machine = target.create_target_machine(cpu=architecture, opt=SPEED_LEVEL)
        module = binding.parse_assembly(text)
        module.triple = TRIPLE
        module.data_layout = str(machine.target_data)
        module.verify()
        tuning = binding.create_pipeline_tuning_options(speed_level=SPEED_LEVEL)
        builder = binding.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        return machine.emit_assembly(module)


def write_ptx(ctx: Context, module: ModuleOp, options: CUDAOptions, name: str) -> dict[str, bytes]:
    return {f"{name}.ptx": ptx(llvm_ir(module, options.cpu), options.cpu).encode()}


PTX = Translation("cuda", "device-llvm", write_ptx)
