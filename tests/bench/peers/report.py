"""The tables, as Markdown."""

import datetime
import os
import statistics
from typing import Dict, List, Optional

from . import machine
from .checkpoint import Shape
from .measurement import COSINE, OURS, RANKS, SLOW, TOLERANCE, Result, Setting
from .own import OPERATORS, Own
from .runtimes import RUNTIMES

BEGIN = "<!-- written by tests/bench/compare: begin -->"
END = "<!-- written by tests/bench/compare: end -->"
COLD_RUNS = 2


def table(head: List[str], rows: List[List[str]]) -> List[str]:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(ratios: List[float], is_slow: bool) -> str:
    if is_slow:
        return f"~{ratios[0]:.1f}"
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "-"


class Report:
    def __init__(self, rounds: int, cpu_time: bool, note: str) -> None:
        self.rounds, self.cpu_time, self.note = rounds, cpu_time, note
        self.results: Dict[Setting, Dict[str, Result]] = {}
        self.versions: Dict[str, str] = {}
        self.missing: Dict[str, str] = {}
        self.cold: Dict[str, List["tuple[float, int]"]] = {}
        self.cold_label = ""
        self.own: Optional[Own] = None

    def failures(self) -> List[str]:
        return [
            f"{setting.label}: {result.title}: {result.failure}"
            for setting, results in self.results.items()
            for result in results.values()
            if result.failure
        ]

    def _names(self) -> List[str]:
        """Of the runtimes that were measured, in the order of their table."""
        return [name for name in RUNTIMES if any(name in results for results in self.results.values())]

    def _groups(self) -> Dict[int, List[Setting]]:
        """Settings of one table, by batch."""
        groups: Dict[int, List[Setting]] = {}
        for setting in self.results:
            groups.setdefault(setting.batch, []).append(setting)
        order: List[Shape] = []
        for setting in self.results:
            if setting.shape not in order:
                order.append(setting.shape)
        return {batch: sorted(group, key=lambda s: (order.index(s.shape), s.threads)) for batch, group in groups.items()}

    def _heading(self, setting: Setting) -> str:
        return f"{setting.shape.label}, {setting.threads} thread{'s' * (setting.threads > 1)}"

    def _times(self, group: List[Setting]) -> List[str]:
        rows = []
        for name in self._names():
            cells = []
            for setting in group:
                result = self.results[setting].get(name)
                cells.append("~" * result.is_slow + digits(result.median) if result and result.turns else "-")
            rows.append([RUNTIMES[name].title, *cells])
        return table(["ms a picture", *(self._heading(setting) for setting in group)], rows)

    def _ratios(self, group: List[Setting]) -> List[str]:
        rows = []
        for name in self._names():
            same = f"vit-{RUNTIMES[name].precision}"
            if name == same and name != OURS and RUNTIMES[name].precision != "f32":
                same = OURS
            if same not in self._names():
                same = OURS
            cells = []
            for setting in group:
                results = self.results[setting]
                base = results.get(same) or results[OURS]
                ratios = results[name].ratios_to(base) if name in results and base.turns else []
                cells.append(_ratio(ratios, name in results and results[name].is_slow))
            rows.append([f"{RUNTIMES[name].title} / {RUNTIMES[same].title}", *cells])
        return table(["ratio", *(self._heading(setting) for setting in group)], rows)

    def _logits(self) -> List[str]:
        rows = []
        for name in self._names():
            found = [results[name] for results in self.results.values() if name in results and results[name].turns]
            precision = RUNTIMES[name].precision
            if not found:
                continue
            least = min(result.cosine for result in found)
            if RUNTIMES[name].gives_ranks:
                rows.append([RUNTIMES[name].title, "order of the classes only", f"rank correlation {RANKS[precision]}", f"{least:.6f}"])
            else:
                worst = max(result.difference or 0 for result in found)
                rows.append([RUNTIMES[name].title, f"{worst:.1e}", f"{TOLERANCE[precision]:g}" if precision in TOLERANCE else f"cosine {COSINE}", f"{least:.6f}"])
        return table(["logits against libvit f32", "largest difference / largest logit", "allowed", "least cosine"], rows)

    def _cold_starts(self) -> List[str]:
        lines = [f"### Cold start, {self.cold_label}, 1 thread", ""]
        lines += ["From the start of a Python process to its first logits, the file in the page cache, the runtime's own format where it",
                  f"has one (so without conversion); the least of {COLD_RUNS}. vit.cpp is a program that Python starts.", ""]
        rows = []
        for title, times in self.cold.items():
            seconds = min(second for second, _ in times)
            rows.append([title, f"{seconds:.2f}", f"{max(peak for _, peak in times) / 1e6:.0f}"])
        lines += table(["", "seconds", "peak memory, MB"], rows)
        return lines

    def _machine(self) -> List[str]:
        clock = "processor time where there is one thread, else elapsed time" if self.cpu_time else "elapsed time"
        lines = ["### The machine and the run", "", *(f"* {line}" for line in machine.describe())]
        packages = dict.fromkeys(f"{title.rsplit(' f32')[0].rsplit(' bf16')[0].rsplit(' int8')[0].rsplit(' q8_0')[0]} {version}"
                                 for title, version in self.versions.items())
        lines.append("* " + ", ".join(packages))
        lines.append(f"* {datetime.date.today()}; {self.rounds} rounds of turns or fewer where they are long, {clock}. {self.note}".rstrip())
        lines += [f"* left out: {title}: {reason}" for title, reason in self.missing.items()]
        lines += [f"* failed: {line}" for line in self.failures()]
        return [*lines, ""]

    # ---- libvit alone -----------------------------------------------------------------------------------------------------------

    def _efficiency(self, own: Own) -> List[str]:
        rows = []
        for title, row in own.rows.items():
            rows.append([
                title, str(row["tokens"]), digits(row["median_ms"]), digits(row["gflops"]), digits(row["loop_gflops"]),
                f"{100 * row['share']:.1f}", f"{100 * row['quiet_share']:.1f}", digits(row["weight_gbs"]), digits(row["read_gbs"]),
            ])
        head = ["", "tokens", "ms a picture", "Gop/s", "loop", "% of loops", "% of both's best", "weights, GB/s", "read loop"]
        return ["### How close to the machine's limits", "", *table(head, rows)]

    def _operators(self, own: Own) -> List[str]:
        shown = [title for title in OPERATORS if title in own.rows]
        names: List[str] = []
        for title in shown:
            names += [o["name"] for o in own.rows[title]["operators"] if o["name"] not in names]
        rows = []
        for name in names:
            cells = []
            for title in shown:
                o = next((o for o in own.rows[title]["operators"] if o["name"] == name), None)
                peak = f", {100 * o['peak_share']:.0f} %" if o and o["gflops"] else ""
                cells.append(f"{digits(o['ms'])} ms ({100 * o['share']:.1f} %){peak}" if o else "-")
            rows.append([name, *cells])
        return ["### Where the time goes", "", "Time a picture, its share of the forward, and the part of the loop's rate.", "",
                *table(["", *shown], rows)]

    def _sweep(self, own: Own) -> List[str]:
        lines = ["### How cost grows", "", "One of tokens, width and depth grows, the others stay. The last column is the time that an operation",
                 "takes, in those of the multiply-add loop, against the row above; the quickest of forwards in nine turns over the rows.", ""]
        for axis in ("tokens", "width", "depth"):
            points = [point for point in own.sweep if point["axis"] == axis]
            rows = [
                [str(p["tokens"]), str(p["width"]), str(p["depth"]), f"{p['gflop']:.3f}", f"{p['ms']:.3f}", f"{100 * p['share']:.1f}",
                 f"{p['growth']:.2f}{' step' * (p['growth'] > 1.1)}" if p["growth"] else ""]
                for p in points
            ]
            lines += table([f"tokens ({axis} grows)" if axis == "tokens" else "tokens", "width" if axis != "width" else "width (grows)",
                            "depth" if axis != "depth" else "depth (grows)", "GFLOP", "ms", "% of loop", "growth"], rows)
        return lines

    def _own_cold(self, own: Own) -> List[str]:
        c = own.cold
        if not c:
            return []
        return ["### Cold start of the C program, B/16 from .vit", "",
                f"{c['cold_ms']:.1f} ms from process start to the first logits, of these {c['load_ms']:.2f} ms loading. A steady forward takes",
                f"{c['steady_ms']:.1f} ms, a plain pass that maps the file and touches every page {c['touch_ms']:.1f} ms: the cold start is"
                f" **{c['ratio']:.3f}** of", f"both together. Peak memory {c['peak_bytes'] / 1e6:.1f} MB, of these {c['weight_bytes'] / 1e6:.1f} MB weights.", ""]

    def markdown(self, picture: str) -> str:
        lines = self._machine()
        if picture:
            lines += [f"![Milliseconds a picture, each runtime]({picture})", ""]
        for batch, group in self._groups().items():
            lines += [f"### Batch {batch}", "", *self._times(group)]
            lines += ["Each against libvit in the same precision, libvit's others against its f32: median of the rounds (least-largest).",
                      f"Above 1: libvit is faster. ~: seconds, and more than {SLOW} times as slow as libvit's f32; timed once.", "",
                      *self._ratios(group)]
        lines += ["### The same numbers come out", "", *self._logits()]
        if self.cold:
            lines += self._cold_starts()
        if self.own:
            lines += self._own_cold(self.own) + self._efficiency(self.own) + self._operators(self.own) + self._sweep(self.own)
        return "\n".join(lines)


def write(path: str, text: str) -> None:
    """Between the marks of a file that has them, else as the whole file."""
    before, after = "", ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old = file.read()
        if BEGIN in old and END in old:
            before, after = old.split(BEGIN)[0], old.split(END)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{text}\n{END}{after or chr(10)}")
