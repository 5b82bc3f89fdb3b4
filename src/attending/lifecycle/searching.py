"""Search in what people signed and read: approvals, reports, cards, letters and decisions."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from attending.lifecycle.papers import pages
from attending.stores.search import Hit, Text
from attending.stores.search import search as in_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk

#: Kinds of record that people write, sign or read.
KINDS = frozenset(
    {
        *("approval", "withdrawal", "agreement", "exception", "gate_decision", "adopted_policy"),
        *("validation", "model_card", "dossier", "silent_report", "patient_notice", "threshold"),
        *("incident", "incident_step", "incident_review", "retirement", "rollback_drill"),
        *("after_review", "delegation", "access_review", "pretrain_report", "contract_report"),
        *("code_list_review", "input_review", "feature_review", "spec_document", "backup_drill"),
    }
)
_UNSEEN = frozenset({"style", "script", "svg"})


def search(desk: Desk, words: str, *, model: str = "", limit: int = 20) -> tuple[Hit, ...]:
    """Return approvals, reports, cards and documents in which all words stand, the best first.

    Args:
        desk: where.
        words: words; `"two words"` together, `calib*` by its start.
        model: only about this one; all when empty.
        limit: how many at most.

    Raises:
        BadInput: there is no word.
        IntegrityBroken: a record or a document is not what its name says.
    """
    return in_texts(texts(desk, model), words, limit=limit)


def texts(desk: Desk, model: str = "") -> Iterator[Text]:
    """Yield what people signed and read, about one model or all."""
    catalog = desk.home.catalog
    about = {line.digest for line in catalog.list(model=model)} if model else None
    for line in catalog.list():
        if line.kind not in KINDS:
            continue
        content = catalog.content(line.digest)
        if about is None or line.digest in about or content.get("document") in about:
            yield of_record(line.digest, content)
    for digest, (title, of) in pages(desk).items():
        if about is None or of in about:
            yield of_page(digest, title, desk.home.artifacts.read(digest))


def of_record(digest: str, content: dict[str, Any]) -> Text:
    """Return all that a record says as a text."""
    kind = str(content["kind"])
    return Text(digest, kind, kind.replace("_", " "), " ".join(_said(content)))


def of_page(digest: str, title: str, page: bytes) -> Text:
    """Return what a reader of a page sees as a text."""
    return Text(digest, "document", title, _seen(page))


def _said(content: object) -> list[str]:
    """Return every name and value of a JSON value, but digests."""
    words: list[str] = []
    _say(content, words)
    return words


def _say(content: object, words: list[str]) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            words.append(name.replace("_", " "))
            if type(value) is float:  # most of what a report holds
                words.append(str(value))
            elif value is not None:
                _say(value, words)
    elif isinstance(content, list):
        for value in content:
            _say(value, words)
    elif content is not None and not (isinstance(content, str) and len(content) == 64):
        words.append(str(content))


def _seen(page: bytes) -> str:
    """Return the text that a reader of a page sees."""
    reader = _Reader()
    reader.feed(page.decode("utf-8", "replace"))
    return " ".join(reader.words)


class _Reader(HTMLParser):
    """Collects the text of a page outside styles, scripts and pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002, ANN401 - the parser's
        """Note that a part begins that nobody reads."""
        self._hidden += tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        """Note that it ends."""
        self._hidden -= tag in _UNSEEN and self._hidden > 0

    def handle_data(self, data: str) -> None:
        """Take a piece of text."""
        if not self._hidden and data.strip():
            self.words.append(data.strip())
