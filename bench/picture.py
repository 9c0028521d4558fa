"""Lines over two logarithmic axes, as SVG."""

from html import escape
from itertools import pairwise
from math import ceil, floor, log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 520, 60, 200, 50, 50
LABEL = 15  # pixels between two names
COLOURS = ("#0b6e99", "#b3541e", "#2e7d32", "#7b3fa0", "#a8071a", "#5d6d00", "#0d47a1", "#6d4c41")
DASHES = ("", "6 3", "2 3")


def draw(title: str, sizes: list[int], lines: dict[str, list[float]]) -> str:
    """Draw each line's values over the sizes; each line is named at its end."""
    values = [value for line in lines.values() for value in line if value > 0]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    first, last = log10(min(sizes)), log10(max(sizes))

    def x(size: float) -> float:
        return LEFT + (log10(size) - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (log10(max(value, 10.0**low)) - low) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{LEFT}" y="28" font-size="17">{escape(title)}</text>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for size in sizes:
        parts.append(f'<path d="M{x(size):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    places = _apart({name: y(line[-1]) for name, line in lines.items()})
    for number, (name, line) in enumerate(lines.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, line, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        end = f"M{WIDTH - RIGHT} {y(line[-1]):.1f}L{WIDTH - RIGHT + 14} {places[name]:.1f}"
        parts.append(f'<path d="{end}" stroke="{colour}" fill="none"/>')
        label = f"{escape(name)} {line[-1]:.3g}"
        parts.append(f'<text x="{WIDTH - RIGHT + 18}" y="{places[name] + 4:.1f}" fill="{colour}">{label}</text>')
    body = "\n".join(parts)
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    return f'<svg {frame}>\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'


def _apart(wanted: dict[str, float]) -> dict[str, float]:
    """Move names that would lie on each other apart, from the bottom up."""
    ordered = sorted(wanted, key=lambda name: -wanted[name])
    places = {ordered[0]: wanted[ordered[0]]}
    for below, name in pairwise(ordered):
        places[name] = min(wanted[name], places[below] - LABEL)
    return places
