"""Give the program one way in, whatever its arguments: a function that finds them in memory.

    llvm.func @main(%x: !llvm.ptr, ..., %team: !llvm.ptr, %thread: i64, %threads: i64)
  stays, and there is
    llvm.func @stepwell_entry(%frame: !llvm.ptr, %thread: i64) {
      %threads.at = llvm.getelementptr inbounds %frame[192] : (!llvm.ptr) -> !llvm.ptr, i8
      %threads = llvm.load %threads.at : !llvm.ptr -> i64
      %x.at = llvm.getelementptr inbounds %frame[256] : (!llvm.ptr) -> !llvm.ptr, i8
      %x = llvm.load %x.at : !llvm.ptr -> !llvm.ptr
      ...
      llvm.call @main(%x, ..., %frame, %thread, %threads) : (!llvm.ptr, ..., !llvm.ptr, i64, i64) -> ()
      llvm.return
    }

The frame holds the pointers one after the other behind a head of 256 bytes, in which the threads of a team count;
without a team the head stays unused. So a run is one call with an address, and every program is called alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.locations import stamp
from stepwell.manifest import ENTRY, THREADS, entry_of
from stepwell.pass_manager import ModulePass
from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i8, i64
from xdsl.ir import Attribute, Block, Region, SSAValue

NAME = "stepwell_entry"
HEAD = 256
"""Bytes of a frame before the program's arguments."""
THREADS_AT = 192
POINTER = llvm.LLVMPointerType()
POINTER_BYTES = 8


@dataclass(frozen=True)
class AddEntry(ModulePass):
    name = "add-entry"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = entry_of(module)
        assert isinstance(main, llvm.FuncOp)
        block = Block(arg_types=[POINTER, i64])
        frame, thread = block.args
        frame.name_hint, thread.name_hint = "frame", "thread"

        def at(offset: int, type: Attribute, name: str | None) -> SSAValue:
            place = llvm.GEPOp(frame, [offset], i8, inbounds=True)
            loaded = llvm.LoadOp(place.result, type)
            loaded.dereferenced_value.name_hint = name
            block.add_ops((place, loaded))
            return loaded.dereferenced_value

        given = list(main.body.blocks[0].args)
        team = [frame, thread, at(THREADS_AT, i64, "threads")] if THREADS in main.attributes else []
        own = given[: len(given) - len(team)]
        values = [at(HEAD + POINTER_BYTES * n, POINTER, arg.name_hint) for n, arg in enumerate(own)]
        block.add_ops((llvm.CallOp(ENTRY, *values, *team), llvm.ReturnOp()))
        type = llvm.LLVMFunctionType([POINTER, i64])
        entry = llvm.FuncOp(NAME, type, linkage=llvm.LinkageAttr("external"), body=Region(block))
        entry.properties["unnamed_addr"] = IntegerAttr(0, 64)  # what reading the text gives it
        stamp([entry, *entry.walk()], main.location)
        module.body.block.add_op(entry)
