"""Verbs on mappings: propose one for a file never seen before, and try one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, clock, emit, table
from attending.cli.ingest import reasons_of
from attending.errors import BadInput
from attending.lifecycle import mapping as mappings
from attending.times import format_instant


def mapping_propose(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write it here; else print it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a file and propose a mapping, with the questions that it could not answer.

    Example: attending mapping propose claims.csv --out mapping.yaml
    """  # noqa: DOC501 - a verb's help names no exceptions
    proposal, text = mappings.propose_mapping(file)
    if out is not None:
        if out.exists():
            raise BadInput(
                "the file exists", code="mapping.out", hint="Name a new one.", where=str(out)
            )
        out.write_text(text, encoding="utf-8")
    if not as_json and out is not None:
        shown = [
            (c.name, f"{c.filled:.0%}", f"{c.timely:.0%}", f"{c.numeric:.0%}", f"{c.distinct:.1%}")
            for c in proposal.columns
        ]
        table(("column", "filled", "times", "numbers", "distinct"), shown)
    asked = [f"{number}. {one}" for number, one in enumerate(proposal.questions, 1)]
    emit(
        {"mapping": proposal.mapping, "questions": list(proposal.questions)},
        as_json=as_json,
        lines=[text] if out is None else [f"wrote {out}; answer these, then try it:", *asked],
    )


def mapping_check(
    mapping: Annotated[Path, typer.Argument(help="The mapping.")],
    folder: Annotated[Path, typer.Argument(help="The folder that the source gave.")],
    as_json: JsonOption = False,
) -> None:
    """Try a mapping on a source and show what it makes of it; nothing is kept.

    Example: attending mapping check mapping.yaml claims/
    """
    tried = mappings.try_mapping(mapping, folder, now=clock(None))
    account = tried.snapshot.account
    if not as_json:
        table(("code", "events"), tried.codes)
    span = [tried.snapshot.first_time, tried.snapshot.last_time]
    emit(
        {
            "rows_in": account.rows_in,
            "accepted": account.accepted,
            "quarantined": account.quarantined,
            "rejected": account.rejected,
            "duplicate": account.duplicate,
            "balanced": account.balanced,
            "events": tried.snapshot.rows,
            "subjects": tried.snapshot.subjects,
            "quarantined_by_reason": account.quarantined_by_reason,
            "rejected_by_reason": account.rejected_by_reason,
            "early": sum(one.early for one in account.tables),
            "later_than_now": tried.ahead,
            "codes": dict(tried.codes),
            "open_questions": tried.questions,
        },
        as_json=as_json,
        lines=[
            f"{account.rows_in} rows in = {account.accepted} accepted + {account.quarantined} "  # noqa: ISC004
            f"quarantined + {account.rejected} rejected + {account.duplicate} duplicate",
            f"{tried.snapshot.rows} events of {tried.snapshot.subjects} patients, "  # noqa: ISC004
            f"{' to '.join(format_instant(at) for at in span if at is not None)}",
            *reasons_of(account),
            *(
                [f"later than now: {tried.ahead} events; is a date written another way?"]
                if tried.ahead
                else []
            ),
            *(
                f"availability of {a.table}: {a.rule}{' (assumed)' if a.assumed else ''}"
                for a in tried.snapshot.availability
            ),
            *([f"{tried.questions} questions are open"] if tried.questions else []),
        ],
    )
