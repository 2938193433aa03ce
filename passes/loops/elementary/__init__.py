"""Formulas of functions: of f32, and in the files called `double_...` of f64, for devices that have no C library.

Those are fdlibm's algorithms and coefficients but for the reduction of large angles and the remainder, written without
branches: which of several formulas holds, an arith.select says.

    Copyright (C) 1993, 2004 by Sun Microsystems, Inc. All rights reserved.
    Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is
    preserved.
"""
