"""Write docs/scores.md from the scores themselves: points, population, reference, parameters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from attending.lifecycle.baselines import registered

if TYPE_CHECKING:
    from attending.scores.about import About

HEAD = """# Bedside scores

Made by `make docs`; `attending baseline ls` prints the same. A score is a baseline to beat, a
fallback where the model may not answer, never the truth.

    baselines: [lace, {score: hospital, parameters: {variant: 2013}}]     # model.yaml
    fallback: {kind: score, score: news2, threshold: 5, parameters: {pulse: LOCAL//HR}, ...}

- **Only what is visible counts.** A row that was not yet known at the prediction, or was
  superseded by then, is never read. A score that takes coded diagnoses is reported twice: *as
  knowable*, and *as coded later*, which favours it and is for comparison alone. A fallback is
  always as knowable.
- **Missing is said.** Each component has a mark `missing_NAME`, and `completeness` is the share
  of components whose input was there. No visible coding is missing, not zero. `policy: normal`
  counts a missing component as 0 points and marks it; `policy: strict` then gives no total.
- **Inputs are shown.** `time_NAME`, `known_at_NAME` and `row_NAME` say which row decided a
  component, when it happened and when it was known.
- **Numbers are rounded as they are charted** before they are banded, half up: 38.05 °C is 38.1. A
  value in a unit that the signal does not know, or that no living patient has, is left out, never
  guessed.
- **Codes.** `src/attending/scores/signals.yaml` says which event codes hold which signal. A
  parameter of the signal's name gives a site's own, parted by commas. Diagnoses come from code
  lists (`attending codelist ls`).

`attending baseline show --score lace --score hospital` prints how scores lie over a cohort.
Charlson agrees with comorbidipy on all 275 admissions of the MIMIC-IV demo, condition by
condition and in both totals, once two faults of that package are put right (`make figures`).
"""

READY = """## As features

A feature of `kind: score` takes a score's total or one component into `features.yaml`, as knowable
at the prediction; its codes count as read by the model. A total without any input is missing there,
not 0. `docs/features.md` has an example.

## Ready features

`attending features ready loinc` and `attending features ready mimic-iv` list 198 features to start
from, and `--out features.yaml` copies them: demographics, encounter history and utilisation, length
of stay so far, vital signs and results with their 24-hour trends, classes of medications, every
Charlson and Elixhauser condition, and both indices. They are drafts until a project's own owner
approves them. The language of features has no constants, so that a weight of 2 is said by naming a
condition twice; an index is missing where nothing was coded, as the score is.
"""

LEFT_OUT = """## Not here

- **SAPS-I**: no table of points that we could check. A source that recorded it serves it through
  `recorded`.
- **LACE+** needs inputs of Ontario's registries; **eCART** has no public coefficients (CART
  stands in); **SOFA-2** of 2025 awaits its exact table.
- A Glasgow Coma Scale that is charted in three parts alone is not summed: give `glasgow` the code
  of a total. A saturation never stands in for a missing PaO2.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    parts += [_score(name, about) for name, about in registered().items()]
    return "\n".join([*parts, READY, LEFT_OUT])


def _score(name: str, about: About) -> str:
    bounds = "" if about.low is None else f", {about.low:g} to {about.high:g}"
    defaults = import_module(f"attending.scores.{name}").DEFAULTS
    told = ", ".join(f"`{key}: {value}`" for key, value in defaults.items() if value != "")
    signals = ", ".join(f"`{key}`" for key, value in defaults.items() if value == "")
    rows = [f"| {part} | {points} |" for part, points in about.points.items()]
    lines = [
        f"## `{name}`: {about.version}",
        "",
        f"{about.title}{bounds}. In {about.population}.",
        "",
        "| component | points |",
        "|---|---|",
        *rows,
        "",
        f"Reference: {about.reference}.",
        "",
        *(f"- {note}" for note in about.notes),
        f"- Parameters: {told}." + (f" Codes: {signals}." if signals else ""),
        "",
    ]
    return "\n".join(lines)
