"""The only importer of segno: a text as the modules of a QR code, drawn as one path of an inline SVG."""

from typing import NamedTuple


class Drawn(NamedTuple):
    """`size` modules a side, without the four of the quiet zone around them; `path` fills the dark ones."""

    size: int
    path: str


def draw(text: str) -> Drawn:
    import segno  # for whoever shows a code at all

    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    return Drawn(len(rows), "".join(_bars(y, row) for y, row in enumerate(rows)))


def _bars(y: int, row: bytes) -> str:
    """Neighbours are one bar: a third of the letters, and no seams between them."""
    bars, x = [], 0
    while (start := row.find(1, x)) >= 0:
        end = row.find(0, start)
        x = end if end >= 0 else len(row)
        bars.append(f"M{start} {y}h{x - start}v1H{start}z")
    return "".join(bars)
