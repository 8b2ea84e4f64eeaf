"""`explain`: which settings reproduce a print, and which single slip most likely explains it where none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.explain_causes import causes_of, readings
from metaket.reproduction.explain_classes import matching_classes, nearest_settings
from metaket.reproduction.explain_figures import Figure, figures_of
from metaket.reproduction.explain_inputs import Inputs, inputs_of, inputs_of_frame
from metaket.reproduction.explain_paper import complete_inputs, figures_of_claims, question_of, stated_by
from metaket.reproduction.explain_plan import check_stated, plan_of
from metaket.reproduction.explain_search import distances
from metaket.reproduction.explanation import Explanation
from metaket.reproduction.paper import Claim, Paper, load

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explain", "explain_analysis", "explain_inputs"]


def explain(
    data: str | Path | Paper | EffectSizes | pd.DataFrame | Mapping[str, Any],
    printed: Mapping[str, str] | None = None,
    *,
    analysis: str | None = None,
    studies: Any = None,
    stated: Mapping[str, Any] | None = None,
    measure: str | None = None,
    columns: Mapping[str, str] | str | None = None,
    by: str | None = None,
) -> Explanation:
    r"""Which settings reproduce a print, and which single slip most likely explains it where none does.

    Parameters
    ----------
    data : paper key, folder, Paper, EffectSizes, DataFrame or mapping of columns
        Of a paper, an analysis whose rows are complete. Of a table, one row a study: the columns of `measure`, or y
        with se, v or ci_low and ci_high (on the log scale for ratios). Cells that are texts keep their decimals.
    printed : mapping of quantity to text, optional
        As printed: ``{"estimate": "0.49", "ci": "0.33 to 0.70", "i2": "92%", "q": "12.30", "k": "9"}``. Not for a
        paper, whose claims are taken.
    analysis : str, optional
        Which analysis of the paper; needed where several have printed figures.
    studies : mapping of study to figures, or DataFrame, optional
        The rows of the printed forest plot: texts of ``estimate``, ``ci_low``, ``ci_high``, ``weight``.
    stated : mapping, optional
        Settings that the paper states, by our codes: ``{"measure": "RR", "model": "random", "tau2": "DL"}``; also
        test, zero_cells, double_zero, vtype, j, i2, prediction, quantile and level (0.95 by default).
    measure : str, optional
        What a table holds, if `stated` doesn't say.
    columns : mapping or "metafor", optional
        Our name -> the name in the table.
    by : str, optional
        Whose claims, where a paper's folder holds those of several authors.

    Returns
    -------
    Explanation
        With ``settings``, ``nearest``, ``causes``, ``verdict``, ``summary()``, ``to_frame()`` and ``to_dict()``.

    Raises
    ------
    InputError
        An unknown quantity, study, setting or column; a text that cannot be read; nothing printed.
    NotComputableError
        A number of the analysis is missing.

    Notes
    -----
    With kinds of slip s of prior :math:`\pi_s`, each with :math:`n_s` candidates, a candidate c scores

    .. math:: \frac{\pi_s}{n_s} \sum_\theta P(\theta \mid \text{stated}) \, 1[\text{c under } \theta \text{ prints
              like the paper}].

    A slip is looked for only where no setting that agrees with what is stated reproduces every figure.

    Examples
    --------
    >>> import metaket as mk
    >>> trials = {"study": ["A", "B", "C"], "y": [0.10, 0.42, 0.35], "se": [0.15, 0.12, 0.20]}
    >>> told = {"measure": "GEN", "model": "common"}
    >>> mk.explain(trials, {"estimate": "0.305", "ci": "0.14 to 0.47", "q": "2.84"}, stated=told).verdict
    'reproduced'
    """
    if isinstance(data, str | Path | Paper):
        if printed is not None or studies is not None:
            raise InputError("printed= and studies= are for loose data; a paper's figures are its claims")
        paper = data if isinstance(data, Paper) else load(data)
        found, claims = question_of(paper, analysis, by)
        return explain_analysis(paper, found, claims, stated)
    if analysis is not None or by is not None:
        raise InputError("analysis= and by= are for a paper; of a table give printed=")
    told = check_stated(stated)
    inputs = _loose(data, measure or told.get("measure", ""), columns)
    return explain_inputs(inputs, figures_of(printed or {}, studies, inputs.study), told)


def _loose(data: Any, measure: str, columns: Mapping[str, str] | str | None) -> Inputs:
    if isinstance(data, EffectSizes):
        return inputs_of(data)
    if not measure:
        raise InputError("explain needs the measure of a table: measure='RR', or 'GEN' for y with se")
    return inputs_of_frame(data, measure, columns)


def explain_analysis(
    paper: Paper, found: AnalysisResult, claims: Sequence[Claim], stated: Mapping[str, Any] | None = None
) -> Explanation:
    """`explain` on an analysis that was run already and the claims of it.

    Raises
    ------
    NotComputableError
        A number of the analysis is missing.
    InputError
        No claim prints a figure of the pooled result.
    """
    inputs = complete_inputs(paper, found)
    figures = figures_of_claims(claims, inputs.study)
    if not figures:
        raise InputError(f"no claim of analysis {found.id!r} prints a figure of its pooled result")
    told = stated_by(found.analysis) if stated is None else check_stated(stated)
    return explain_inputs(inputs, figures, told, f"{paper.key}, {found.id}")


def explain_inputs(
    inputs: Inputs, figures: tuple[Figure, ...], stated: Mapping[str, Any], title: str = "print"
) -> Explanation:
    """`explain` on inputs and figures that were read already."""
    with np.errstate(all="ignore"):  # versions that cannot be give NaN or infinity, and match nothing
        return _explained(inputs, figures, stated, title)


def _explained(inputs: Inputs, figures: tuple[Figure, ...], stated: Mapping[str, Any], title: str) -> Explanation:
    plan = plan_of(inputs, stated)
    table = distances(inputs, plan, figures)
    settings = matching_classes(table, plan, figures)
    if any(c.stated for c in settings):
        return Explanation(title, inputs.k, figures, stated, settings, (), (), {})
    causes, tried = causes_of(inputs, plan, figures, stated, table)
    near = () if settings or causes else nearest_settings(table, plan, figures)
    nearest = tuple(readings(n, figures) for n in near)
    return Explanation(title, inputs.k, figures, stated, settings, nearest, causes, tried)
