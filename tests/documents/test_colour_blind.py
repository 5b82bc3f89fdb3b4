"""What colour tells, readers who see two of three primaries are told too.

Two colours that mean different things side by side are at least `LEAST` apart in CIELAB for every
kind of sight. A just noticeable difference between large touching fields is about 2.3 (Mahy et al.,
Color Res Appl 1994;19:105); words and marks are small and stand apart, so four times that is asked.
Lines and small marks are told by shape in any case, and that is looked at too.
"""

from __future__ import annotations

import re
from importlib import resources
from itertools import combinations

import pytest

from attending.documents import canvas, drift, lines
from attending.documents.validation_report import validation_report
from tests.documents.colour_sight import apart, seen
from tests.documents.example_records import cohort, monitor_report, report, run
from tests.documents.svg_colours import colours_of

LEAST = 10.0
#: WCAG 2.2, 1.4.3: text of usual size.
CONTRAST = 4.5
_MEANING = ("good", "blue", "violet", "amber", "rust", "red")
_GROUND = ("ground", "sheet", "tint")


def _file(package, *parts):
    place = resources.files(package)
    for part in parts:
        place = place / part
    return place.read_text(encoding="utf-8")


def _long(colour):
    return "#" + "".join(2 * letter for letter in colour[1:]) if len(colour) == 4 else colour


def _themes():
    """Return by theme every colour that the style sheets name: documents, then pages."""
    style = _file("attending.documents", "templates", "document.css")
    blocks = re.findall(r":root \{([^}]*)\}", style)
    found = dict(zip(("document", "document dark", "document print"), blocks, strict=True))
    themes = {
        name: {key: _long(value) for key, value in re.findall(r"--(\w+): (#\w+)", block)}
        for name, block in found.items()
    }
    pages = re.findall(
        r"--(\w+): light-dark\((#\w+), (#\w+)\)", _file("attending.web", "static", "attending.css")
    )
    for at, name in ((1, "pages"), (2, "pages dark")):
        themes[name] = {held[0]: _long(held[at]) for held in pages}
    return themes


def _meaning(theme):
    return {name: theme[name] for name in _MEANING if name in theme}


def _luminance(colour):
    return float(seen(colour, "usual") @ (0.2126, 0.7152, 0.0722))


def too_near(colours):
    """Return every two colours that some reader cannot tell apart."""
    return {
        (one, other, sight): round(far, 1)
        for (one, a), (other, b) in combinations(colours.items(), 2)
        for sight, far in apart(a, b).items()
        if far < LEAST
    }


def test_the_simulation_and_the_distance_agree_with_figures_known_elsewhere():
    # Full red seen without long-wave cones: 109, 95, 0 of 255, as others who use these matrices.
    red = seen("#ff0000", "protanopia")[:2]
    assert [round(255 * (1.055 * part ** (1 / 2.4) - 0.055)) for part in red] == [109, 95]
    # White and black are 100 apart for everybody, and the old amber and red were not told apart.
    assert all(far == pytest.approx(100, abs=0.5) for far in apart("#ffffff", "#000000").values())
    before = {"amber": "#8a5200", "red": "#b00020"}
    assert too_near(before) == {("amber", "red", "deuteranopia"): 7.2}


@pytest.mark.parametrize("theme", list(_themes()))
def test_states_are_told_apart_by_every_kind_of_sight_in_every_theme(theme):
    colours = _meaning(_themes()[theme])
    assert len(colours) >= 4
    assert too_near(colours) == {}


@pytest.mark.parametrize("theme", list(_themes()))
def test_states_are_read_on_every_ground(theme):
    held = _themes()[theme]
    for name, colour in _meaning(held).items():
        for ground in _GROUND:
            low, high = sorted((_luminance(colour), _luminance(held[ground])))
            assert (high + 0.05) / (low + 0.05) >= CONTRAST, (name, ground)


def test_a_state_has_a_word_and_a_mark_of_its_own_besides_its_colour():
    style = _file("attending.documents", "templates", "document.css")
    marks = dict(re.findall(r'\.met\.(\w+)::before \{ content: "(.)"; \}', style))
    assert set(marks) == {"met", "failed", "missing", "not_shown"}
    assert len(set(marks.values())) == 4
    said = _file("attending.documents", "templates", "parts.html.j2")
    assert '<span class="met {{ answer }}">{{ answer | replace("_", " ") }}</span>' in said
    shapes = _file("attending.web", "templates", "parts.html.j2").split("{% endif %}")[0]
    drawn = re.findall(r'answer == "(\w+)" %\}(<.*)', shapes)
    assert {name for name, _ in drawn} == {
        "continue", "watch", "freeze", "restrict", "fallback", "stop"
    }  # fmt: skip
    assert len({shape for _, shape in drawn}) == 6


def test_colours_of_one_picture_are_told_apart_whatever_the_sight():
    page = validation_report(report(), cohort(), run(), synthetic=True)
    pictures = colours_of(page)
    assert len(pictures) >= 6
    palette = {
        getattr(canvas, name): name
        for name in ("BLUE", "VERMILLION", "GREEN", "PURPLE", "ORANGE", "SKY", "GREY", "INK")
    }
    for found in pictures:
        known = {palette[one.upper()]: one for one in found if one.upper() in palette}
        known |= {palette[one]: one for one in found if one in palette}
        assert too_near(known) == {}, found
    assert any(len(set(found) & {canvas.BLUE.lower(), canvas.VERMILLION.lower()}) == 2
               for found in pictures)  # fmt: skip


def test_lines_of_one_picture_differ_by_their_dashes_and_bars_that_ask_for_an_act_by_hatching():
    styles = [canvas.MODEL, canvas.BASELINE, canvas.REFERENCE, *lines.LATER]
    assert len({(str(one["linestyle"]), one["linewidth"]) for one in styles}) == len(styles)
    acts = drift.draw(monitor_report())
    assert b'<pattern id="' in acts  # the hatching of a bar in SVG
    told = drift.picture(monitor_report())
    assert told is not None and "hatched orange" in told.caption
