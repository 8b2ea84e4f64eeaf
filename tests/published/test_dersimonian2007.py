"""DerSimonian R, Kacker R (2007). Random-effects model for meta-analysis of clinical trials: an update.
Contemp Clin Trials 28(2):105-114. doi:10.1016/j.cct.2006.04.004

Data and figures as collected at metafor-project.org/doku.php/analyses:dersimonian2007.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import metaket as mk

# six trials of low-dose aspirin in pregnancy, CLASP the last and largest: pre-eclampsia
CLASP = {
    "events_t": [5, 5, 12, 69, 9, 313],
    "n_t": [156, 303, 565, 1570, 103, 4659],
    "events_c": [8, 17, 9, 94, 11, 352],
    "n_c": [74, 303, 477, 1565, 105, 4650],
}


# pp. 111-112, Tables 3 and 4: tau, pooled log odds ratio, its standard error (CA: Cochran's ANOVA, our HE)
@pytest.mark.parametrize(("method", "tau", "mu", "se"), [
    ("PM", "0.3681", "-0.3811", "0.2060"),
    ("CA", "0.4410", "-0.4035", "0.2327"),
    ("DL", "0.2323", "-0.3240", "0.1540"),
    ("CA2", "0.3831", "-0.3861", "0.2115"),
    ("DL2", "0.3254", "-0.3655", "0.1901"),
    ("EB", "0.3681", "-0.3811", "0.2060"),
    ("REML", "0.1843", "-0.2980", "0.1343"),
    ("HS", "0.1330", "-0.2666", "0.1125"),
    ("SJ", "0.4572", "-0.4079", "0.2386"),
])  # fmt: skip
def test_clasp(method: str, tau: str, mu: str, se: str, agrees: Callable[[float, str], bool]) -> None:
    found = mk.pool(mk.effect_sizes(CLASP, "OR"), tau2=method)
    assert agrees(math.sqrt(found.tau2), tau)
    assert agrees(found.estimate, mu)
    assert agrees(found.std_error, se)


def test_maximum_likelihood_is_at_0(agrees: Callable[[float, str], bool]) -> None:
    """The collection gives tau 0.0023 and mu -0.1974: where an absolute stopping rule ended (metafor's default).

    The derivative of the likelihood is -42 / 2 at tau2 = 0 and stays negative, so the maximum is 0.
    """
    effects = mk.effect_sizes(CLASP, "OR")
    found = mk.pool(effects, tau2="ML")
    assert found.tau2 == 0
    assert agrees(found.std_error, "0.0694")
    stopped_early = mk.pool(effects, tau2=0.0023**2)
    assert agrees(stopped_early.estimate, "-0.1974")
    assert not agrees(found.estimate, "-0.1974")


# ---------------------------------------------------------------- the folder data/dersimonian2007

VERDICTS = {
    # pp. 111-112, Tables 3 and 4
    "pm-tau": "exact",
    "pm-mean": "exact",
    "pm-se": "exact",
    "ca-tau": "exact",
    "ca-mean": "exact",
    "ca-se": "exact",
    "dl-tau": "exact",
    "dl-mean": "exact",
    "dl-se": "exact",
    "ca2-tau": "exact",
    "ca2-mean": "exact",
    "ca2-se": "exact",
    "dl2-tau": "exact",
    "dl2-mean": "exact",
    "dl2-se": "exact",
    "eb-tau": "exact",
    "eb-mean": "exact",
    "eb-se": "exact",
    "reml-tau": "exact",
    "reml-mean": "exact",
    "reml-se": "exact",
    "hs-tau": "exact",
    "hs-mean": "exact",
    "hs-se": "exact",
    "sj-tau": "exact",
    "sj-mean": "exact",
    "sj-se": "exact",
    "ml-tau": "differs",
    "ml-mean": "near",
    "ml-se": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("dersimonian2007") == VERDICTS
