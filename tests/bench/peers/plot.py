"""The comparison as an SVG: a panel for each model, a bar for each runtime, batch 1; one and more threads beside each other. Drawn
without a library, so that the picture needs none either."""

from typing import Dict, List, Optional
from xml.sax.saxutils import escape

from .checkpoint import Shape
from .measurement import Setting
from .own import Own
from .report import Report, digits
from .runtimes import RUNTIMES

PANEL, GAP, LABELS, TOP, BAR, SPACE = 250, 46, 180, 82, 11, 8  # pixels
COLORS = {"vit": "#1a6fb5", "ort": "#d9822b", "torch": "#c23b3b", "openvino": "#7b52a1", "vit.cpp": "#5d8a3a"}
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def _text(x: float, y: float, text: str, size: int = 11, anchor: str = "start", weight: str = "normal", fill: str = "#222") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{fill}">{escape(text)}</text>')


def _rectangle(x: float, y: float, width: float, height: float, fill: str, opacity: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" fill-opacity="{opacity}"/>'


def _limit(own: Optional[Own], shape: Shape) -> Optional[float]:
    """Milliseconds that the products take at the speed of the f32 loop, on one thread."""
    row = own.rows.get(shape.label) if own else None
    return 2e-6 * row["macs"] / row["fma_gflops"] if row and row["fma_gflops"] else None


def _panel(report: Report, shape: Shape, names: List[str], threads: List[int], x: float, y: float) -> List[str]:
    values: Dict[str, List[Optional[float]]] = {}
    for name in names:
        found = [report.results.get(Setting(shape, count, 1), {}).get(name) for count in threads]
        values[name] = [result.median if result and result.turns else None for result in found]
    known = sorted(value for row in values.values() for value in row if value is not None)
    longest = min(known[-1], 6 * known[len(known) // 4])  # one that is very slow must not make the others invisible
    parts = [_text(x, TOP - 14, shape.label, 13, weight="bold")]
    for name in names:
        for i, value in enumerate(values[name]):
            if value is not None:
                width = PANEL * min(value, longest) / longest
                color, cut = COLORS[name.split("-")[0]], "" if value <= longest else " (cut)"
                parts.append(_rectangle(x, y, width, BAR, color, 1 if i == 0 else 0.55))
                inside = width > 0.75 * PANEL
                parts.append(_text(x + width + (-4 if inside else 4), y + BAR - 2, digits(value) + cut, 9,
                                   "end" if inside else "start", fill="#fff" if inside and i == 0 else "#222"))
            y += BAR + 1
        y += SPACE
    limit = _limit(report.own, shape)
    if limit is not None and limit < longest:
        at = x + PANEL * limit / longest
        parts.append(f'<line x1="{at:.1f}" y1="{TOP - 6}" x2="{at:.1f}" y2="{y:.1f}" stroke="#444" stroke-dasharray="4 3"/>')
    parts.append(f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{y:.1f}" stroke="#888"/>')
    return parts


def draw(report: Report) -> str:
    settings = [setting for setting in report.results if setting.batch == 1] or list(report.results)
    shapes = list(dict.fromkeys(setting.shape for setting in settings))
    threads = sorted({setting.threads for setting in settings})
    if report.cpu_time:  # bars of two clocks beside each other would mislead
        threads = threads[:1]
    clock = "Processor time. " if report.cpu_time else ""
    names = [name for name in RUNTIMES if any(name in report.results[setting] for setting in settings)]
    row = len(threads) * (BAR + 1) + SPACE
    width, height = LABELS + len(shapes) * (PANEL + GAP), TOP + len(names) * row + 34
    lanes = ", ".join(f"{count} thread{'s' * (count > 1)}" for count in threads)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
             f'<rect width="{width}" height="{height}" fill="#fff"/>',
             _text(10, 22, "Milliseconds a picture, batch 1; shorter is better", 15, weight="bold"),
             _text(10, 38, f"{clock}Bars of a runtime from above: {lanes}. Each panel has its own scale.", 11, fill="#555")]
    for i, name in enumerate(names):
        parts.append(_text(LABELS - 8, TOP + i * row + row / 2, RUNTIMES[name].title, 11, "end",
                           "bold" if name.startswith("vit-") else "normal"))
    for i, shape in enumerate(shapes):
        parts += _panel(report, shape, names, threads, LABELS + i * (PANEL + GAP), TOP)
    if any(_limit(report.own, shape) for shape in shapes):
        parts.append(_text(LABELS, height - 10, "Dashed: the products of the model at the rate of an f32 multiply-add loop, 1 thread", 11,
                           fill="#555"))
    return "\n".join([*parts, "</svg>", ""])


def write(path: str, report: Report) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(draw(report))
