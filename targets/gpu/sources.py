"""The kernels of a module as source files of a language."""

from __future__ import annotations

from stepwell.dialects import gpu
from stepwell.targets.source.kernel import KernelLanguage, kernel_texts
from xdsl.dialects.builtin import ModuleOp


def sources(module: ModuleOp, language: type[KernelLanguage], suffix: str) -> dict[str, bytes]:
    """A file for each kernel, called after it."""
    modules = [op for op in module.body.block.ops if isinstance(op, gpu.GPUModuleOp)]
    texts = {name: text for op in modules for name, text in kernel_texts(op, language).items()}
    return {f"{name}.{suffix}": text.encode() for name, text in texts.items()}


def one_source(module: ModuleOp, language: type[KernelLanguage], file: str) -> dict[str, bytes]:
    """All kernels in one file, for a person to read: each stands alone."""
    return {file: b"\n".join(sources(module, language, "").values())}
