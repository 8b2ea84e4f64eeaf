"""The tables of paper.toml as records: what each key is, and which are allowed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "INHERITED",
    "MODEL_OPTIONS",
    "OF_KEYS",
    "Analysis",
    "Bound",
    "Claim",
    "Course",
    "PaperInfo",
    "Sampling",
    "Source",
]

# what makes an analysis a model with several parts
MODEL_OPTIONS = (
    *("moderators", "intercept", "subgroups", "shared_tau2"),
    *("cluster", "random", "inner", "structure", "sampling", "robust"),
)
INHERITED = (
    *("where", "measure", "model", "tau2", "test", "i2", "zero_cells", "double_zero", "crossover", "vtype", "better"),
    *("variants", "assumed", "include"),
    *MODEL_OPTIONS,
)
# what a claim can be of, and the keys that go with it
OF_KEYS: dict[str, tuple[str, ...]] = {
    "analysis": ("quantity",),
    "trials": ("where",),
    "paper": (),
    "claim": (),
    "comparator": (),
    "before_h": (),
    "other": (),
}


Name = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaperInfo(_Strict):
    """What is printed on the title page."""

    key: Name
    title: str
    citation: str = ""
    journal: str = ""
    year: int | None = None
    doi: str = ""
    pmid: str = ""
    licence_note: str = ""
    description: str = ""


class Source(_Strict):
    """Where a number was read."""

    id: Name
    citation: str
    url: str = ""
    access: str = ""
    note: str = ""


class Sampling(_Strict):
    """Correlation of the effects of one study: constant, falling with the gap in time, or covariances by column."""

    rho: float | None = None
    decay: float | None = None
    times: str = ""
    columns: dict[str, str] = Field(default_factory=dict)


class Analysis(_Strict):
    """One pooling: which rows, which measure, which model. A sensitivity analysis inherits from its parent.

    `better` says which direction of the effect favours the treatment: a response is better higher, a depression
    score lower. `moderators` make it a meta-regression; `random` or `structure` a model of correlated effects, in which
    a study may have several rows.
    """

    id: Name
    title: str = ""
    where: dict[str, Any] = Field(default_factory=dict)
    measure: str = "RR"
    model: str = "random"
    tau2: str | float = "DL"
    test: str = "z"
    i2: str = "Q"
    zero_cells: str = ""
    double_zero: str = "drop"
    crossover: str | float = "parallel"
    vtype: str = ""
    moderators: tuple[str, ...] = ()
    intercept: bool = True
    subgroups: str = ""
    shared_tau2: bool = False
    cluster: str = "study"
    random: tuple[str, ...] = ()
    inner: str = ""
    structure: str = ""
    sampling: Sampling = Sampling()
    robust: str = ""
    better: Literal["higher", "lower"] = "higher"
    variants: dict[str, str] = Field(default_factory=dict)
    include: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    sensitivity_of: str = ""
    note: str = ""

    @field_validator("moderators", "random", "include", "assumed", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _together(self) -> Analysis:
        """Options that would have no effect are slips; so are single words of `assumed` that are no option."""
        correlated = bool(self.random or self.structure or self.robust)
        for idle, message in (
            (not self.intercept and not self.moderators, "intercept = false needs moderators"),
            (self.shared_tau2 and not self.subgroups, "shared_tau2 needs subgroups"),
            (self.sampling != Sampling() and not correlated, "sampling needs random, structure or robust"),
            (self.cluster != "study" and not correlated, "cluster needs random, structure or robust"),
        ):
            if idle:
                raise ValueError(message)
        strangers = [a for a in self.assumed if a.isidentifier() and a not in type(self).model_fields]
        if strangers:
            raise ValueError(f"assumed names {strangers[0]!r}, which is no option of an analysis")
        return self


class Claim(_Strict):
    """One printed statement and what it is a statement of."""

    id: Name
    printed: str
    of: dict[str, Any]
    by: str = ""
    where: str = ""
    means: str = ""
    source: str = ""
    note: str = ""
    nearest: str = ""
    evidence: tuple[str, ...] = ()

    @field_validator("of")
    @classmethod
    def _one_target(cls, value: dict[str, Any]) -> dict[str, Any]:
        kinds = value.keys() & OF_KEYS.keys()
        if len(kinds) != 1:
            raise ValueError(f"of must name exactly one of {', '.join(OF_KEYS)}")
        kind = next(iter(kinds))
        extra = sorted(value.keys() - {kind, *OF_KEYS[kind]})
        if extra:
            raise ValueError(f"of = {{ {kind} = ... }} has unknown key {extra[0]!r}")
        if kind == "analysis" and "quantity" not in value:
            raise ValueError("of = { analysis = ... } needs a quantity")
        return value


class Bound(_Strict):
    """A question about missing counts: what follows from what is printed alone. See `metaket.reproduction.bounds`.

    `ties` are claims. With `denominators` the question is which denominators can have given their rates; else it is
    what follows for the pooled result of `analysis`, if all, or any `studies`, of the trials it asks for take part.
    """

    id: Name
    title: str = ""
    analysis: str = ""
    ties: tuple[str, ...] = ()
    studies: int | None = None
    denominators: str = ""
    sizes: dict[str, dict[str, str]] = Field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    note: str = ""


class Course(_Strict):
    """One joint model over the times of an outcome. See `metaket.pool_over_time`.

    `where` filters rows beside the outcome; `times` are hours, by default all that the outcome's analyses name.
    """

    id: Name
    title: str = ""
    outcome: str
    measure: str = "RR"
    where: dict[str, Any] = Field(default_factory=dict)
    times: tuple[float, ...] = ()
    include: tuple[str, ...] = ()
    variants: dict[str, str] = Field(default_factory=dict)
    structure: str = "CS"
    tau2: str = "REML"
    rho: float = 0.5
    decay: str = "none"
    crossover: str | float = "parallel"
    curve: Literal["log", "linear", "spline"] = "log"
    better: Literal["higher", "lower"] = "higher"
    note: str = ""
