"""Each site, those that the fit never saw apart, and what a further site may expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import (
    BLUE,
    GREY,
    INK,
    REFERENCE,
    VERMILLION,
    Drawn,
    sheet,
    short_label,
)
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import SiteRow, SiteSpread

_LABELS = {"auroc": "AUROC", "observed_expected": "Observed / expected"}


def draw(report: ValidationReport) -> bytes:
    """Return a forest of AUROC and O:E by site, the mean and the reach of a new site as SVG."""
    rows = report.sites_table[::-1]
    spread = {found.measure: found for found in report.site_spread}
    extra = 2 if spread else 0
    with sheet(7.4, max(2.2, 1.2 + 0.34 * (len(rows) + extra))) as drawing:
        panels = drawing.figure.subplots(1, 2, sharey=True)
        for axes, (name, label) in zip(panels, _LABELS.items(), strict=True):
            _forest(axes, rows, name=name, above=extra)
            if name in spread:
                _summary(axes, spread[name])
            axes.set_xlabel(label)
            axes.grid(visible=True, axis="x")
        panels[1].axvline(1.0, **REFERENCE)
        names = ["a new site", "mean of sites"][:extra] + [_label(row) for row in rows]
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(-0.6, len(names) - 0.4)
    return drawing.svg


def _label(row: SiteRow) -> str:
    return short_label(f"{row.site}{' (new to it)' if row.held_out else ''}", width=24)


def _forest(axes: Drawn, rows: tuple[SiteRow, ...], *, name: str, above: int) -> None:
    for at, row in enumerate(rows, start=above):
        found: Range = getattr(row, name)
        if found.value is None:
            axes.annotate(
                NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                ha="center", va="center", color=GREY, fontsize=9,
            )  # fmt: skip
            continue
        color, shape = (VERMILLION, "D") if row.held_out else (BLUE, "s")
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [at, at], color=color, linewidth=1.8)
        axes.plot([found.value], [at], marker=shape, markersize=6, color=color)


def _summary(axes: Drawn, found: SiteSpread) -> None:
    pooled, new = found.pooled, found.new_site
    if pooled.low is not None and pooled.high is not None:
        axes.plot([pooled.low, pooled.high], [1, 1], color=INK, linewidth=4)
    if new.low is not None and new.high is not None:
        axes.plot([new.low, new.high], [0, 0], color=INK, linewidth=1.6, linestyle=(0, (1, 1)))
    else:
        axes.annotate(
            NOT_SHOWN, (0.5, 0), xycoords=("axes fraction", "data"),
            ha="center", va="center", color=GREY, fontsize=9,
        )  # fmt: skip


def table(report: ValidationReport) -> Table:
    """Return the sites as rows, then how much they differ."""
    sites = tuple(
        (
            row.site,
            "no" if row.held_out else "yes",
            "hidden" if row.n is None else count(row.n),
            "hidden" if row.events is None else count(row.events),
            _range(row.auroc),
            _range(row.observed_expected),
            _range(row.slope),
            _range(row.net_benefit),
        )
        for row in report.sites_table
    )
    return Table(
        caption="The model at each site",
        header=(
            "Site", "Seen by the fit", "Rows", "Events", "AUROC", "Observed / expected",
            "Calibration slope", "Net benefit",
        ),
        rows=sites,
    )  # fmt: skip


def spread_table(report: ValidationReport) -> Table:
    """Return how much sites differ beyond chance."""
    return Table(
        caption="How much sites differ",
        header=(
            "Measure", "Sites", "Mean of sites", "A new site, 95 of 100 times",
            "Not chance (I²)", "p",
        ),
        rows=tuple(
            (
                _LABELS[found.measure],
                count_plain(found.sites),
                _range(found.pooled),
                _between(found.new_site),
                percent(found.i2),
                number(found.p),
            )
            for found in report.site_spread
        ),
    )  # fmt: skip


def count_plain(value: int) -> str:
    """Return a count of sites, which are no patients and so not hidden.

    >>> count_plain(3)
    '3'
    """
    return f"{value:,}"


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)


def _between(found: Range) -> str:
    if found.low is None or found.high is None:
        return NOT_SHOWN
    return f"{number(found.low)} to {number(found.high)}"


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None where there are no sites to tell apart."""
    if not report.sites_table:
        return None
    new = [row.site for row in report.sites_table if row.held_out]
    told = f"The fit never saw {', '.join(new)}." if new else "The fit saw every site."
    return Picture(
        name="sites",
        title="Site by site",
        alt=f"Forest plot of {len(report.sites_table)} sites. {told}",
        caption="Diamonds are sites that the fit never saw, squares those that it did. The thick "
        "line is the mean of sites; the dotted one is where a further site would lie in 95 of 100 "
        f"cases. {told}",
        draw=lambda: draw(report),
        table=table(report),
    )
