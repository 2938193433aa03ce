"""How the tools end: 0 done, 1 bad input, 2 wrong usage; an error is said in words, never as a traceback.

STEPWELL_TRACEBACK=1 shows where in the compiler an error arose.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def exit_code(run: Callable[[], int]) -> int:
    """The exit code of `run`, which raises `StepwellError` for what a user can mend."""
    from stepwell.diagnostics import StepwellError, fault, report

    try:
        return run()
    except StepwellError as error:
        report(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: that is no error
        return 0
    except MemoryError:
        report(StepwellError("there is not enough memory", fix="a smaller shape or batch needs less"))
    except Exception as error:
        internal = fault(error)
        internal.__cause__ = error
        report(internal)
    return 1
