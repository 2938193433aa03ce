"""Source text from structured IR: the printer that all languages of the C family share.

`printer.py` puts loops and statements together, `expressions.py` the ops of arith and math; a `Language` is tables and
a few methods: C, CUDA C, HIP, OpenCL C, MSL, GLSL, WGSL.
"""
