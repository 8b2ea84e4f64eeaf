"""Risk-of-bias judgements as columns of a table: RoB 2, ROBINS-I and Cochrane's tool of 2011.

A tool's columns are its prefix with ``_d1``, ``_d2``, ... and ``_overall``; ``_source`` says who judged. Blank is not
judged, never low.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._registry import unknown_choice
from metaket.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ROB_TOOLS", "RiskOfBias", "RobTool", "risk_of_bias", "tools_in"]


@dataclass(frozen=True, slots=True)
class RobTool:
    """A tool for judging the risk of bias.

    Attributes
    ----------
    code : str
        Prefix of its columns.
    label, reference : str
    domains : tuple of str
        What D1, D2, ... are.
    judgements : tuple of str
        From best to worst.
    apart : tuple of str
        Judgements outside that order.
    overall_follows : bool
        Whether the overall judgement is at least as bad as that of the worst domain.
    """

    code: str
    label: str
    reference: str
    domains: tuple[str, ...]
    judgements: tuple[str, ...]
    apart: tuple[str, ...] = ()
    overall_follows: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the domains, then the overall one."""
        return (*(f"{self.code}_d{i}" for i in range(1, len(self.domains) + 1)), f"{self.code}_overall")

    @property
    def choices(self) -> tuple[str, ...]:
        """Every judgement."""
        return (*self.judgements, *self.apart)

    def worst(self, cells: tuple[str, ...]) -> str:
        """The worst of the ordered judgements among `cells`; empty if there is none."""
        ranked = [c for c in cells if c in self.judgements]
        return max(ranked, key=self.judgements.index) if ranked else ""


ROB2 = RobTool(
    "rob2",
    "RoB 2",
    "Sterne et al. (2019) BMJ 366:l4898",
    (
        "randomisation process",
        "deviations from the intended interventions",
        "missing outcome data",
        "measurement of the outcome",
        "selection of the reported result",
    ),
    ("low", "some concerns", "high"),
)
ROBINS = RobTool(
    "robins",
    "ROBINS-I",
    "Sterne et al. (2016) BMJ 355:i4919",
    (
        "confounding",
        "selection of participants into the study",
        "classification of interventions",
        "deviations from the intended interventions",
        "missing data",
        "measurement of outcomes",
        "selection of the reported result",
    ),
    ("low", "moderate", "serious", "critical"),
    ("no information",),
)
# Of the tool of 2011 the overall judgement is of the domains that the review calls key (Higgins et al. 2011, table 3).
ROB1 = RobTool(
    "rob1",
    "Cochrane risk of bias tool (2011)",
    "Higgins et al. (2011) BMJ 343:d5928",
    (
        "random sequence generation",
        "allocation concealment",
        "blinding of participants and personnel",
        "blinding of outcome assessment",
        "incomplete outcome data",
        "selective reporting",
        "other bias",
    ),
    ("low", "unclear", "high"),
    overall_follows=False,
)
ROB_TOOLS = {tool.code: tool for tool in (ROB2, ROBINS, ROB1)}
SHORT = {"l": "low", "h": "high", "m": "moderate", "s": "serious", "c": "critical", "u": "unclear",
         "sc": "some concerns", "ni": "no information"}  # fmt: skip
COLUMN = re.compile(r"(rob2|robins|rob1)_(d\d+|overall|source)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RiskOfBias:
    """The judgements of one tool.

    Attributes
    ----------
    tool : RobTool
    study : tuple of str
    domains : tuple of tuple of str
        One tuple a study, one judgement a domain; empty where there is none.
    overall, source : tuple of str
        One a study; empty where there is none.
    """

    tool: RobTool
    study: tuple[str, ...]
    domains: tuple[tuple[str, ...], ...]
    overall: tuple[str, ...]
    source: tuple[str, ...]

    @property
    def has_overall(self) -> bool:
        """Whether any study has an overall judgement."""
        return any(self.overall)

    def of(self, study: str) -> tuple[str, ...]:
        """Judgements of a study's domains and the overall one; all empty for a study that is not here."""
        if study not in self.study:
            return ("",) * (len(self.tool.domains) + 1)
        i = self.study.index(study)
        return (*self.domains[i], self.overall[i])

    def shares(self, weights: dict[str, float] | None = None) -> tuple[dict[str, float], ...]:
        """For each domain and the overall judgement: judgement -> share of the judged studies, adding up to 1.

        `weights` are of the studies, by name; without them each counts 1. A column without judgements is empty.
        """
        rows = [(*d, o) for d, o in zip(self.domains, self.overall, strict=True)]
        by = [1.0 if weights is None else weights.get(s, 0.0) for s in self.study]
        out = []
        for column in zip(*rows, strict=True):
            sums = dict.fromkeys(self.tool.choices, 0.0)
            for cell, w in zip(column, by, strict=True):
                if cell:
                    sums[cell] += w
            total = sum(sums.values())
            out.append({c: sums[c] / total for c in self.tool.choices if sums[c] > 0} if total > 0 else {})
        return tuple(out)

    def to_frame(self) -> pd.DataFrame:
        """One row a study: study, the tool's columns, source."""
        import pandas as pd

        rows = [(*d, o, s) for d, o, s in zip(self.domains, self.overall, self.source, strict=True)]
        frame = pd.DataFrame(rows, columns=[*self.tool.columns, f"{self.tool.code}_source"])
        frame.insert(0, "study", list(self.study))
        return frame


def tools_in(table: pd.DataFrame) -> tuple[RobTool, ...]:
    """The tools that the table has columns of."""
    names = {m[1].lower() for c in table.columns if (m := COLUMN.fullmatch(str(c)))}
    return tuple(tool for tool in ROB_TOOLS.values() if tool.code in names)


def risk_of_bias(table: pd.DataFrame, tool: str | None = None) -> RiskOfBias:
    """Read the judgements of a table, such as trials.csv.

    Parameters
    ----------
    table : DataFrame
        A column `study`, and the columns of a tool: ``rob2_d1`` to ``rob2_d5`` (RoB 2), ``robins_d1`` to
        ``robins_d7`` (ROBINS-I) or ``rob1_d1`` to ``rob1_d7`` (Cochrane 2011), with ``_overall`` and ``_source``
        where there are any. A judgement is written out in any case (``low``, ``some concerns``, ``no information``)
        or short (``L``, ``SC``, ``H``, ``M``, ``S``, ``C``, ``U``, ``NI``); blank is not judged.
    tool : {"rob2", "robins", "rob1"}, optional
        Needed where the table has columns of several tools.

    Returns
    -------
    RiskOfBias

    Raises
    ------
    InputError
        No such columns, those of several tools and none chosen, or a domain without its column.
    DataError
        A judgement that the tool doesn't have; the message names row, study and column.

    References
    ----------
    Sterne et al. (2019) BMJ 366:l4898. Sterne et al. (2016) BMJ 355:i4919. Higgins et al. (2011) BMJ 343:d5928.

    Examples
    --------
    >>> import pandas as pd, metaket as mk
    >>> rows = {"study": ["A"], **{f"rob2_d{i}": ["low"] for i in range(1, 6)}, "rob2_overall": ["low"]}
    >>> mk.risk_of_bias(pd.DataFrame(rows)).overall
    ('low',)
    """
    if "study" not in table.columns:
        raise InputError("the table has no column 'study'; each row of judgements is of a study")
    chosen = _choose(table, tool)
    names = {str(c).lower(): c for c in table.columns}
    _check_columns(chosen, names)
    studies = tuple(str(s) for s in table["study"])
    cells = []
    for column in chosen.columns:
        values = table[names[column]] if column in names else [""] * len(studies)
        cells.append([_judgement(chosen, v, table, i, column) for i, v in enumerate(values)])
    source = table[names[f"{chosen.code}_source"]] if f"{chosen.code}_source" in names else [""] * len(studies)
    rows = tuple(zip(*cells[:-1], strict=True))
    return RiskOfBias(chosen, studies, rows, tuple(cells[-1]), tuple("" if _blank(s) else str(s) for s in source))


def _choose(table: pd.DataFrame, tool: str | None) -> RobTool:
    if tool is not None:
        if not isinstance(tool, str) or tool.casefold() not in ROB_TOOLS:
            raise unknown_choice("risk-of-bias tool", tool, tuple(ROB_TOOLS))
        return ROB_TOOLS[tool.casefold()]
    found = tools_in(table)
    if not found:
        raise InputError(
            "no column of a risk-of-bias tool: name them rob2_d1 to rob2_d5 (RoB 2), robins_d1 to robins_d7 (ROBINS-I) "
            "or rob1_d1 to rob1_d7 (Cochrane 2011), with _overall"
        )
    if len(found) > 1:
        raise InputError(f"columns of several risk-of-bias tools: choose one of {', '.join(t.code for t in found)}")
    return found[0]


def _check_columns(tool: RobTool, names: dict[str, str]) -> None:
    missing = [c for c in tool.columns[:-1] if c not in names]
    if missing:
        raise InputError(
            f"{tool.label} has {len(tool.domains)} domains, but there is no column {', '.join(missing)}; leave "
            "its cells blank where nothing is judged"
        )
    odd = [n for n in names if n.startswith(f"{tool.code}_d") and n[len(tool.code) + 2 :].isdigit()]
    odd = [n for n in odd if n not in tool.columns]
    if odd:
        raise InputError(f"{tool.label} has no column {odd[0]}: its domains are {', '.join(tool.columns[:-1])}")


def _blank(value: object) -> bool:
    return value is None or value != value or str(value).strip() == ""


def _judgement(tool: RobTool, value: object, table: pd.DataFrame, i: int, column: str) -> str:
    if _blank(value):
        return ""
    text = " ".join(str(value).replace("_", " ").replace("-", " ").split()).casefold()
    text = text.removesuffix(" risk of bias").removesuffix(" risk")
    text = SHORT.get(text, text)
    if text in tool.choices:
        return text
    near = difflib.get_close_matches(text, tool.choices, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    where = f"row {table.index[i] if table.index.name == 'row' else i + 1} ({table['study'].iloc[i]})"
    raise DataError(f"{where}: {column} is {value!r}; {tool.label} has {', '.join(tool.choices)}.{hint}")


def overall_slip(tool: RobTool, domains: tuple[str, ...], overall: str) -> str:
    """What is wrong with an overall judgement; empty if nothing is, or if the tool makes no such rule."""
    worst = tool.worst(domains)
    if not tool.overall_follows or not worst or overall not in tool.judgements:
        return ""
    if tool.judgements.index(overall) >= tool.judgements.index(worst):
        return ""
    which = ", ".join(f"D{i + 1}" for i in np.flatnonzero([d == worst for d in domains]))
    return f"{tool.code}_overall is {overall}, better than {worst} in {which}"
