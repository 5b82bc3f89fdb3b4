"""Answer a checklist from records: each item names the record and the field that say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from attending.digests import digest_of
from attending.documents import in_print, numbers
from attending.documents.sentences import gate_title
from attending.documents.times import spelt, when
from attending.errors import BadInput, did_you_mean
from attending.govern.content import missing_fields
from attending.records.checklist import AnsweredItem
from attending.specs.checklist import PROFILES, CardWords, ChecklistSpec
from attending.specs.read_yaml import parse_spec
from attending.times import parse_instant
from attending.units import printed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from attending.specs.checklist import ChecklistItem

#: No answer of a card is near this; what is longer is cut, for the record holds the whole.
LONGEST = 6000
_MOST = 100
#: What specs abbreviate, but for scores and measures.
_WORDS = {
    "impute": "filled with the median of the rows that were fitted on",
    "native": "left to the estimator, which takes gaps as they are",
    "yes_no": "a risk, of an outcome that comes or does not",
    "number": "a number, with an interval",
    "count": "a count, with an interval",
}
#: A field of which a bare value would be no sentence, and the sentence; `{}` is the value.
_SENTENCES = {
    "run.class_weights": {
        "none": "No weights were used: every row counted the same in the fit, whatever its outcome",
        "balanced": "Both outcomes counted the same in the fit, and the risks were mended after it",
    },
    "model.class_weights": {
        "none": "No weights are used, so there is nothing to repair",
        "balanced": "Both outcomes count the same in the fit, and calibration repairs the risks",
    },
    "stability.outcome": {
        "met": "Explanations hold: they agree as far as was asked",
        "failed": "Explanations do not hold as far as was asked",
        "not_shown": "Too few patients to show whether explanations hold",
    },
}
_SENTENCE = {
    "card.threshold": "A risk from 0 to 1; the team acts at {} or more",
    "validation.n": "{} predictions of the test",
    "run.project_commit": "The project is under version control, at commit {}",
}
#: What a model's figures rest on; of all other packages the record has the list.
_CORE = frozenset({"lightgbm", "numba", "numpy", "onnx", "onnxruntime", "pyarrow", "scipy"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_BLANK: tuple[object, ...] = (None, "", [], {}, ())


@dataclass(frozen=True)
class Said:
    """What one record or spec says, as plain JSON, and its digest."""

    content: Mapping[str, Any]
    digest: str


@cache
def profile(name: str) -> ChecklistSpec:
    """Return a checklist that comes along.

    Raises:
        BadInput: no such checklist; the hint has the nearest.

    >>> len(profile("onc_hti1").items)
    31
    """
    if name not in PROFILES:
        raise BadInput(
            f"got checklist '{name}'", code="checklist.unknown", hint=did_you_mean(name, PROFILES)
        )
    file = resources.files("attending.govern") / "checklists" / f"{name}.yaml"
    return parse_spec(file.read_bytes(), ChecklistSpec, name=f"{name}.yaml")


def answered(
    asked: ChecklistSpec, said: Mapping[str, Said], words: CardWords, *, card: str
) -> tuple[AnsweredItem, ...]:
    """Return every item with its answer, or that it is missing.

    Args:
        asked: the checklist.
        said: by kind, the newest records and specs of the run.
        words: what people wrote.
        card: digest of card.yaml, empty when there is none.
    """
    blank = {place.rpartition(".")[2] for place in missing_fields({"words": dict(words.words)})}
    written = {key: text for key, text in words.words.items() if key not in blank}
    return tuple(
        item_of(item, **(_written(item.written, written, words, card=card)))
        if item.written
        else item_of(item, **_from_record(item.source, said))
        for item in asked.items
    )


def _written(
    key: str, written: Mapping[str, str], words: CardWords, *, card: str
) -> dict[str, str]:
    """Return the answer that people wrote, or their reason why there is none."""
    if key in words.not_available:
        return {
            "status": "not_available",
            "answer": f"Not available: {words.not_available[key]}",
            "source": f"card.yaml: not_available.{key}",
            "digest": card,
        }
    where = f"card.yaml: words.{key}"
    if key in written:
        return {"status": "answered", "answer": written[key], "source": where, "digest": card}
    return {"status": "missing", "source": where}


def _from_record(source: str, said: Mapping[str, Said]) -> dict[str, str]:
    """Return the answer that stands in a field of a record or spec."""
    kind, _, field = source.partition(".")
    held = said.get(kind)
    text = _in_sentence(source, _at(held.content, field)) if held else ""
    if not text or held is None:
        return {"status": "missing", "source": source}
    return {"status": "answered", "answer": text, "source": source, "digest": held.digest}


def _in_sentence(source: str, value: Any) -> str:  # noqa: ANN401 - plain JSON
    """Return a value in words, as a sentence where the bare value would say too little.

    >>> _in_sentence("card.threshold", 0.25)
    'A risk from 0 to 1; the team acts at 0.25 or more'
    >>> _in_sentence("run.class_weights", "none").partition(":")[0]
    'No weights were used'
    """
    if source in _SENTENCES:
        return _SENTENCES[source].get(str(value), in_words(value))
    if source == "silent_report.gates" and value:
        return "; ".join(
            f"{gate_title(_unnumbered(name))}: {_named(one)}" for name, one in value.items()
        )
    if source == "run.packages" and value:
        return _packages(value)
    text = in_words(value)
    return _SENTENCE.get(source, "{}").format(text) if text else ""


def _unnumbered(gate: str) -> str:
    """Return the name of a gate without the number that keeps its order in a record."""
    return re.sub(r"^\d+_", "", gate)


def _packages(found: Sequence[Mapping[str, str]]) -> str:
    """Return the packages that figures rest on, how many more there are, and what names them all.

    >>> _packages([{"name": "numpy", "version": "2.4.0", "hash": ""}]).partition(" (")[0]
    'numpy 2.4.0; 0 more'
    """
    core = [f"{one['name']} {one['version']}" for one in found if one["name"] in _CORE]
    whole = digest_of([dict(one) for one in found])
    said = f"the run has the whole list with hashes; SHA-256 of the list {whole}"
    more = f"{len(found) - len(core)} more ({said})"
    return "; ".join([*core, more])


def item_of(item: ChecklistItem, **found: str) -> AnsweredItem:
    """Return an item with what was found for it."""
    asked = {"id": item.id, "asks": item.asks, "evidence": item.evidence}
    return AnsweredItem.model_validate({**asked, **found})


def _at(content: Any, path: str) -> Any:  # noqa: ANN401 - plain JSON
    """Return what stands at a path; in a list of facts, the one of that label."""
    for name in path.split(".") if path else ():
        if isinstance(content, (list, tuple)):
            content = next((one["says"] for one in content if one.get("label") == name), None)
        elif isinstance(content, dict):
            content = content.get(name)
        else:
            return None
    return content


def in_words(value: Any) -> str:  # noqa: ANN401 - plain JSON
    """Return plain JSON as a reader sees it, cut to a length; empty when it says nothing.

    >>> in_words([{"label": "Seed", "says": "7"}, {"label": "Split", "says": "temporal"}])
    'Seed: 7; Split: temporal'
    >>> in_words({"low": 0.81, "kind": "range", "note": None}), in_words([])
    ('low: 0.81, kind: range', '')
    >>> in_words("yes_no"), in_words([{"gate": "beats_baseline", "margin": 0.0}])
    ('a risk, of an outcome that comes or does not', 'better than the baseline (margin: 0)')
    """
    if value in _BLANK:
        return ""
    if isinstance(value, (list, tuple)):
        told = [text for text in map(in_words, value[:_MOST]) if text]
        more = [f"and {len(value) - _MOST} more"] if len(value) > _MOST else []
        return _cut(_joined([*told, *more]))
    if isinstance(value, dict):
        return _cut(_fields(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return _cut(f"{value:.3g}" if isinstance(value, float) else _named(str(value)))


def _joined(told: Sequence[str]) -> str:
    """Return pieces one after the other; a whole sentence needs no semicolon."""
    ends = [" " if text.endswith((".", "?", "!")) else "; " for text in told[:-1]]
    return "".join(text + end for text, end in zip(told, [*ends, ""], strict=True))


def _named(text: str) -> str:
    r"""Return a word of a spec or a record as a reader says it, an instant and a length too.

    >>> _named("36h"), _named("2026-04-20T06:25:00Z"), _named("not_shown")
    ('1 day 12 hours', '2026-04-20\xa006:25\xa0UTC', 'not shown')
    """
    if _INSTANT.fullmatch(text):
        return when(parse_instant(text))
    return _WORDS.get(text) or in_print.known(text) or spelt(text.replace("_", " "))


def _fields(value: dict[str, Any]) -> str:
    """Return a part of a record in words.

    Parts that count patients are named by their title or verdict alone, so that no small count is
    told here; the documents that hide small counts show the rest.
    """
    for held, told in _SHAPES:
        if held <= set(value):
            return told(value)
    return _rest(value)


def _rest(value: dict[str, Any], *said: str) -> str:
    """Return the fields but for those that are said already, each with its name."""
    words = {name: in_words(one) for name, one in value.items() if name not in said}
    return ", ".join(
        f"{_named(name)} ({text})" if isinstance(value[name], dict) else f"{_named(name)}: {text}"
        for name, text in words.items()
        if text
    )


def _gate(value: dict[str, Any]) -> str:
    return f"{gate_title(value['gate'])} ({_rest(value, 'gate')})"


def _criterion(value: dict[str, Any]) -> str:
    bounds = [f"{end} {in_words(value[end])}" for end in ("above", "below") if value.get(end)]
    return f"{_named(value['measure'])} {' or '.join(bounds)}, over {spelt(str(value['over']))}"


def _group(value: dict[str, Any]) -> str:
    rows = "rows hidden" if value["n"] is None else f"{value['n']:,} rows"
    figure = _figure(value, "auroc", "auroc_low", "auroc_high")
    return f"{value['attribute']} {value['group']}: {rows}, AUROC {figure}"


def _measure(value: dict[str, Any]) -> str:
    return f"{value['measure']}, {value['of']}: {_figure(value, 'value', 'low', 'high')}"


def _size(value: dict[str, Any]) -> str:
    met = value.get("met")
    said = numbers.NOT_SHOWN if met is None else "enough" if met else "too few"
    return f"{value['criterion']}: {said}"


def _input(value: dict[str, Any]) -> str:
    """Return a predictor with what is taken of it, over which time, in which unit."""
    unit = printed(value["unit"]) if value.get("unit") else ""
    how = ", ".join(part for part in (value.get("window", ""), unit) if part)
    return f"{value['clinical_label']} ({how})" if how else str(value["clinical_label"])


def _protocol(value: dict[str, Any]) -> str:
    """Return the plan that was agreed before anything was fitted, by the digests of its specs."""
    parts = (("validation", "validation_spec"), ("cohort", "cohort_spec"), ("model", "model_spec"))
    plan = ", ".join(f"{name} {str(value[field])[:12]}" for name, field in parts)
    return (
        f"The plan agreed and signed before the fit: {plan}. "
        f"Proposed by {', '.join(value['authors'])}; signed by {', '.join(value['signers'])}"
    )


def _section(value: dict[str, Any]) -> str:
    """Return a table of a paper: its title, and what each row is about.

    >>> _section({"title": "Hazards", "header": ["Hazard"], "rows": [["Late"], ["Lost"]]})
    'Hazards: Late; Lost'
    >>> _section({"title": "Left", "header": ["Rating", "Hazards"], "rows": [["5", "0"]]})
    'Left: 5: 0'
    """
    rows = [row for row in value["rows"] if row and row[0]]
    # A number says nothing without what stands beside it.
    about = dict.fromkeys(": ".join(row[: 1 + row[0].isdigit()]) for row in rows)
    return f"{value['title']}: {'; '.join(about)}" if about else str(value["title"])


def _verdict(value: dict[str, Any]) -> str:
    return f"{value.get('feature') or value.get('name')}: {value['verdict']}".replace("_", " ")


#: How parts of records are told, by the fields that they have; the first that fits.
_SHAPES: tuple[tuple[set[str], Callable[[dict[str, Any]], str]], ...] = (
    ({"label", "says"}, lambda value: f"{value['label']}: {value['says']}"),
    ({"measure", "of", "value"}, _measure),
    ({"attribute", "group", "auroc", "n"}, _group),
    ({"heading", "sentences"}, lambda value: f"{value['heading']} {' '.join(value['sentences'])}"),
    ({"clinical_label"}, _input),
    ({"validation_spec", "signers"}, _protocol),
    ({"gate"}, _gate),
    ({"title", "header", "rows"}, _section),
    ({"measure", "over"}, _criterion),
    ({"title"}, lambda value: str(value["title"])),
    ({"criterion"}, _size),
    ({"verdict"}, _verdict),
    ({"name", "version", "hash"}, lambda value: f"{value['name']} {value['version']}"),
    ({"name", "digest"}, lambda value: f"{value['name']} {str(value['digest'])[:12]}"),
)


def _figure(value: dict[str, Any], name: str, *ends: str) -> str:
    """Return a figure with its interval, from fields of their own or from a range."""
    if isinstance(value[name], dict):
        return _figure(value[name], "value", "low", "high")
    low, high = (value.get(end) for end in ends)
    return numbers.interval(value[name], low, high)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]} …"
