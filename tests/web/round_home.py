"""A home for the pages of the ward round: a version that readers see, with a problem to solve."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

from attending.lifecycle import catalogue, incidents, scoring, watching
from attending.lifecycle.desk import keep
from attending.lifecycle.people import add_person
from attending.lifecycle.projects import open_project
from attending.records.monitoring import Finding
from attending.web.front_desk import FrontDesk
from tests.lifecycle.ward import SECOND, enter, make_ward

#: Of persons who are made up; those of the ward have theirs from a seed.
PASSPHRASE = "quiet-heron-lantern-52"  # noqa: S105
MODEL = "readmission-30d"
FINDINGS = (
    Finding(
        drift="data", severity="act", name="missing_rate", subject="creatinine_last",
        figure=0.41, bound=0.2, meaning="Creatinine is missing for 41 % of patients; it was 6 %.",
        action="Look at the laboratory feed before the next release.", owner="technical owner",
        site="GENERAL", also=("sodium_last",), remedies=("mend the feed", "restrict the site"),
    ),
    Finding(
        drift="concept", severity="watch", name="calibration", subject="outcomes", figure=1.41,
        bound=1.25, meaning="More patients come back than the score expects.",
        action="Weigh the outcomes.", owner="clinical owner",
    ),
    Finding(
        drift="data", severity="info", name="inputs_moved", subject="inputs", figure=0.12,
        bound=0.1, meaning="Inputs moved together.", action="Nothing.", owner="technical owner",
    ),
)  # fmt: skip


def later(desk, hours, actor="omar"):
    """Return the desk of a person, some hours later."""
    return replace(desk, at=desk.at + timedelta(hours=hours), actor=actor)


def make_round(folder):
    """Return a ward with a version in limited, findings, a catalogue and an open incident."""
    ward = make_ward(folder)
    desk, watched = ward.desk, folder / "project" / "monitoring.yaml"
    wide = watched.read_text().replace("window: 28d", "window: 120d")
    watched.write_text(wide)  # a small hospital: a month has few rows
    project = open_project(folder / "project")
    scoring.score(desk, project)
    scoring.join_outcomes(desk, project)
    enter(desk, ward.run, stage="limited", plan=project.release.digest, previous=ward.entered)
    report = watching.monitor(desk, project)
    for day in range(4):
        now = replace(desk, at=SECOND + timedelta(days=day))
        say(now, report, *(FINDINGS[:2] if day == 3 else ()))
        watching.give_verdict(now, project)
    desk = replace(desk, at=SECOND + timedelta(days=3))
    say(desk, report, *FINDINGS)
    for person, name, roles in (
        ("nora", "Nora Kim", ["nurse_leader"]),
        ("audrey", "Audrey Stone", ["auditor"]),
    ):
        add_person(desk, person, printed_name=name, roles=roles, passphrase=PASSPHRASE)
        ward.secrets[person] = PASSPHRASE
    catalogue.publish(replace(desk, actor="dana"), project.features)
    opened = incidents.open_incident(
        later(desk, 1), project, type="wrong_prediction", harm="medium",
        title="creatinine in another unit",
    )  # fmt: skip
    desk.home.close()
    return SimpleNamespace(
        root=desk.home.root,
        incident=opened.digest,
        secrets=ward.secrets,
        run=ward.run,
        project=project,
        at=desk.at + timedelta(hours=2),
        report=report,
    )


def say(desk, report, *findings):
    """Keep a report with these findings as the newest."""
    said = report.model_copy(update={"findings": findings, "at": desk.at})
    keep(
        desk,
        said,
        action="monitor.run",
        keys={"model": report.model, "version": report.version},
    )


def front_desk(made):
    """Return the house of a made home, two hours after the last thing in it."""
    return FrontDesk.open(made.root, clock=lambda: made.at)
