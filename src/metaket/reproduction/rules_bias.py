"""Rules on the risk-of-bias judgements of trials.csv."""

from __future__ import annotations

from metaket.errors import InputError
from metaket.reproduction.findings import RULES, Hits
from metaket.reproduction.paper import Paper
from metaket.rob_tools import overall_slip, risk_of_bias, tools_in

__all__: list[str] = []


@RULES.add(
    "risk-of-bias",
    label="risk-of-bias judgements",
    reference="Sterne et al. (2019) BMJ 366:l4898; Sterne et al. (2016) BMJ 355:i4919; Higgins et al. (2011) BMJ "
    "343:d5928",
)
def _judgements(paper: Paper) -> Hits:
    """Judgements are those of the tool, have a source, and the overall one is no better than the worst domain."""
    if paper.trials is None:
        return
    known = {s.id for s in paper.sources}
    for tool in tools_in(paper.trials):
        try:
            rob = risk_of_bias(paper.trials, tool.code)
        except InputError as error:
            yield "trials.csv", str(error), "error"
            continue
        rows = zip(paper.trials.index, rob.study, rob.domains, rob.overall, rob.source, strict=True)
        for number, study, domains, overall, source in rows:
            where = f"trials.csv row {number} ({study})"
            slip = overall_slip(tool, domains, overall)
            if slip:
                yield where, slip, "error"
            if any((*domains, overall)) and not source.strip():
                yield where, f"{tool.label} is judged but {tool.code}_source is blank; say who judged", "error"
            for name in (s.strip() for s in source.split(";")):
                if name and name not in known:
                    yield where, f"{tool.code}_source {name!r} is not listed in paper.toml", "error"
