"""Rothman KJ, Greenland S, Lash TL. Modern epidemiology, 3rd ed. Philadelphia: Lippincott Williams & Wilkins,
2008, ch. 15.
"""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/rothman2008

VERDICTS = {
    # analysis of Table 15-1, risk difference (page not known)
    "rd-estimate": "exact",
    "rd-low": "exact",
    "rd-high": "near",
    "rd-q": "differs",
    "rd-q-p": "exact",
    # analysis of Table 15-1, risk ratio (page not known)
    "log-rr-estimate": "exact",
    "log-rr-low": "exact",
    "log-rr-high": "exact",
    "log-rr-q": "exact",
    "log-rr-q-p": "exact",
    "rr-estimate": "exact",
    "rr-low": "exact",
    "rr-high": "exact",
    # analysis of Table 15-1, odds ratio (page not known)
    "log-or-estimate": "exact",
    "log-or-low": "exact",
    "log-or-high": "exact",
    "log-or-q": "exact",
    "log-or-q-p": "exact",
    "or-estimate": "exact",
    "or-low": "exact",
    "or-high": "exact",
    "or-mh": "exact",
    "or-mh-p": "exact",
    "or-tarone": "exact",
    "or-tarone-p": "exact",
    # analysis of Table 15-2, rate difference per 10,000 person-years (page not known)
    "ird-estimate": "exact",
    "ird-low": "exact",
    "ird-high": "exact",
    "ird-q": "exact",
    "ird-q-p": "exact",
    # analysis of Table 15-2, rate ratio (page not known)
    "log-irr-estimate": "exact",
    "log-irr-low": "exact",
    "log-irr-high": "exact",
    "log-irr-q": "exact",
    "log-irr-q-p": "exact",
    "irr-estimate": "exact",
    "irr-low": "exact",
    "irr-high": "exact",
    "irr-mh": "exact",
    "irr-mh-p": "exact",
    "irr-mh-corrected": "exact",
    "irr-mh-corrected-p": "exact",
    "irr-ml-estimate": "exact",
    "irr-ml-low": "exact",
    "irr-ml-high": "exact",
    "irr-ml-q": "exact",
    "irr-ml-q-p": "exact",
    # analysis of Table 15-5, odds ratio (page not known)
    "cc-log-estimate": "exact",
    "cc-log-low": "exact",
    "cc-log-high": "exact",
    "cc-log-q": "exact",
    "cc-log-q-p": "exact",
    "cc-estimate": "exact",
    "cc-low": "exact",
    "cc-high": "exact",
    "cc-mh": "exact",
    "cc-mh-p": "exact",
    "cc-tarone": "exact",
    "cc-tarone-p": "exact",
    "cc-ml-estimate": "exact",
    "cc-ml-low": "exact",
    "cc-ml-high": "exact",
    "cc-ml-q": "exact",
    "cc-ml-q-p": "exact",
    "cc-exact-estimate": "exact",
    "cc-exact-low": "exact",
    "cc-exact-high": "near",
    "cc-exact-q": "exact",
    "cc-exact-q-p": "exact",
    # Table 15-1 (page not known)
    "rd-young": "exact",
    "rr-young": "exact",
    "rd-old": "exact",
    "rr-old": "exact",
    # Table 15-2 (page not known)
    "ird-35": "exact",
    "irr-35": "exact",
    "ird-45": "exact",
    "irr-45": "exact",
    "ird-55": "exact",
    "irr-55": "exact",
    "ird-65": "exact",
    "irr-65": "exact",
    "ird-75": "exact",
    "irr-75": "exact",
    # analysis of Table 15-1, odds ratio (page not known)
    "or-exact-log": "exact",
    "or-exact-log-low": "near",
    "or-exact-log-high": "near",
    "or-exact-q": "exact",
    "or-exact-q-p": "exact",
    "or-exact": "exact",
    "or-exact-low": "exact",
    "or-exact-high": "near",
    # analysis of Table 15-2, rate ratio (page not known)
    "irr-ml": "exact",
    "irr-ml-ratio-low": "exact",
    "irr-ml-ratio-high": "exact",
    # analysis of Table 15-5, odds ratio (page not known)
    "cc-ml": "exact",
    "cc-ml-ratio-low": "exact",
    "cc-ml-ratio-high": "exact",
    "cc-exact": "exact",
    "cc-exact-ratio-low": "exact",
    "cc-exact-ratio-high": "near",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("rothman2008") == VERDICTS
