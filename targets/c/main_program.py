"""A main around the model, for who wants to try it from a shell or under a sanitizer: files of raw numbers in and out.

cc -std=c99 model.c model_main.c -lm -o model
./model model.weights.bin input.bin logits.bin
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .program import Program

TEMPLATE = """\
/* {prefix}_main.c: runs {entry} on files of raw numbers. Made by Stepwell. */
#include "{prefix}.h"

#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what, const char *path)
{{
  fprintf(stderr, "%s %s\\n", what, path);
  exit(1);
}}

static void *allocate(size_t size)
{{
  void *memory = malloc(size != 0 ? size : 1);
  if (memory == NULL) fail("out of memory for", "a buffer");
  return memory;
}}

static void *read_file(const char *path, size_t size)
{{
  void *memory = allocate(size);
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("cannot open", path);
  if (fread(memory, 1, size, file) != size || fgetc(file) != EOF) fail("wrong size:", path);
  fclose(file);
  return memory;
}}

static void write_file(const char *path, const void *memory, size_t size)
{{
  FILE *file = fopen(path, "wb");
  if (file == NULL) fail("cannot open", path);
  if (fwrite(memory, 1, size, file) != size || fclose(file) != 0) fail("cannot write", path);
}}

static const char *const files[] = {{
{usage}
}};

int main(int argc, char **argv)
{{
  if (argc != {count} + 1) {{
    fprintf(stderr, "usage: %s with these files:\\n", argv[0]);
    for (int n = 0; n < {count}; n += 1) fprintf(stderr, "  %s\\n", files[n]);
    return 2;
  }}
{body}
  return 0;
}}
"""


def main_source(program: Program) -> str:
    parameters = program.parameters()
    interface = program.interface
    arena_size, weights_size = program.sizes()
    files: list[str] = []
    before: list[str] = []
    after: list[str] = []
    release: list[str] = []
    if not program.embed_weights:
        files.append(f"{program.prefix}.weights.bin")
        before.append(f"unsigned char *weights = read_file(argv[1], {weights_size});")
        release.append("weights")
    specs = (*interface.inputs, *interface.outputs)
    for n, (spec, (kind, name, _)) in enumerate(zip(specs, parameters, strict=False)):
        files.append(f"{name}.bin")
        count = 1
        for dim in spec.dims:
            assert isinstance(dim, int)
            count *= dim
        size = f"{count} * sizeof *{name}"
        pointer = kind.removeprefix("const ")
        if n < len(interface.inputs):
            before.append(f"{pointer}{name} = read_file(argv[{len(files)}], {size});")
        else:
            before.append(f"{pointer}{name} = allocate({size});")
            after.append(f"write_file(argv[{len(files)}], {name}, {size});")
        release.append(name)
    before.append(f"unsigned char *arena = allocate({arena_size});")
    release.append("arena")
    run = f"{program.entry}({', '.join(name for _, name, _ in parameters)});"
    body = [*before, run, *after, *(f"free({name});" for name in release)]
    return TEMPLATE.format(
        prefix=program.prefix,
        entry=program.entry,
        count=len(files),
        usage=",\n".join(f'  "{file}"' for file in files),
        body="\n".join(f"  {line}" for line in body),
    )
