"""Risk-of-bias figures: every judgement has its dot and its share, none where nothing is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.plots import (
    forest,
    forest_layout,
    rob_summary,
    rob_summary_layout,
    rob_traffic_light,
    rob_traffic_light_layout,
)
from metaket.plots._rob_dots import DOTS
from metaket.rob_tools import ROB_TOOLS

Look = Callable[[Any, str], None]


def judged(rng: np.random.Generator, k: int, length: int = 12, tool: str = "rob2", blank: bool = True) -> pd.DataFrame:
    """Random judgements of `k` studies."""
    choices = [*ROB_TOOLS[tool].choices, *([""] if blank else [])]
    names = [f"{'name ' * 20}"[:length].strip() + str(i) for i in range(k)]
    cells = {c: rng.choice(choices, k) for c in ROB_TOOLS[tool].columns}
    return pd.DataFrame({"study": names, **cells})


def test_every_judgement_has_a_sign_of_its_own_in_its_tool() -> None:
    for tool in ROB_TOOLS.values():
        assert len({DOTS[c][0] for c in tool.choices}) == len(tool.choices)


def test_colours_grow_darker_with_the_risk() -> None:
    def light(choice: str) -> float:
        r, g, b = (int(DOTS[choice][1][i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for good, middle, bad in (("low", "some concerns", "high"), ("low", "moderate", "serious")):
        assert abs(light(good) - light(bad)) > 60
        assert abs(light(middle) - light(bad)) > 60
    assert light("serious") - light("critical") > 30


def test_a_dot_for_each_judgement(rng: np.random.Generator, markers: Any) -> None:
    rob = mk.risk_of_bias(judged(rng, 9))
    layout = rob_traffic_light_layout(rob)
    filled = sum(1 for row in layout.cells for cell in row if cell)
    assert layout.headings == ("D1", "D2", "D3", "D4", "D5", "Overall")
    assert filled < 54
    assert len(markers(rob_traffic_light(rob))) == filled + len(layout.choices)
    assert layout.footnotes[0].startswith("RoB 2: D1 randomisation process; D2 ")
    assert layout.footnotes[1] == f"No dot: not judged ({54 - filled} of 54)."


def test_shares_of_the_summary(rng: np.random.Generator) -> None:
    rows = judged(rng, 4, blank=False).assign(rob2_d1=["low", "low", "low", "high"], rob2_d2=["", "", "", ""])
    rob = mk.risk_of_bias(rows)
    layout = rob_summary_layout(rob)
    assert dict(layout.shares[0]) == {"low": 0.75, "high": 0.25}
    assert dict(layout.shares[1]) == {}
    assert layout.judged[:2] == (4, 0)
    assert "D1 randomisation process: low 75%, high 25%; D2 deviations" in layout.alt_text
    panel = rob_summary(rob).child_axes[0]
    assert [round(p.get_width(), 6) for p in panel.patches][:2] == [75.0, 25.0]
    assert "not judged" in {t.get_text() for t in panel.texts}


def test_summary_by_the_weights_of_a_result(rng: np.random.Generator) -> None:
    rob = mk.risk_of_bias(judged(rng, 2, blank=False).assign(study=["A", "B"], rob2_d1=["low", "high"]))
    result = mk.pool(mk.generic([0.1, 0.2], [0.1, 0.3], study=["A", "B"]), model="common")
    assert dict(rob_summary_layout(rob, weights=result).shares[0]) == pytest.approx({"low": 0.75, "high": 0.25})
    with pytest.raises(InputError, match="hold none of the studies judged, such as A"):
        rob_summary(rob, weights={"C": 1.0})
    with pytest.raises(InputError, match="weights must be 0 or above, A has -1"):
        rob_summary(rob, weights={"A": -1.0})


def test_nothing_judged_is_an_error(rng: np.random.Generator) -> None:
    rows = judged(rng, 2)
    rows[list(ROB_TOOLS["rob2"].columns)] = ""
    for draw in (rob_summary, rob_traffic_light):
        with pytest.raises(InputError, match="no study has a judgement of RoB 2"):
            draw(mk.risk_of_bias(rows))
        with pytest.raises(InputError, match=r"must be what mk\.risk_of_bias\(table\) gives, got DataFrame"):
            draw(rows)  # type: ignore[arg-type]


def test_dots_in_the_forest(bcg: Any, rng: np.random.Generator, markers: Any) -> None:
    table = judged(rng, 13).drop(columns="study").set_index(bcg.effects.table.index)
    result = mk.pool(mk.effect_sizes(pd.concat([bcg.effects.table, table], axis=1), "RR"), tau2="DL")
    layout = forest_layout(result, rob="rob2")
    dots = [c for c in layout.right if c.dots]
    assert [c.heading for c in dots] == ["D1", "D2", "D3", "D4", "D5", "All"]
    assert dots[1].cells == tuple(table["rob2_d2"])
    assert any(n.startswith("Risk of bias by RoB 2: D1 randomisation process") for n in layout.footnotes)
    assert len(markers(forest(result, rob="rob2"))) == sum(1 for c in dots for cell in c.cells if cell)
    rob = mk.risk_of_bias(judged(rng, 2).assign(study=["TPT Madras", "else"]))
    by_name = forest_layout(bcg, rob=rob).right[0].cells
    assert by_name[7] == rob.domains[0][0]
    assert not any(by_name[:7])
    with pytest.raises(InputError, match="rob holds none of the studies, such as Aronson"):
        forest(bcg, rob=mk.risk_of_bias(judged(rng, 2)))
    with pytest.raises(InputError, match="RoB 2 has 5 domains, but there is no column rob2_d1"):
        forest(bcg, rob="rob2")


def test_looks(bcg: Any, rng: np.random.Generator, looks_like: Look) -> None:
    rows = judged(rng, 6, tool="robins")
    looks_like(rob_traffic_light(mk.risk_of_bias(rows), title="ROBINS-I"), "rob-traffic-light")
    looks_like(rob_summary(mk.risk_of_bias(rows), title="ROBINS-I"), "rob-summary")
    rob = mk.risk_of_bias(judged(rng, 13).assign(study=bcg.effects.study))
    looks_like(forest(bcg, style="revman", rob=rob, favours=("vaccine", "none")), "forest-rob")


@pytest.mark.parametrize(
    ("tool", "k", "length"),
    [("rob2", 1, 1), ("robins", 1, 80), ("rob1", 3, 80), ("robins", 3, 1), ("rob1", 40, 20), ("rob2", 200, 5)],
)
def test_nothing_overlaps(
    rng: np.random.Generator, assert_clean: Callable[..., Any], tool: str, k: int, length: int
) -> None:
    rob = mk.risk_of_bias(judged(rng, k, length, tool, blank=k > 1))
    assert_clean(rob_traffic_light(rob, title="t " * length))
    assert_clean(rob_summary(rob, title="t" * length))
    names = list(rob.study)
    result = mk.pool(mk.generic(rng.normal(0, 1, k), rng.uniform(0.1, 1, k), study=names), model="common")
    assert_clean(forest(result, rob=rob, style="jama"))
