"""The printed numbers of a claim, each with the quantity of its analysis that it is of."""

from __future__ import annotations

from metaket.errors import InputError
from metaket.reproduction.claims import Printed
from metaket.reproduction.many import is_number
from metaket.reproduction.paper import Paper
from metaket.reproduction.printed_parts import LEVEL, Part, read_parts

__all__ = ["claim_parts", "printed_figures"]

HETEROGENEITY = ("tau2", "tau", "q", "i2", "h2")
INTERVALS = {"estimate": "ci", "ci": "ci", "pi": "pi"}  # what an interval behind a value, or alone, is of


def printed_figures(paper: Paper, analysis: str) -> dict[str, Printed]:
    """Every number that the claims print of an analysis, by quantity; texts that cannot be read are left out."""
    out: dict[str, Printed] = {}
    for claim in paper.claims:
        if claim.of.get("analysis") == analysis:
            try:
                parts = claim_parts(str(claim.of["quantity"]), claim.means or claim.printed)
            except InputError:
                continue  # the rule `analyses` says so
            for code, part in parts:
                if part is not None:
                    out.setdefault(code, part.printed)
    return out


def claim_parts(code: str, text: str) -> list[tuple[str, Part | None]]:
    """(quantity, printed part) of a claim; no part where the claim is a decision in words."""
    if not is_number(code):
        return [(code, None)]
    return [(_quantity_of(code, part, text), part) for part in read_parts(text)]


def _quantity_of(code: str, part: Part, text: str) -> str:
    """The quantity that a part of the text is of: behind an estimate its limits, p-value and heterogeneity."""
    head, colon, last = code.rpartition(":")
    if part.role == "value" or (part.role == "percent" and last in ("rate_t", "rate_c")):
        if last in ("ci", "pi"):
            raise InputError(f"{text!r} is of {code!r}, an interval, and prints a single number; name its quantity")
        return code
    if code.startswith(("coef:", "prediction at ")):
        return _of_coefficient(code, part, text)
    if part.role in ("low", "high"):
        name = f"{INTERVALS.get(last, f'{last}_ci')}_{part.role}"
        at = "" if part.level == LEVEL else f":{part.level:g}"
        if at and not name.startswith("ci_"):
            raise InputError(f"{text!r}: an interval of {code} at {100 * part.level:g} % is not computed; only 95 %")
        return f"{head}{colon}{name}{at}"
    name = part.role if part.role != "p" else "q_p" if last in HETEROGENEITY else "p_value"
    return f"{head}{colon}{name}"


def _of_coefficient(code: str, part: Part, text: str) -> str:
    """The same for a coefficient, or a prediction at values of the moderators."""
    kind, rest = ("coef", code[5:]) if code.startswith("coef:") else ("prediction", code[14:])
    if part.role in ("low", "high") and part.level == LEVEL:
        return f"ci_{part.role}:{rest}" if kind == "coef" else f"ci_{part.role} at {rest}"
    if part.role == "p" and kind == "coef":
        return f"p:{rest}"
    raise InputError(f"{text!r}: {part.role} goes with no quantity of {code!r}; make it a claim of its own")
