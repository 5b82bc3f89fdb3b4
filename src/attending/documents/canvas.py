"""Where pictures are drawn: one size of text, colours that colour-blind readers tell apart.

The same figures give the same bytes: ids come from a fixed salt, no date is written, and letters
are drawn as paths, so that no reader's fonts matter.
"""

from __future__ import annotations

import textwrap
import threading
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Okabe and Ito's colours.
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#6b6b6b"
INK = "#1a1a1a"
#: The model is always this one, the baseline always that one; lines differ by dashes as well.
MODEL = {"color": BLUE, "linestyle": "-", "linewidth": 2.0}
BASELINE = {"color": VERMILLION, "linestyle": (0, (5, 2)), "linewidth": 2.0}
REFERENCE = {"color": GREY, "linestyle": (0, (1, 2)), "linewidth": 1.4}

_SETTINGS = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 10.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "attending",
    "path.simplify": False,
    "text.parse_math": False,
    "timezone": "UTC",
}
#: The library keeps its settings for the whole process: one picture is drawn at a time.
_DRAWING = threading.Lock()
Drawn = Any  # matplotlib has no types that we check against


class Sheet:
    """One figure being drawn; `svg` holds its bytes once the drawing is done."""

    def __init__(self, figure: Drawn) -> None:
        self.figure = figure
        self.svg = b""


@contextmanager
def sheet(width_inches: float = 6.4, height_inches: float = 4.4) -> Iterator[Sheet]:
    """Give a figure to draw on; its bytes are in `svg` afterwards."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    mpl.use("Agg", force=False)
    with _DRAWING, mpl.rc_context({**mpl.rcParamsDefault, **_SETTINGS, "backend": "Agg"}):
        figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
        drawing = Sheet(figure)
        yield drawing
        _settle(figure)
        held = BytesIO()
        FigureCanvasSVG(figure).print_svg(held, metadata={"Date": None, "Creator": "attending"})
        drawing.svg = held.getvalue()


def _settle(figure: Drawn) -> None:
    """Fix where the axes stand, rounded.

    The solver of the layout answers with other last bits from run to run, and the ids in the SVG
    are made from these positions.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(edge, 4) for edge in axes.get_position(original=True).bounds])


def short_label(text: str, *, width: int = 40) -> str:
    r"""Return a label on at most two lines, cut where it is longer; the table has it whole.

    >>> short_label("a site with a very long name of its own", width=20)
    'a site with a very\nlong name of its own'
    >>> short_label("x" * 30, width=10)
    'xxxxxxxxxx\nxxxxxxxxx…'
    """
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) > 2:
        lines = [lines[0], lines[1][: width - 1] + "…"]
    return "\n".join(lines)


def unit_square(axes: Drawn, *, x_label: str, y_label: str) -> None:
    """Set axes from 0 to 1 with a light grid."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x_label, ylabel=y_label)
    axes.set_aspect("equal")
    axes.grid(visible=True)
