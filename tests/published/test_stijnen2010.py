"""Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010;29(29):3046-3067."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/stijnen2010

VERDICTS = {
    # p. 3050, Table II, normal model
    "standard-log": "exact",
    "standard-se": "exact",
    "standard-tau2": "exact",
    "standard-estimate": "near",
    "standard-low": "exact",
    "standard-high": "near",
    "treated-log": "exact",
    "treated-se": "exact",
    "treated-tau2": "exact",
    "treated-estimate": "exact",
    "treated-low": "exact",
    "treated-high": "exact",
    # p. 3050, Table II, binomial-normal model
    "standard-exact-log": "exact",
    "standard-exact-se": "exact",
    "standard-exact-tau2": "exact",
    "standard-exact-estimate": "exact",
    "standard-exact-low": "exact",
    "standard-exact-high": "exact",
    "treated-exact-log": "exact",
    "treated-exact-se": "exact",
    "treated-exact-tau2": "exact",
    "treated-exact-estimate": "exact",
    "treated-exact-low": "exact",
    "treated-exact-high": "exact",
    # p. 3052, Table III, normal model
    "or-log": "exact",
    "or-se": "near",
    "or-tau": "exact",
    "or-estimate": "exact",
    "or-low": "exact",
    "or-high": "near",
    # p. 3052, Table III, exact likelihood
    "or-exact-log": "exact",
    "or-exact-se": "exact",
    "or-exact-tau": "exact",
    "or-exact-estimate": "near",
    "or-exact-low": "exact",
    "or-exact-high": "exact",
    # p. 3052, Table III, approximate likelihood
    "or-binomial-log": "exact",
    "or-binomial-se": "exact",
    "or-binomial-tau": "near",
    "or-binomial-estimate": "exact",
    "or-binomial-low": "exact",
    "or-binomial-high": "exact",
    # p. 3054, Table VII, normal model
    "rate-standard-log": "exact",
    "rate-standard-se": "exact",
    "rate-standard-tau2": "exact",
    "rate-standard-estimate": "exact",
    "rate-standard-low": "exact",
    "rate-standard-high": "near",
    "rate-treated-log": "exact",
    "rate-treated-se": "exact",
    "rate-treated-tau2": "exact",
    "rate-treated-estimate": "exact",
    "rate-treated-low": "exact",
    "rate-treated-high": "exact",
    # p. 3054, Table VII, Poisson-normal model
    "rate-standard-exact-log": "exact",
    "rate-standard-exact-se": "exact",
    "rate-standard-exact-tau2": "near",
    "rate-standard-exact-estimate": "exact",
    "rate-standard-exact-low": "exact",
    "rate-standard-exact-high": "exact",
    "rate-treated-exact-log": "near",
    "rate-treated-exact-se": "exact",
    "rate-treated-exact-tau2": "exact",
    "rate-treated-exact-estimate": "exact",
    "rate-treated-exact-low": "near",
    "rate-treated-exact-high": "exact",
    # p. 3055, Table VIII, normal model
    "irr-log": "exact",
    "irr-se": "near",
    "irr-tau": "exact",
    "irr-estimate": "exact",
    "irr-low": "exact",
    "irr-high": "near",
    # p. 3055, Table VIII, exact likelihood
    "irr-exact-log": "exact",
    "irr-exact-se": "exact",
    "irr-exact-tau": "exact",
    "irr-exact-estimate": "exact",
    "irr-exact-low": "exact",
    "irr-exact-high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("stijnen2010") == VERDICTS
