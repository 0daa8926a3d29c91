"""What the measurements amount to: Markdown tables, and a plot as SVG."""

from __future__ import annotations

import math
import os
import platform
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Timing
from tests.benchmarks.peers import EVTOOL, VERSIONS, version_of


@dataclass(frozen=True, slots=True)
class Bar:
    """What a ratio of medians must not exceed."""

    workload: str
    mine: str
    other: str
    limit: float
    found: float | None

    @property
    def row(self) -> str:
        """One line of the table of bars."""
        found = "not measured" if self.found is None else f"{self.found:.2f}"
        verdict = "" if self.found is None else ("yes" if self.found <= self.limit else "**no**")
        return f"| {self.workload} | {self.mine} | {self.other} | {self.limit:.2f} | {found} | {verdict} |"


BARS_HEAD = "| workload | of | against | at most | measured | met |\n| --- | --- | --- | --- | --- | --- |"


def machine_lines() -> list[str]:
    """Describe the machine and the programs, in lines of a Markdown list."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    lines = [
        f"- {len(os.sched_getaffinity(0))} cores, {model}; {memory / 1024**2:.0f} GiB of memory; "
        f"Linux {platform.release()}",
        f"- Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}, {version_of((*EVTOOL, '--version'))}",
    ]
    found = {name: version_of(command) for name, command in VERSIONS.items()}
    lines += [f"- {name}: {text or 'not installed'}" for name, text in found.items()]
    return lines


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def timing_table(timings: Mapping[str, Timing], mine: str) -> list[str]:
    """Give the table of one workload: medians, spread, and the ratio of one command to each other."""
    lines = [
        f"| command | median s | least to greatest | processor s | {mine} / this |",
        "| --- | --- | --- | --- | --- |",
    ]
    own = timings[mine]
    for label, timing in timings.items():
        if timing.failure:
            lines.append(f"| {label} | not measured: {timing.failure} | | | |")
            continue
        ratio = "" if own.failure or label == mine else f"{own.median / timing.median:.2f}"
        processor = sorted(timing.processor)[len(timing.processor) // 2]
        lines.append(f"| {label} | {timing.median:.3f} | {timing.spread} | {processor:.2f} | {ratio} |")
    return lines


_COLOURS = ("#1b5e9b", "#c2571a", "#3a7d34", "#7b3fa0", "#8a6d00", "#555555")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 420, 80, 50, 40, 230


def plot(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_name: str, y_name: str) -> str:
    """Draw lines over logarithmic axes, as SVG."""
    points = [point for line in series.values() for point in line]
    x_ticks, y_ticks = _ticks([x for x, _ in points]), _ticks([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = _fraction(x, x_ticks) * (_WIDTH - _LEFT - _RIGHT)
        up = _fraction(y, y_ticks) * (_HEIGHT - _TOP - _BOTTOM)
        return _LEFT + across, _HEIGHT - _BOTTOM - up

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">{title}</text>',
        f'<text x="{(_WIDTH - _RIGHT + _LEFT) / 2}" y="{_HEIGHT - 12}" text-anchor="middle">{x_name}</text>',
        f'<text transform="translate(18 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{y_name}</text>',
    ]
    for tick in x_ticks:
        x, y = place(tick, y_ticks[0])
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{tick:,g}</text>')
    for tick in y_ticks:
        x, y = place(x_ticks[0], tick)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
    for index, (label, line) in enumerate(series.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        parts.append(f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (place(*point) for point in line)
        ]
        key = _TOP + 14 + 20 * index
        parts.append(f'<rect x="{_WIDTH - _RIGHT + 16}" y="{key - 9}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 34}" y="{key + 1}">{label}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ticks(values: Sequence[float]) -> list[float]:
    """Powers of ten, and their doubles and fives, from below the least to above the greatest value."""
    least, greatest = min(values), max(values)
    steps = [
        factor * 10.0**power
        for power in range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1)
        for factor in (1, 2, 5)
    ]
    first = max(index for index, step in enumerate(steps) if step <= least)
    last = min(index for index, step in enumerate(steps) if step >= greatest)
    return steps[first : last + 1] if last > first else steps[first : first + 2]


def _fraction(value: float, ticks: Sequence[float]) -> float:
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    return (math.log(value) - low) / (high - low)
