"""metaket: does this published meta-analysis hold?

The public names are loaded when they are first used, so that ``import metaket`` stays fast and pulls in neither
pandas, statsmodels nor matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Bounds": "metaket.reproduction.bounds_answer",
    "BatchResult": "metaket.pooling.batch",
    "EffectSizes": "metaket.measures.effect",
    "Interval": "metaket.pooling.result",
    "MetaketError": "metaket.errors",
    "PoolSpec": "metaket.pooling.spec",
    "PooledResult": "metaket.pooling.result",
    "RegressionResult": "metaket.pooling.regression",
    "bounds": "metaket.reproduction.bounds",
    "bootstrap_prediction": "metaket.pooling.prediction",
    "breslow_day": "metaket.pooling.mantel_haenszel",
    "cochran_mantel_haenszel": "metaket.pooling.mantel_haenszel",
    "Egger": "metaket.diagnostics.asymmetry",
    "Baujat": "metaket.diagnostics.baujat",
    "baujat": "metaket.diagnostics.baujat",
    "Cumulative": "metaket.diagnostics.cumulative",
    "cumulative": "metaket.diagnostics.cumulative",
    "Gosh": "metaket.diagnostics.gosh",
    "gosh": "metaket.diagnostics.gosh",
    "Influence": "metaket.diagnostics.influence",
    "influence": "metaket.diagnostics.influence",
    "LeaveOut": "metaket.diagnostics.leave_one_out",
    "leave_one_out": "metaket.diagnostics.leave_one_out",
    "leave_out": "metaket.diagnostics.leave_one_out",
    "Residuals": "metaket.diagnostics.residuals",
    "residuals": "metaket.diagnostics.residuals",
    "Predictions": "metaket.diagnostics.shrinkage",
    "blup": "metaket.diagnostics.shrinkage",
    "Explanation": "metaket.reproduction.explanation",
    "explain": "metaket.reproduction.explain",
    "Bootstrap": "metaket.diagnostics.bootstrap",
    "bootstrap": "metaket.diagnostics.bootstrap",
    "NormalQuantiles": "metaket.diagnostics.normal_quantiles",
    "normal_quantiles": "metaket.diagnostics.normal_quantiles",
    "Outliers": "metaket.diagnostics.outliers",
    "outliers": "metaket.diagnostics.outliers",
    "PValueFunction": "metaket.diagnostics.p_value_function",
    "p_value_function": "metaket.diagnostics.p_value_function",
    "effect_sizes": "metaket.measures.compute",
    "egger": "metaket.diagnostics.asymmetry",
    "Begg": "metaket.diagnostics.rank",
    "begg": "metaket.diagnostics.rank",
    "SlopeTest": "metaket.diagnostics.counts_asymmetry",
    "harbord": "metaket.diagnostics.counts_asymmetry",
    "macaskill": "metaket.diagnostics.counts_asymmetry",
    "deeks": "metaket.diagnostics.counts_asymmetry",
    "peters": "metaket.diagnostics.counts_asymmetry",
    "schwarzer": "metaket.diagnostics.counts_asymmetry",
    "PrecisionEffect": "metaket.diagnostics.precision_effect",
    "pet": "metaket.diagnostics.precision_effect",
    "peese": "metaket.diagnostics.precision_effect",
    "pet_peese": "metaket.diagnostics.precision_effect",
    "TrimAndFill": "metaket.diagnostics.trim_and_fill",
    "trim_and_fill": "metaket.diagnostics.trim_and_fill",
    "FailSafeN": "metaket.diagnostics.fail_safe",
    "fail_safe_n": "metaket.diagnostics.fail_safe",
    "ExcessSignificance": "metaket.diagnostics.excess",
    "excess_significance": "metaket.diagnostics.excess",
    "SelectionModel": "metaket.diagnostics.selection_answer",
    "selection_model": "metaket.diagnostics.selection_models",
    "Copas": "metaket.diagnostics.copas",
    "copas": "metaket.diagnostics.copas",
    "LimitMetaAnalysis": "metaket.diagnostics.limit",
    "limit_meta_analysis": "metaket.diagnostics.limit",
    "PCurve": "metaket.diagnostics.p_curve",
    "p_curve": "metaket.diagnostics.p_curve",
    "PUniform": "metaket.diagnostics.p_uniform",
    "p_uniform": "metaket.diagnostics.p_uniform",
    "SmallStudyEffects": "metaket.diagnostics.small_study",
    "small_study_effects": "metaket.diagnostics.small_study",
    "complete_counts": "metaket.measures.complete",
    "complete_means": "metaket.measures.complete",
    "mean_sd_from_quantiles": "metaket.measures.complete",
    "generic": "metaket.measures.compute",
    "glmm": "metaket.pooling.glmm",
    "henmi_copas": "metaket.pooling.henmi_copas",
    "list_papers": "metaket.datasets",
    "CheckReport": "metaket.reproduction.check",
    "check_paper": "metaket.reproduction.check",
    "new_paper": "metaket.reproduction.new",
    "load": "metaket.reproduction.paper",
    "permutation_test": "metaket.diagnostics.permutation",
    "pool": "metaket.pooling.pool",
    "pool_correlated": "metaket.pooling.correlated",
    "pool_many": "metaket.pooling.batch",
    "JointCourse": "metaket.timecourse",
    "TimeCourse": "metaket.timecourse",
    "pool_over_time": "metaket.timecourse",
    "probability_beyond": "metaket.pooling.prediction",
    "subgroups": "metaket.diagnostics.subgroups",
    "Recovered": "metaket.reproduction.recover_answer",
    "Reproduction": "metaket.reproduction.run",
    "grim": "metaket.reproduction.recover_means",
    "grimmer": "metaket.reproduction.recover_means",
    "possible_counts": "metaket.reproduction.recover_percent",
    "recover": "metaket.reproduction.recover",
    "sampling_covariance": "metaket.pooling.covariance",
    "shared_control_covariance": "metaket.pooling.covariance",
    "CorrelatedResult": "metaket.pooling.correlated",
    "reproduce": "metaket.reproduction.run",
    "RiskOfBias": "metaket.rob_tools",
    "risk_of_bias": "metaket.rob_tools",
}
_SUBMODULES = ("conversions", "errors", "plots")

__all__ = ["__version__", *sorted(_HOME), *_SUBMODULES]

if TYPE_CHECKING:
    from metaket import conversions as conversions
    from metaket import errors as errors
    from metaket import plots as plots
    from metaket.datasets import list_papers as list_papers
    from metaket.diagnostics.asymmetry import Egger as Egger
    from metaket.diagnostics.asymmetry import egger as egger
    from metaket.diagnostics.baujat import Baujat as Baujat
    from metaket.diagnostics.baujat import baujat as baujat
    from metaket.diagnostics.bootstrap import Bootstrap as Bootstrap
    from metaket.diagnostics.bootstrap import bootstrap as bootstrap
    from metaket.diagnostics.copas import Copas as Copas
    from metaket.diagnostics.copas import copas as copas
    from metaket.diagnostics.counts_asymmetry import SlopeTest as SlopeTest
    from metaket.diagnostics.counts_asymmetry import deeks as deeks
    from metaket.diagnostics.counts_asymmetry import harbord as harbord
    from metaket.diagnostics.counts_asymmetry import macaskill as macaskill
    from metaket.diagnostics.counts_asymmetry import peters as peters
    from metaket.diagnostics.counts_asymmetry import schwarzer as schwarzer
    from metaket.diagnostics.cumulative import Cumulative as Cumulative
    from metaket.diagnostics.cumulative import cumulative as cumulative
    from metaket.diagnostics.excess import ExcessSignificance as ExcessSignificance
    from metaket.diagnostics.excess import excess_significance as excess_significance
    from metaket.diagnostics.fail_safe import FailSafeN as FailSafeN
    from metaket.diagnostics.fail_safe import fail_safe_n as fail_safe_n
    from metaket.diagnostics.gosh import Gosh as Gosh
    from metaket.diagnostics.gosh import gosh as gosh
    from metaket.diagnostics.influence import Influence as Influence
    from metaket.diagnostics.influence import influence as influence
    from metaket.diagnostics.leave_one_out import LeaveOut as LeaveOut
    from metaket.diagnostics.leave_one_out import leave_one_out as leave_one_out
    from metaket.diagnostics.leave_one_out import leave_out as leave_out
    from metaket.diagnostics.limit import LimitMetaAnalysis as LimitMetaAnalysis
    from metaket.diagnostics.limit import limit_meta_analysis as limit_meta_analysis
    from metaket.diagnostics.normal_quantiles import NormalQuantiles as NormalQuantiles
    from metaket.diagnostics.normal_quantiles import normal_quantiles as normal_quantiles
    from metaket.diagnostics.outliers import Outliers as Outliers
    from metaket.diagnostics.outliers import outliers as outliers
    from metaket.diagnostics.p_curve import PCurve as PCurve
    from metaket.diagnostics.p_curve import p_curve as p_curve
    from metaket.diagnostics.p_uniform import PUniform as PUniform
    from metaket.diagnostics.p_uniform import p_uniform as p_uniform
    from metaket.diagnostics.p_value_function import PValueFunction as PValueFunction
    from metaket.diagnostics.p_value_function import p_value_function as p_value_function
    from metaket.diagnostics.permutation import permutation_test as permutation_test
    from metaket.diagnostics.precision_effect import PrecisionEffect as PrecisionEffect
    from metaket.diagnostics.precision_effect import peese as peese
    from metaket.diagnostics.precision_effect import pet as pet
    from metaket.diagnostics.precision_effect import pet_peese as pet_peese
    from metaket.diagnostics.rank import Begg as Begg
    from metaket.diagnostics.rank import begg as begg
    from metaket.diagnostics.residuals import Residuals as Residuals
    from metaket.diagnostics.residuals import residuals as residuals
    from metaket.diagnostics.selection_answer import SelectionModel as SelectionModel
    from metaket.diagnostics.selection_models import selection_model as selection_model
    from metaket.diagnostics.shrinkage import Predictions as Predictions
    from metaket.diagnostics.shrinkage import blup as blup
    from metaket.diagnostics.small_study import SmallStudyEffects as SmallStudyEffects
    from metaket.diagnostics.small_study import small_study_effects as small_study_effects
    from metaket.diagnostics.subgroups import subgroups as subgroups
    from metaket.diagnostics.trim_and_fill import TrimAndFill as TrimAndFill
    from metaket.diagnostics.trim_and_fill import trim_and_fill as trim_and_fill
    from metaket.errors import MetaketError as MetaketError
    from metaket.measures.complete import complete_counts as complete_counts
    from metaket.measures.complete import complete_means as complete_means
    from metaket.measures.complete import mean_sd_from_quantiles as mean_sd_from_quantiles
    from metaket.measures.compute import effect_sizes as effect_sizes
    from metaket.measures.compute import generic as generic
    from metaket.measures.effect import EffectSizes as EffectSizes
    from metaket.pooling.batch import BatchResult as BatchResult
    from metaket.pooling.batch import pool_many as pool_many
    from metaket.pooling.correlated import CorrelatedResult as CorrelatedResult
    from metaket.pooling.correlated import pool_correlated as pool_correlated
    from metaket.pooling.covariance import sampling_covariance as sampling_covariance
    from metaket.pooling.covariance import shared_control_covariance as shared_control_covariance
    from metaket.pooling.glmm import glmm as glmm
    from metaket.pooling.henmi_copas import henmi_copas as henmi_copas
    from metaket.pooling.mantel_haenszel import breslow_day as breslow_day
    from metaket.pooling.mantel_haenszel import cochran_mantel_haenszel as cochran_mantel_haenszel
    from metaket.pooling.pool import pool as pool
    from metaket.pooling.prediction import bootstrap_prediction as bootstrap_prediction
    from metaket.pooling.prediction import probability_beyond as probability_beyond
    from metaket.pooling.regression import RegressionResult as RegressionResult
    from metaket.pooling.result import Interval as Interval
    from metaket.pooling.result import PooledResult as PooledResult
    from metaket.pooling.spec import PoolSpec as PoolSpec
    from metaket.reproduction.bounds import bounds as bounds
    from metaket.reproduction.bounds_answer import Bounds as Bounds
    from metaket.reproduction.check import CheckReport as CheckReport
    from metaket.reproduction.check import check_paper as check_paper
    from metaket.reproduction.explain import explain as explain
    from metaket.reproduction.explanation import Explanation as Explanation
    from metaket.reproduction.new import new_paper as new_paper
    from metaket.reproduction.paper import load as load
    from metaket.reproduction.recover import recover as recover
    from metaket.reproduction.recover_answer import Recovered as Recovered
    from metaket.reproduction.recover_means import grim as grim
    from metaket.reproduction.recover_means import grimmer as grimmer
    from metaket.reproduction.recover_percent import possible_counts as possible_counts
    from metaket.reproduction.run import Reproduction as Reproduction
    from metaket.reproduction.run import reproduce as reproduce
    from metaket.rob_tools import RiskOfBias as RiskOfBias
    from metaket.rob_tools import risk_of_bias as risk_of_bias
    from metaket.timecourse import JointCourse as JointCourse
    from metaket.timecourse import TimeCourse as TimeCourse
    from metaket.timecourse import pool_over_time as pool_over_time


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name in _SUBMODULES:
        return importlib.import_module(f"metaket.{name}")
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'metaket' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
