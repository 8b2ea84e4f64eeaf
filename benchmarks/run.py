"""Speed as ratios measured in one run: ours against a compiled loop, statsmodels, PyMARE and metafor.

`make bench` prints a table; see README.md beside this file for a run and its machine. One thread, best of several, in
seconds of processor time, which other work on the machine disturbs less than the clock's.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np

import metaket as mk

sys.path.insert(0, str(Path(__file__).parent))
from compiled import FIELDS, Loop, compiled_loop

LOOP = 200  # fits that a peer without batches is timed on; its time is scaled to the batch
R_SCRIPT = """
suppressPackageStartupMessages(library(metafor)); set.seed(1)
best <- function(f, n) min(replicate(3, { t <- proc.time()[[1]]; for (i in 1:n) f(); (proc.time()[[1]] - t) / n }))
fit <- function(k) { v <- runif(k, .02, .3); y <- rnorm(k) * sqrt(v + .05); function() rma.uni(y, v, method = "REML") }
cat(best(fit(10), 100), best(fit(1000), 1))
"""


def best(call: Callable[[], object], repeats: int) -> float:
    """Seconds a call, the best of five rounds."""
    call()
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(repeats):
            call()
        rounds.append((time.process_time() - start) / repeats)
    return min(rounds)


def sample(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    v = rng.uniform(0.02, 0.3, size=shape)
    return rng.normal(size=shape) * np.sqrt(v + 0.05), v


def single(k: int, loop: Loop | None) -> dict[str, float]:
    """One REML fit of k studies with everything that a result holds."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    y, v = sample((k,))
    repeats = 200 if k <= 100 else 50
    peer = Dataset(y[:, None], v[:, None], X=np.ones((k, 1)), add_intercept=False)
    times = {
        "metaket": best(lambda: mk.pool(y, v, tau2="REML"), repeats),
        "PyMARE": best(lambda: VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(peer).summary(), 20),
    }
    return times | ({"compiled loop": best(lambda: loop(y[None], v[None]), 200)} if loop else {})


def many(m: int, k: int, loop: Loop | None) -> dict[str, float]:
    """m fits of k studies, with interval, p, Q and I2 for ours; the peers as far as they go."""
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
    from statsmodels.stats.meta_analysis import combine_effects

    y, v = sample((m, k))

    def ours(method: str) -> None:
        mk.pool_many(y, v, tau2=method).ci()

    peer = VarianceBasedLikelihoodEstimator(method="REML")
    one_by_one = best(lambda: [combine_effects(y[i], v[i], method_re="dl").summary_frame() for i in range(LOOP)], 1)
    times = {
        "metaket REML": best(lambda: ours("REML"), 1),
        "PyMARE REML, fit alone": best(lambda: peer.fit(y.T, v.T, X=np.ones((k, 1))), 1),
        "metaket DL": best(lambda: ours("DL"), 1),
        "PyMARE DL, fit alone": best(lambda: DerSimonianLaird().fit(y.T, v.T, X=np.ones((k, 1))), 1),
        "statsmodels DL, loop": one_by_one * m / LOOP,
    }
    if loop:
        _same(loop(y, v), mk.pool_many(y, v))
        times["compiled loop, REML"] = best(lambda: loop(y, v), 1)
    return times


def _same(compiled: dict[str, np.ndarray], ours: mk.BatchResult) -> None:
    """The limit is one only if it does the same work."""
    low, high = ours.ci()
    values = {name: getattr(ours, name) for name in FIELDS[:4]} | {"ci_low": low, "ci_high": high}
    for name in FIELDS[:-1]:
        mine = values[name] if name in values else getattr(ours, name)
        np.testing.assert_allclose(compiled[name], mine, rtol=1e-8, atol=1e-9, err_msg=name)


def memory(m: int, k: int) -> tuple[float, float]:
    """Megabytes that m REML fits need at the peak beyond inputs and answer, and those of the answer."""
    y, v = sample((m, k))
    tracemalloc.start()
    found = mk.pool_many(y, v, tau2="REML")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    fields = (getattr(found, name) for name in found.__slots__)
    answer = sum(a.nbytes for a in fields if isinstance(a, np.ndarray))
    return (peak - answer) / 1e6, answer / 1e6


def first_call(k: int) -> float:
    """Seconds of the first pool at a new k, which makes the studies' names; the best of 20."""
    from metaket.pooling.pool import _numbered

    y, v = sample((k,))
    rounds = []
    for _ in range(20):
        _numbered.cache_clear()
        start = time.process_time()
        mk.pool(y, v, tau2="REML")
        rounds.append(time.process_time() - start)
    return min(rounds)


def gosh(k: int) -> float:
    """All subsets of k studies by REML."""
    y, v = sample((k,))
    subsets = ((np.arange(1, 2**k)[:, None] >> np.arange(k)) & 1).astype(float)
    return best(lambda: mk.pool_many(y, v, subsets, tau2="REML").ci(), 1)


def explain(k: int) -> float:
    """explain on k studies of means with a mistyped digit, nothing stated and no rows: every candidate is pooled."""
    rng = np.random.default_rng(1)
    columns = {
        "mean_t": rng.normal(10, 2, k).round(1),
        "sd_t": rng.uniform(3, 6, k).round(1),
        "n_t": rng.integers(20, 90, k),
        "mean_c": rng.normal(12, 2, k).round(1),
        "sd_c": rng.uniform(3, 6, k).round(1),
        "n_c": rng.integers(20, 90, k),
    }
    used = columns | {"sd_t": np.where(np.arange(k) == 3, columns["sd_t"] + 3, columns["sd_t"])}
    r = mk.pool(mk.effect_sizes(used, "SMD"), tau2="DL")
    low, high = r.ci()
    printed = {"estimate": f"{r.estimate:.2f} ({low:.2f} to {high:.2f})"}
    return best(lambda: mk.explain(columns, printed, measure="SMD"), 1)


def in_r() -> tuple[float, float] | None:
    """Seconds of metafor's rma.uni by REML at k = 10 and k = 1,000."""
    if not shutil.which("Rscript"):
        return None
    done = subprocess.run(["Rscript", "-e", R_SCRIPT], capture_output=True, text=True, check=False)
    return tuple(float(x) for x in done.stdout.split()) if done.returncode == 0 else None  # type: ignore[return-value]


def main() -> None:
    warnings.simplefilter("ignore")
    names = ("numpy", "scipy", "statsmodels", "PyMARE")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{n} {metadata.version(n)}" for n in names))
    metafor, loop = in_r(), compiled_loop()
    for place, k in enumerate((10, 1000)):
        times = single(k, loop)
        if metafor:
            times["metafor"] = metafor[place]
        _show(f"one REML fit, k = {k}", times, times["metaket"])
    print(f"the first fit at a new k = 1,000: {1e3 * first_call(1000):.3f} ms")
    times = many(100_000, 10, loop)
    if metafor:
        times["metafor REML, loop"] = metafor[0] * 100_000
    _show("100,000 fits, k = 10", times, times["metaket REML"])
    print(f"explain, k = 20, every setting and slip: {explain(20):.2f} s")
    for m in (100_000, 1_000_000, 4_000_000):
        print("memory of {:,} REML fits: {:.1f} MB beyond inputs and the answer's {:.0f} MB".format(m, *memory(m, 10)))
    print(f"GOSH, k = 13 (8,191 subsets), REML: {1e3 * gosh(13):.1f} ms")


def _show(title: str, times: dict[str, float], base: float) -> None:
    print(title)
    for name, seconds in times.items():
        print(f"  {name:24s} {1e3 * seconds:12.3f} ms  {seconds / base:10.1f} times ours")


if __name__ == "__main__":
    main()
