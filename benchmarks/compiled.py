"""The compiled loop of `reml_loop.c`, built by the system's C compiler into a temporary folder."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.ctypeslib import ndpointer

SOURCE = Path(__file__).with_name("reml_loop.c")
FLAGS = ("-O3", "-march=native", "-std=gnu11", "-Wall", "-shared", "-fPIC")
FIELDS = ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high", "tau2", "se_tau2", "q", "q_p",
          "i2", "h2", "converged", "n_iter")  # fmt: skip
Z = 1.959963984540054

Loop = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]


def compiled_loop() -> Loop | None:
    """A function of y and v (m, k) that gives every field of every fit; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "reml_loop.so"
        subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(library), "-lm"], check=True)
        loop = ctypes.CDLL(str(library)).pool_many  # stays loaded when the file is gone
    doubles = ndpointer(np.float64, flags="C_CONTIGUOUS")
    loop.argtypes = [doubles, doubles, ctypes.c_int, ctypes.c_int, ctypes.c_double, doubles]
    loop.restype = None

    def run(y: np.ndarray, v: np.ndarray) -> dict[str, np.ndarray]:
        out = np.empty((y.shape[0], len(FIELDS)))
        loop(np.ascontiguousarray(y), np.ascontiguousarray(v), *y.shape, Z, out)
        return dict(zip(FIELDS, out.T, strict=True))

    return run
