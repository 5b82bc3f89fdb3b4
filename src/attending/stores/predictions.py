"""Predictions, their outcomes and what readers said of them: append-only, joined for a model.

An outcome may be found again on a newer snapshot; the newest row of a prediction counts.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import LargeBinary, and_, case, cast, func, literal, select

from attending.digests import digest_of
from attending.errors import NotFound, Refused
from attending.stores.tables import FEEDBACK, OUTCOMES, PREDICTIONS, as_bytes
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from attending.stores.database import Database
    from attending.stores.unit import Unit
    from attending.types import Instant

_INSTANT = pa.timestamp("us")
#: How the canonical JSON of a record says so; within a text its quotes would have a backslash.
_FLAGGED = b'"flagged":true'
_AT_ONCE = 50_000
#: Records take more room than rows of a table.
_READ_AT_ONCE = 1_000
#: What an outcome belongs to: two versions may be about two outcomes.
_OUTCOME_OF = ("model", "version", "subject_id", "prediction_time")
#: What `table` returns: one row a prediction, with the newest outcome when there is one.
SCORED = pa.schema(
    [
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("encounter_id", pa.int64()),
        pa.field("prediction_time", _INSTANT, nullable=False),
        pa.field("score", pa.float64()),
        pa.field("label", pa.int8()),
        pa.field("status", pa.string()),
        pa.field("label_time", _INSTANT),
        pa.field("matured_at", _INSTANT),
    ]
)


@dataclass(frozen=True)
class Scored:
    """One prediction as it is stored: the words to find it by, and its record's bytes."""

    request_id: str
    model: str
    version: str
    stage: str
    subject_id: int
    encounter_id: int | None
    prediction_time: Instant
    score: float | None
    content: bytes


@dataclass(frozen=True)
class Observed:
    """What became of one prediction of a version, as one snapshot tells it."""

    model: str
    version: str
    subject_id: int
    encounter_id: int | None
    prediction_time: Instant
    snapshot: str
    label: int | None
    status: str
    label_time: Instant | None = None
    matured_at: Instant | None = None


@dataclass(frozen=True)
class Told:
    """How many predictions of a span of time have a score, have none, and are flagged."""

    scored: int
    unscored: int
    flagged: int


@dataclass(frozen=True)
class Answer:
    """What a reader said of one prediction."""

    request_id: str
    person_id: str
    given_at: Instant
    answer: str
    content: bytes


class Predictions:
    """All predictions of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, unit: Unit, scored: Sequence[Scored]) -> int:
        """Return how many predictions were new; one that is there with equal bytes is let be.

        Raises:
            Refused: a request id is there with other bytes.
        """
        wanted = {item.request_id: item for item in scored}
        present = self._present(unit, list(wanted))
        if len(wanted) < len(scored) or any(
            wanted[name].content != content for name, content in present.items()
        ):
            raise Refused(
                "a request id came twice with different contents",
                code="prediction.conflict",
                hint="Give every request an id of its own.",
            )
        rows_in = [_prediction_row(item) for item in scored if item.request_id not in present]
        unit.insert(PREDICTIONS, rows_in)
        return len(rows_in)

    def _present(self, unit: Unit, names: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of those of some predictions that are there, by request id."""
        if len(names) == 1:
            found = self.find(unit, names[0])
            return {} if found is None else {names[0]: found}
        present: dict[str, bytes] = {}
        for start in range(0, len(names), 500):
            some = PREDICTIONS.c.request_id.in_(names[start : start + 500])
            rows = unit.rows(select(PREDICTIONS.c.request_id, PREDICTIONS.c.content).where(some))
            present |= {row.request_id: row.content for row in rows}
        return present

    def find(self, unit: Unit, request_id: str) -> bytes | None:
        """Return the bytes of a prediction as the unit sees it, None when there is none."""
        found = unit.first("read_prediction", request_id=request_id)
        return as_bytes(found[0]) if found else None

    def get(self, request_id: str) -> Scored:
        """Return one prediction.

        Raises:
            NotFound: no such request id.
        """
        rows = self.database.rows(select(PREDICTIONS).where(PREDICTIONS.c.request_id == request_id))
        if not rows:
            raise NotFound(
                "there is no prediction of that request id",
                code="prediction.missing",
                hint="Copy the id from the score's page, its answer or `intake --requests`.",
            )
        return _scored(rows[0])

    def bound_by(self, request_id: str) -> int:
        """Return the number of the ledger entry that bound a prediction.

        Raises:
            NotFound: no such request id.
        """
        rows = self.database.rows(
            select(PREDICTIONS.c.seq).where(PREDICTIONS.c.request_id == request_id)
        )
        if not rows:
            raise NotFound("there is no prediction of that request id", code="prediction.missing")
        return int(rows[0].seq)

    def observe(self, unit: Unit, observed: Sequence[Observed]) -> int:
        """Return how many outcomes were new; each counts once for a snapshot."""
        keys = tuple(OUTCOMES.c[name] for name in _OUTCOME_OF)
        known = {
            (snapshot, *row)
            for snapshot in {item.snapshot for item in observed}
            for row in unit.rows(select(*keys).where(OUTCOMES.c.snapshot == snapshot))
        }
        rows = [_outcome_row(item) for item in observed]
        names = ("snapshot", *_OUTCOME_OF)
        new = [row for row in rows if tuple(row[name] for name in names) not in known]
        unit.insert(OUTCOMES, new)
        return len(new)

    def answer(self, unit: Unit, answer: Answer) -> str:
        """Return the id of what a reader said, now kept."""
        row: dict[str, Any] = {
            "request_id": answer.request_id,
            "person_id": answer.person_id,
            "given_at": to_micros(answer.given_at),
            "answer": answer.answer,
        }
        row["feedback_id"] = digest_of({**row, "given_at": str(row["given_at"])})
        unit.insert(FEEDBACK, [{**row, "content": answer.content}])
        return str(row["feedback_id"])

    def answers(self, request_id: str) -> tuple[Answer, ...]:
        """Return what readers said of one prediction, oldest first."""
        statement = select(FEEDBACK).where(FEEDBACK.c.request_id == request_id)
        return _answers(self.database.rows(statement.order_by(FEEDBACK.c.seq, FEEDBACK.c.nth)))

    def answers_of_model(
        self, model: str, *, since: Instant | None = None, until: Instant | None = None
    ) -> tuple[Answer, ...]:
        """Return what readers said of a model's predictions, oldest first; `until` is outside."""
        # Asked for each answer: of a model there are many times as many predictions.
        mine = select(PREDICTIONS.c.request_id).where(
            PREDICTIONS.c.request_id == FEEDBACK.c.request_id, PREDICTIONS.c.model == model
        )
        statement = select(FEEDBACK).where(mine.exists())
        if since is not None:
            statement = statement.where(FEEDBACK.c.given_at >= to_micros(since))
        if until is not None:
            statement = statement.where(FEEDBACK.c.given_at < to_micros(until))
        return _answers(self.database.rows(statement.order_by(FEEDBACK.c.seq, FEEDBACK.c.nth)))

    def of_subject(self, subject_id: int, *, model: str = "") -> tuple[Scored, ...]:
        """Return the predictions of one subject, oldest first."""
        statement = select(PREDICTIONS).where(PREDICTIONS.c.subject_id == subject_id)
        if model:
            statement = statement.where(PREDICTIONS.c.model == model)
        order = (PREDICTIONS.c.prediction_time, PREDICTIONS.c.seq, PREDICTIONS.c.nth)
        return tuple(_scored(row) for row in self.database.rows(statement.order_by(*order)))

    def contents(
        self,
        model: str,
        *,
        since: Instant | None = None,
        until: Instant | None = None,
        flagged: bool = False,
    ) -> Iterator[bytes]:
        """Yield the record bytes of a model's predictions, in time order; `until` is outside.

        They are read as they are asked for, so that a year of a hospital fits into memory.

        Args:
            model: its name.
            since: first prediction time.
            until: prediction time at which to end.
            flagged: only those that are; the others are not read.
        """
        statement = _within(select(PREDICTIONS.c.content), model, since=since, until=until)
        if flagged:
            statement = statement.where(_says(self.database.kind, _FLAGGED))
        with self.database.reading() as connection:
            some = connection.execution_options(yield_per=_READ_AT_ONCE)
            with closing(some.execute(statement.order_by(*_ORDER))) as result:
                for row in result:
                    yield row.content

    def in_stages(
        self, model: str, version: str, *, stages: Sequence[str], since: Instant, until: Instant
    ) -> tuple[Scored, ...]:
        """Return a version's predictions of some stages, in time order; `until` is outside."""
        statement = _within(select(PREDICTIONS), model, since=since, until=until)
        statement = statement.where(
            PREDICTIONS.c.version == version, PREDICTIONS.c.stage.in_(stages)
        )
        return tuple(_scored(row) for row in self.database.rows(statement.order_by(*_ORDER)))

    def table(
        self,
        model: str,
        *,
        version: str = "",
        stage: str = "",
        since: Instant | None = None,
        until: Instant | None = None,
        judged: bool = False,
    ) -> pa.Table:
        """Return a model's predictions with their newest outcomes, as `SCORED` says.

        Args:
            model: its name.
            version: only this one; all when empty.
            stage: only this one; all when empty.
            since: first prediction time, included.
            until: last prediction time, not included.
            judged: only those with a score and an outcome that counts.
        """
        statement = _within(_joined(), model, since=since, until=until)
        if judged:
            statement = statement.where(
                PREDICTIONS.c.score.is_not(None), OUTCOMES.c.label.is_not(None)
            )
        if version:
            statement = statement.where(PREDICTIONS.c.version == version)
        if stage:
            statement = statement.where(PREDICTIONS.c.stage == stage)
        rows = self.database.rows(statement.order_by(*_ORDER))
        return _arrow(rows, SCORED)

    def listed(self, model: str, *, versions: Sequence[str] = ()) -> pa.Table:
        """Return who was scored when by some versions of a model, in time order, without outcomes.

        Args:
            model: its name.
            versions: only these; none at all when empty.
        """
        names = [name for name in SCORED.names if name in PREDICTIONS.c and name != "model"]
        statement = select(*(PREDICTIONS.c[name] for name in names)).order_by(*_ORDER)
        statement = statement.where(
            PREDICTIONS.c.model == model, PREDICTIONS.c.version.in_(versions)
        )
        schema = pa.schema([SCORED.field(name) for name in names])
        parts = [schema.empty_table()]
        with self.database.reading() as connection:
            result = connection.execution_options(yield_per=_AT_ONCE).execute(statement)
            with closing(result):
                parts += [_arrow(some, schema) for some in result.partitions()]
        return pa.concat_tables(parts)

    def newest(self, model: str, version: str, *, most: int) -> tuple[Scored, ...]:
        """Return the newest predictions of a version, the newest first."""
        statement = select(PREDICTIONS).where(
            PREDICTIONS.c.model == model, PREDICTIONS.c.version == version
        )
        newest = statement.order_by(PREDICTIONS.c.prediction_time.desc()).limit(most)
        return tuple(_scored(row) for row in self.database.rows(newest))

    def subjects(self) -> tuple[int, ...]:
        """Return everyone who was scored, once."""
        rows = self.database.rows(select(PREDICTIONS.c.subject_id).distinct())
        return tuple(row.subject_id for row in rows)

    def told(self, model: str, version: str, *, since: Instant, until: Instant) -> Told:
        """Return how many of a version's predictions have a score, have none, and are flagged.

        The database counts, and no record is read: it takes seconds less of a week of a hospital.

        Args:
            model: its name.
            version: such as `v1`.
            since: first prediction time, included.
            until: last prediction time, not included.
        """
        score = PREDICTIONS.c.score
        flagged = func.sum(case((_says(self.database.kind, _FLAGGED), 1), else_=0))
        statement = select(func.count(score), func.count(), func.coalesce(flagged, 0))
        statement = _within(statement.select_from(PREDICTIONS), model, since=since, until=until)
        found = self.database.rows(statement.where(PREDICTIONS.c.version == version))[0]
        scored, every, marked = map(int, found)
        return Told(scored=scored, unscored=every - scored, flagged=marked)

    def count(self, model: str, *, version: str = "") -> int:
        """Return how many predictions a model, or one version of it, has made."""
        statement = select(func.count()).select_from(PREDICTIONS)
        statement = statement.where(PREDICTIONS.c.model == model)
        if version:
            statement = statement.where(PREDICTIONS.c.version == version)
        return int(self.database.rows(statement)[0][0])


def _says(kind: str, words: bytes) -> ColumnElement[bool]:
    """Return whether a record has these bytes, as the kind of database says it."""
    part, whole = literal(words, LargeBinary), PREDICTIONS.c.content
    if kind == "sqlite":
        return func.instr(cast(whole, LargeBinary), part) > 0
    return func.position(part.op("IN")(whole)) > 0


def _arrow(rows: Sequence[Row[Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table; an instant is stored as microseconds."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(column, pa.int64()).cast(field.type)
        if pa.types.is_timestamp(field.type)
        else pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


_ORDER = (PREDICTIONS.c.prediction_time, PREDICTIONS.c.subject_id, PREDICTIONS.c.request_id)


def _within(
    statement: Select[Any], model: str, *, since: Instant | None, until: Instant | None
) -> Select[Any]:
    statement = statement.where(PREDICTIONS.c.model == model)
    if since is not None:
        statement = statement.where(PREDICTIONS.c.prediction_time >= to_micros(since))
    if until is not None:
        statement = statement.where(PREDICTIONS.c.prediction_time < to_micros(until))
    return statement


def _joined() -> Select[Any]:
    key = _OUTCOME_OF
    newest = (
        select(*(OUTCOMES.c[name] for name in key), func.max(OUTCOMES.c.seq).label("seq"))
        .group_by(*(OUTCOMES.c[name] for name in key))
        .subquery()
    )
    same_newest = and_(*(PREDICTIONS.c[name] == newest.c[name] for name in key))
    same_row = and_(
        *(OUTCOMES.c[name] == newest.c[name] for name in key), OUTCOMES.c.seq == newest.c.seq
    )
    source = PREDICTIONS.outerjoin(newest, same_newest).outerjoin(OUTCOMES, same_row)
    columns = [
        PREDICTIONS.c[name] if name in PREDICTIONS.c else OUTCOMES.c[name] for name in SCORED.names
    ]
    return select(*columns).select_from(source)


def _prediction_row(item: Scored) -> dict[str, Any]:
    return {**vars(item), "prediction_time": to_micros(item.prediction_time)}


def _scored(row: Row[Any]) -> Scored:
    fields = {name: getattr(row, name) for name in Scored.__dataclass_fields__}
    return Scored(**{**fields, "prediction_time": from_micros(row.prediction_time)})


def _outcome_row(item: Observed) -> dict[str, Any]:
    return {
        **vars(item),
        "prediction_time": to_micros(item.prediction_time),
        "label_time": _micros(item.label_time),
        "matured_at": _micros(item.matured_at),
    }


def _micros(instant: Instant | None) -> int | None:
    return None if instant is None else to_micros(instant)


def _answers(rows: Sequence[Row[Any]]) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            request_id=row.request_id,
            person_id=row.person_id,
            given_at=from_micros(row.given_at),
            answer=row.answer,
            content=row.content,
        )
        for row in rows
    )
