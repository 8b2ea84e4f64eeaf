"""`Explanation`: which settings reproduce a print, and which single slip would."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.reproduction.explain_causes import Cause
from metaket.reproduction.explain_classes import Miss, Near, SettingClass
from metaket.reproduction.explain_figures import Figure, in_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation"]

SHOWN = 5
WIDTH = 110
STANDS_OUT = 0.5  # probability from which a cause is named as the one


@dataclass(frozen=True, slots=True, eq=False)
class Explanation(ShownAsText):
    """Why a print is what it is.

    Attributes
    ----------
    title : str
    k : int
        Number of studies in the inputs.
    figures : tuple of Figure
        What was printed.
    stated : mapping
        The settings that the paper states.
    settings : tuple of SettingClass
        The classes of settings that match every figure; those that agree with what is stated first.
    nearest : tuple of Near
        Where none matches: the nearest settings.
    causes : tuple of Cause
        Single slips that reproduce every figure, likeliest first; none where the stated settings match already.
    tried : mapping of code to int
        Candidates tried of each kind of slip.
    """

    title: str
    k: int
    figures: tuple[Figure, ...]
    stated: Mapping[str, Any]
    settings: tuple[SettingClass, ...]
    nearest: tuple[Near, ...]
    causes: tuple[Cause, ...]
    tried: Mapping[str, int]

    @property
    def verdict(self) -> str:
        """ "reproduced", "slip" (a single slip reproduces the print) or "unexplained"."""
        if any(c.stated for c in self.settings):
            return "reproduced"
        return "slip" if self.causes else "unexplained"

    @property
    def cause(self) -> Cause | None:
        """The likeliest slip, if there is one."""
        return self.causes[0] if self.causes else None

    @property
    def sentence(self) -> str:
        """The finding in one sentence."""
        n = len(self.figures)
        figures = "the printed figure" if n == 1 else f"all {n} printed figures"
        if self.verdict == "reproduced":
            return f"{figures} come{'s' * (n == 1)} out under settings that agree with what is stated"
        if self.cause is None:
            near = self.nearest[0] if self.nearest else None
            best = f"; nearest: {near.settings} ({near.matched} of {n})" if near else ""
            return f"no setting and no single slip reproduces {figures}{best}"
        return self._slips(figures)

    def _slips(self, figures: str) -> str:
        """The likeliest slip, or that none stands out."""
        c = self.causes[0]
        rivals = len(self.causes) - 1
        if rivals and c.probability < STANDS_OUT:
            likeliest = f"the likeliest is: {c.what} ({100 * c.probability:.0f} %)"
            return f"{rivals + 1} single slips would each give {figures}; {likeliest}"
        alone = "no other slip tried does" if not rivals else f"{rivals} other candidate{'s' * (rivals > 1)} would too"
        return f"a single slip gives {figures}: {c.what} ({alone})"

    def to_frame(self) -> pd.DataFrame:
        """One row a class of settings, near setting or cause: what, text, matched, of, probability, rivals."""
        import pandas as pd

        n = len(self.figures)
        rows: list[dict[str, Any]] = [
            {"what": "settings", "code": "", "text": str(c), "matched": n, "of": n, "stated": c.stated,
             "probability": c.probability}
            for c in self.settings
        ]  # fmt: skip
        rows += [
            {"what": "nearest", "code": "", "text": str(near.settings), "matched": near.matched, "of": n,
             "stated": near.settings.stated, "distance": near.distance}
            for near in self.nearest
        ]  # fmt: skip
        rows += [
            {"what": "cause", "code": c.code, "text": c.what, "matched": n, "of": n, "probability": c.probability,
             "rivals of its kind": c.same_kind, "rivals of other kinds": c.other_kinds}
            for c in self.causes
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "title": self.title,
            "k": self.k,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "figures": [{"quantity": f.quantity, "label": f.label, "printed": f.printed.text} for f in self.figures],
            "stated": dict(self.stated),
            "settings": [
                {"options": {p: list(o) for p, o in c.options.items()}, "stated": c.stated, "text": str(c)}
                for c in self.settings
            ],
            "nearest": [
                {"settings": str(near.settings), "matched": near.matched, "distance": near.distance,
                 "off": [{**asdict(m), "value": m.value if math.isfinite(m.value) else None} for m in near.off]}
                for near in self.nearest
            ],
            "causes": [{**asdict(c), "also": [list(a) for a in c.also]} for c in self.causes],
            "tried": dict(self.tried),
        }  # fmt: skip

    def summary(self) -> str:
        """The finding, the settings, the slips, for people."""
        return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent=_indent(line)) for line in self._lines())

    def _lines(self) -> list[str]:
        stated = ", ".join(f"{part} {value}" for part, value in self.stated.items()) or "nothing"
        lines = [
            f"{self.title}: {self.k} studies, {len(self.figures)} printed figures; stated: {stated}",
            f"printed: {'; '.join(in_words(f) for f in self.figures if f.study < 0)}",
            self.sentence,
        ]
        rows = sum(f.study >= 0 for f in self.figures)
        if rows:
            lines.insert(2, f"and {rows} figures of the studies' rows")
        lines += _settings_lines(self.settings)
        for near in self.nearest[:SHOWN]:
            lines.append(f"  nearest ({near.matched} of {len(self.figures)}): {near.settings}")
            lines += [f"      {_missed(miss)}" for miss in near.off[:SHOWN]]
            if len(near.off) > SHOWN:
                lines.append(f"      and {len(near.off) - SHOWN} more figures off")
        for c in self.causes[:SHOWN]:
            under = f", under {c.settings}" if c.settings else ""
            names = dict.fromkeys(words for _, words in c.also if words != c.what)
            also = f"; the same as {' or '.join(names)}" if names else ""
            lines.append(f"  {100 * c.probability:5.1f} %  {c.what}{under}{also}. To do: {c.remedy}")
        if len(self.causes) > SHOWN:
            lines.append(f"  and {len(self.causes) - SHOWN} more")
        return lines

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Explanation of {self.title}: {self.verdict}>"


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip()) + 4)


def _missed(miss: Miss) -> str:
    reading = f" ({miss.reading})" if miss.reading else ""
    return f"{miss.label}: printed {miss.printed}, computed {miss.value:.5g}{reading}"


def _settings_lines(classes: tuple[SettingClass, ...]) -> list[str]:
    lines = [f"  {'agrees with what is stated' if c.stated else 'not as stated'}: {c}" for c in classes[: 2 * SHOWN]]
    if len(classes) > 2 * SHOWN:
        lines.append(f"  and {len(classes) - 2 * SHOWN} more classes")
    return lines
