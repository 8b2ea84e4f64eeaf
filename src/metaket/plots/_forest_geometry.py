"""Where everything of a forest plot stands on its page, in points, from measured text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from metaket.plots._canvas import BODY, HEAD, SMALL, line_height, text_width, wrap
from metaket.plots._forest_layout import HEADING, NOTE, PREDICTION, SUMMARY, ForestColumn, ForestLayout, ForestRow

__all__ = ["Block", "Column", "Geometry", "Group", "bold", "favours_lines", "legend_rows", "measure", "row_heights"]

EDGE = 12.0  # margin of the page
GAP = 14.0  # between columns
LABEL_ROOM = 200.0  # widest line of a study's name
CELL_ROOM = 130.0  # widest line of a further column
HEAD_ROOM = 90.0  # widest line of a heading, unless its columns are wider
WORD_ROOM = 150.0  # widest single word of a heading that isn't broken
NOTE_ROOM = 325.0  # least width of a line of statistics in the table
INDENT = 9.0
DOT = 11.0  # side of a risk-of-bias dot
PANEL = 190.0
NARROW = 130.0  # of a panel beside others
PAD = 4.0  # above and below the text of a row


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text: `x` is where its text is anchored by `ha`; `cells` are lines, one tuple a row."""

    x: float
    ha: str
    column: ForestColumn
    cells: tuple[tuple[str, ...], ...]
    heading: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns under one name."""

    left: float
    right: float
    name: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One panel with its printed effects and weights; `effect` and `weights` are right edges."""

    left: float
    right: float
    panel_left: float
    panel: float
    effect: tuple[float, ...]
    weights: tuple[float, ...]
    heading: tuple[str, ...]
    weight_headings: tuple[tuple[str, ...], ...]
    title: tuple[str, ...]
    favours: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Geometry:
    """All of it."""

    labels: tuple[tuple[str, ...], ...]
    before: tuple[Group, ...]
    blocks: tuple[Block, ...]
    after: tuple[Group, ...]
    heights: tuple[float, ...]
    header: float
    width: float
    height: float


def bold(row: ForestRow) -> str:
    """Weight of a row's letters."""
    return "bold" if row.kind in (HEADING, SUMMARY, "subtotal") else "normal"


def measure(layout: ForestLayout, extra: float = 0.0) -> Geometry:
    """Place everything; `extra` points are shared out among the panels."""
    n = len(layout.panels)
    panel = (PANEL if n == 1 else NARROW) + extra / n
    labels = [
        ()
        if row.kind == NOTE
        else wrap(row.label, LABEL_ROOM if row.kind != HEADING else LABEL_ROOM + 60.0, BODY, bold(row))
        for row in layout.table
    ]
    study = text_width(layout.style.study, BODY, "bold")
    widths = [text_width(t, BODY, bold(r)) + r.indent * INDENT for r, t in _each(layout.table, labels)]
    x = EDGE + max(study, *widths) + GAP
    before, x = _groups(layout, layout.left, x)
    has_notes = any(row.kind == NOTE for row in layout.table)
    if has_notes and x - EDGE < NOTE_ROOM:
        shift = NOTE_ROOM - (x - EDGE)
        before, x = _groups(layout, layout.left, EDGE + max(study, *widths) + GAP + shift)
    room = x - EDGE - GAP
    for i, row in enumerate(layout.table):
        if row.kind == NOTE:
            labels[i] = wrap(row.label, room - row.indent * INDENT, SMALL)
    blocks = []
    for index in range(n):
        block = _block(layout, index, x, panel)
        blocks.append(block)
        x = block.right + GAP + (0.0 if index == n - 1 else 6.0)
    after, x = _groups(layout, layout.right, x)
    width = x - GAP + EDGE
    heights = row_heights(layout, labels, (*before, *after))
    header = _header_height(layout, (*before, *after), blocks)
    done = Geometry(tuple(labels), before, tuple(blocks), after, heights, header, width, 0.0)
    blocks = [_with_favours(layout, i, done) for i in range(n)]
    header = _header_height(layout, (*before, *after), blocks)
    done = Geometry(tuple(labels), before, tuple(blocks), after, heights, header, width, 0.0)
    return Geometry(tuple(labels), before, tuple(blocks), after, heights, header, width, _height(layout, done))


def _each(rows: tuple[ForestRow, ...], labels: list[tuple[str, ...]]) -> list[tuple[ForestRow, str]]:
    return [(row, line) for row, lines in zip(rows, labels, strict=True) for line in lines]


def _groups(layout: ForestLayout, columns: tuple[ForestColumn, ...], x: float) -> tuple[tuple[Group, ...], float]:
    """Columns from the left edge `x`; returns them and the left edge of what follows."""
    sets: list[list[ForestColumn]] = []
    for column in columns:
        last = sets[-1] if sets else []
        if last and column.group and last[0].group == column.group and all(c.heading != column.heading for c in last):
            last.append(column)
        else:
            sets.append([column])
    groups = []
    for members in sets:
        group = _group(layout, members, x)
        groups.append(group)
        x = group.right + GAP
    return tuple(groups), x + (2.0 if groups else 0.0)


def _group(layout: ForestLayout, members: list[ForestColumn], x: float) -> Group:
    gap = 4.0 if members[0].dots else GAP
    lines = [tuple(_cell_lines(c, row) for row in layout.table) for c in members]
    heads = [_heading_lines(c) for c in members]
    widths = [_column_width(layout, c, cells, head) for c, cells, head in zip(members, lines, heads, strict=True)]
    own = sum(widths) + gap * (len(widths) - 1)
    name: tuple[str, ...] = ()
    if members[0].group:
        word = max(text_width(w, BODY, "bold") for w in members[0].group.split(" "))
        name = wrap(members[0].group, max(own, HEAD_ROOM, min(word, WORD_ROOM)), BODY, "bold")
    wide = max(own, *(text_width(line, BODY, "bold") for line in name), 0.0)
    start = x + wide - own
    placed = []
    for column, cells, head, width in zip(members, lines, heads, widths, strict=True):
        at = {"left": start, "right": start + width, "center": start + width / 2}[column.align]
        placed.append(Column(at, column.align, column, cells, head))
        start += width + gap
    return Group(x, x + wide, name, tuple(placed))


def _cell_lines(column: ForestColumn, row: ForestRow) -> tuple[str, ...]:
    text = "" if row.kind in (HEADING, NOTE) else column.cell(row)
    if not text or column.dots:
        return ()
    return wrap(text, CELL_ROOM, BODY, bold(row)) if column.align == "left" else (text,)


def _heading_lines(column: ForestColumn) -> tuple[str, ...]:
    """The heading of a column without a group is bold and may have several lines."""
    if column.dots or column.group:
        return (column.heading,)
    cells = max((text_width(c) for c in column.cells), default=0.0)
    word = max(text_width(w, BODY, "bold") for w in column.heading.split(" "))
    return wrap(column.heading, max(min(word, WORD_ROOM), min(cells, CELL_ROOM), 60.0), BODY, "bold")


def _column_width(
    layout: ForestLayout, column: ForestColumn, cells: tuple[tuple[str, ...], ...], head: tuple[str, ...]
) -> float:
    if column.dots:
        return max(DOT, text_width(column.heading, SMALL))
    texts = [text_width(t, BODY, bold(r)) for r, lines in zip(layout.table, cells, strict=True) for t in lines]
    size, weight = (SMALL, "normal") if column.group else (BODY, "bold")
    return max(*(text_width(line, size, weight) for line in head), 0.0, *texts)


def _block(layout: ForestLayout, index: int, x: float, panel: float) -> Block:
    """One panel, its printed effects and weights, in the style's order from the left edge `x`."""
    part, style, left = layout.panels[index], layout.style, x
    marks = [(m, bold(row)) for row in layout.table if row.marks for m in row.marks[index]]
    heading = (*wrap(part.heading[0], 110.0, BODY, "bold"), part.heading[1])
    over = max(text_width(line, BODY, "bold") for line in heading)
    weight_heads = tuple(wrap(name, 64.0, BODY, "bold") for name in part.weights)
    panel_left = x
    effect: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    for what in style.inner:
        if what == "panel":
            panel_left = x + (2.0 if x > left else 0.0)
            x = panel_left + panel + GAP + 2.0
        elif what == "effect" and marks:
            effect = _effect_edges([(style.join(m.text) if style.joined else m.text, w) for m, w in marks], x, over)
            x = effect[-1] + GAP
        elif what == "weight" and part.weights:
            edges = []
            for i, head in enumerate(weight_heads):
                texts = [text_width(m.weight_texts[i], BODY, "bold") for m, _ in marks if len(m.weights) > i]
                x += max(*(text_width(line, BODY, "bold") for line in head), *texts, 0.0)
                edges.append(x)
                x += GAP
            weights = tuple(edges)
    right = x - GAP
    title = wrap(part.title, right - left, BODY, "bold") if part.title else ()
    return Block(left, right, panel_left, panel, effect, weights, heading, weight_heads, title, ((), ()))


def _effect_edges(texts: list[tuple[str | tuple[str, str, str], str]], x: float, over: float) -> tuple[float, ...]:
    """Right edges of the printed effect: one for a joined text, else three; `over` is the width of the heading."""
    parts = [((t,) if isinstance(t, str) else t, w) for t, w in texts]
    edges, at = [], x
    for i in range(len(parts[0][0])):
        at += (0.0, 5.0, 4.0)[i] + max(text_width(p[i], BODY, w) for p, w in parts)
        edges.append(at)
    short = max(0.0, over - (at - x))
    return tuple(e + short for e in edges)


def _with_favours(layout: ForestLayout, index: int, geometry: Geometry) -> Block:
    block = geometry.blocks[index]
    return replace(block, favours=favours_lines(layout, index, block, geometry.width)[0])


def favours_lines(
    layout: ForestLayout, index: int, block: Block, width: float
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], tuple[float, float, str]]:
    """Both labels as lines; then where the left one ends, where the right one starts, and "null" or "ends".

    They flank the null; over a panel or beside others, where there is less room, they take half of the panel each
    when the null lies far to one side.
    """
    part = layout.panels[index]
    if part.favours is None or not part.axis.has_null:
        return ((), ()), (0.0, 0.0, "null")
    null = block.panel_left + part.axis.position(part.axis.null) * block.panel
    forms = layout.style.favours
    texts = [form.format(name) if name else "" for form, name in zip(forms, part.favours, strict=True)]
    low, high = EDGE, width - EDGE
    if layout.style.favours_above or len(layout.panels) > 1:
        low, high = block.panel_left, block.panel_left + block.panel
    rooms = null - 8.0 - low, high - null - 8.0
    places = (null - 8.0, null + 8.0, "null")
    if min(rooms) < 60.0:
        rooms = (high - low) / 2 - 4.0, (high - low) / 2 - 4.0
        places = (low, high, "ends")
        texts = [_pointing(texts[0], "← {}"), _pointing(texts[1], "{} →")]  # they no longer stand beside the null
    lines = [wrap(t, room, SMALL) if t else () for t, room in zip(texts, rooms, strict=True)]
    return (lines[0], lines[1]), places


def _pointing(text: str, form: str) -> str:
    """With an arrow, unless the style has one."""
    return form.format(text) if text and not {"←", "→"} & set(text) else text


def row_heights(layout: ForestLayout, labels: list[tuple[str, ...]], groups: tuple[Group, ...]) -> tuple[float, ...]:
    """Height of each row: its tallest cell."""
    heights = []
    for i, row in enumerate(layout.table):
        cells = [len(c.cells[i]) for g in groups for c in g.columns]
        lanes = [len(marks) for marks in row.marks]
        lines = max(len(labels[i]), *cells, *lanes, 1)
        small = row.kind == NOTE
        heights.append(lines * line_height(SMALL if small else BODY) + (2.0 if small else PAD))
        heights[-1] += 4.0 if row.kind == HEADING and i else 0.0
        if any(c.column.dots for g in groups for c in g.columns) and not small:
            heights[-1] = max(heights[-1], DOT + 2.5)
    return tuple(heights)


def _header_height(layout: ForestLayout, groups: tuple[Group, ...], blocks: list[Block]) -> float:
    lines = [len(c.heading) + len(g.name) for g in groups for c in g.columns]
    for block in blocks:
        above = [len(block.heading), *(len(h) for h in block.weight_headings)]
        if layout.style.favours_above:
            above += [len(f) for f in block.favours]
        lines.append(max(above) + len(block.title))
    return max(lines, default=1) * line_height() + 3.0


def legend_rows(layout: ForestLayout, width: float) -> list[list[tuple[float, int]]]:
    """The series' names in lines: left edge and series of each entry."""
    rows: list[list[tuple[float, int]]] = []
    x = width
    for i, name in enumerate(layout.series):
        need = 16.0 + text_width(name, SMALL) + GAP
        if x + need > width - EDGE + GAP or not rows:
            rows.append([])
            x = EDGE
        rows[-1].append((x, i))
        x += need
    return rows


def _height(layout: ForestLayout, geometry: Geometry) -> float:
    """Height of everything, by the same steps as the drawing."""
    room = geometry.width - 2 * EDGE

    def small(texts: tuple[str, ...]) -> float:
        return sum(len(wrap(line, room, SMALL)) for line in texts) * line_height(SMALL)

    y = EDGE + len(wrap(layout.title, room, HEAD, "bold") if layout.title else ()) * line_height(HEAD)
    y += (6.0 if layout.title else 0.0) + len(legend_rows(layout, geometry.width)) * (line_height(SMALL) + 2.0)
    y += geometry.header + 5.0 + sum(geometry.heights) + 5.0
    y += sum(4.0 for i, row in enumerate(layout.table) if ruled(layout, i))
    y += max(_under(layout, i, b) for i, b in enumerate(geometry.blocks))
    y += 6.0 + small(layout.lines) + (4.0 + small(layout.footnotes) if layout.footnotes else 0.0)
    return y + EDGE * 0.75


def ruled(layout: ForestLayout, index: int) -> bool:
    """Whether a thin rule stands over the row: above the first pooled row, and above later subgroups."""
    row = layout.table[index]
    if row.kind not in (SUMMARY, PREDICTION):
        return False
    return index == 0 or layout.table[index - 1].kind not in (SUMMARY, PREDICTION)


def _under(layout: ForestLayout, index: int, block: Block) -> float:
    """What one panel needs below the table: ticks, the axis's label, and whom the sides favour."""
    label = layout.panels[index].axis.label
    axis = len(wrap(label, max(block.panel, 120.0), SMALL)) if label else 0
    height = 3.0 + line_height(SMALL) + 2.0 + axis * line_height(SMALL)
    below = 0 if layout.style.favours_above else max(len(f) for f in block.favours)
    return height + (3.0 + below * line_height(SMALL) if below else 0.0)
