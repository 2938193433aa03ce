"""A main around the model, for who wants to try it from a shell or under a sanitizer: files of raw numbers in and out.

cc -std=c99 model.c model_main.c -lm -o model
./model model.weights.bin input.bin logits.bin
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .header import Header

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

static void *taken[{buffers}];
static int buffers = 0;

/* Memory that starts on a cache line. */
static void *allocate(size_t size)
{{
  unsigned char *memory = malloc(size + 64);
  if (memory == NULL) fail("out of memory for", "a buffer");
  taken[buffers++] = memory;
  return memory + (64 - (uintptr_t)memory % 64);
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
  while (buffers > 0) free(taken[--buffers]);
  return 0;
}}
"""


def main_source(header: Header) -> str:
    files: list[str] = []
    before: list[str] = []
    after: list[str] = []
    if not header.embed_weights:
        files.append(f"{header.prefix}.weights.bin")
        before.append(f"unsigned char *weights = read_file(argv[1], {header.weights_size});")
    for tensor in header.tensors:
        files.append(f"{tensor.name}.bin")
        size = f"{tensor.count} * sizeof *{tensor.name}"
        pointer = tensor.type.removeprefix("const ")
        if tensor.is_input:
            before.append(f"{pointer}{tensor.name} = read_file(argv[{len(files)}], {size});")
        else:
            before.append(f"{pointer}{tensor.name} = allocate({size});")
            after.append(f"write_file(argv[{len(files)}], {tensor.name}, {size});")
    before.append(f"unsigned char *arena = allocate({header.arena_size});")
    run = f"{header.entry}({', '.join(parameter.name for parameter in header.parameters)});"
    return TEMPLATE.format(
        prefix=header.prefix,
        entry=header.entry,
        count=len(files),
        buffers=len(header.parameters),
        usage=",\n".join(f'  "{file}"' for file in files),
        body="\n".join(f"  {line}" for line in [*before, run, *after]),
    )
