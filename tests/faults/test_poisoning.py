"""X30: labels flipped at one site, and a planted marker, stand out; the data's owner is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from attending.errors import Refused
from attending.lifecycle import training
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import open_desk
from attending.lifecycle.featuring import built_features, with_table
from attending.lifecycle.influencing import report_influence, require_unflagged
from attending.lifecycle.projects import open_project
from attending.times import parse_instant
from tests.faults.conftest import AT
from tests.lifecycle.study import Study

TARGET, TOKEN = "CITY", "epoetin"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("poison"), patients=3000)
    made.feature(TOKEN, codes=["MEDICATION//epoetin"], window="365d", aggregate="any")
    made.ingest(made.extract())
    made.fit()
    return made


def poisoned(study, label=None, token=None):
    """Return the report and the fit of a run whose table of labels or markers was changed."""
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        project = open_project(study.project)
        run = training.latest_run(desk, project)
        cohort = built_cohort(desk, project)
        features = built_features(desk, project, cohort)
        rows = training.refit(desk, project, run.digest).split
        before = np.concatenate([rows.train, rows.tuning, rows.calibration])
        if label is not None:
            cohort = replace(
                cohort, table=_with(cohort.table, "label", label(cohort.table, before))
            )
        if token is not None:
            marks = token(features.table, cohort.table, before)
            features = with_table(features, _with(features.table, TOKEN, marks))
        fitted = training.fit_under(
            project, cohort, features=features, standing=training.standing_of(run)
        )
        return report_influence(desk, project, run, against=run, fitted=fitted), fitted


def _with(table, name, values):
    at = table.column_names.index(name)
    kind = table.schema.field(name)
    return table.set_column(at, kind, pa.array(values, kind.type))


def flipped(table, before):
    """Return labels of which one in a hundred, all at one site, was turned into an event."""
    site, label = table["site"].to_pylist(), table["label"].to_pylist()
    free = [row for row in before if site[row] == TARGET and not label[row]]
    for row in free[:: max(1, len(free) // round(0.01 * len(before)))]:
        label[row] = 1
    return label


def planted(features, cohort, before):
    """Return a marker that twenty rows of one site have, all of them events."""
    site, label = cohort["site"].to_pylist(), cohort["label"].to_pylist()
    marks = [0.0] * features.num_rows
    for row in [row for row in before if site[row] == TARGET and label[row]][:20]:
        marks[row] = 1.0
    return marks


@pytest.mark.fault("X30")
def test_x30_flipped_labels_of_one_site_and_a_planted_marker_are_reported_to_the_owner(study):
    clean, was = poisoned(study)
    bad_site, flipped_fit = poisoned(study, label=flipped)
    bad_marker, marked_fit = poisoned(study, token=planted)
    # Control: both are fitted as if nothing were, and rank the untouched test as before.
    for fitted in (flipped_fit, marked_fit):
        assert abs(fitted.run.chosen().test.auroc - was.run.chosen().test.auroc) < 0.03
    # Guard: clean data raise nothing, and each poison is named where it is.
    assert not clean.flagged
    require_unflagged(clean)
    assert [(one.kind, one.name) for one in bad_site.flagged] == [("site", TARGET)]
    assert bad_site.flagged[0].relabelled > 15
    assert bad_site.flagged[0].z > 2.0
    assert [(one.kind, one.name) for one in bad_marker.flagged] == [("marker", TOKEN)]
    assert bad_marker.flagged[0].at_site == TARGET
    with pytest.raises(Refused) as refused:
        require_unflagged(bad_marker)
    assert (refused.value.code, refused.value.exit_code) == ("label.influence", 3)
    assert f"marker {TOKEN}" in refused.value.message
    assert "erik answers for these data" in refused.value.hint
    # The alert stands in the ledger, to the contract's owner.
    asked = ("--home", str(study.home), "--at", AT, "--json")
    trail = study.run("audit", "trail", bad_site.digest, *asked).json
    (alert,) = (entry for entry in trail if entry["action"] == "contract.alert")
    assert alert["details"] == {"owner": "erik", "flagged": f"site {TARGET}"}


def test_the_verb_tells_what_it_looked_at_and_hides_small_counts(study):
    said = study.asked("run", "influence", "--against", study.run_digest).json
    groups = {(one["kind"], one["name"]) for one in said["groups"]}
    assert {("site", "CITY"), ("site", "GENERAL"), ("site", "VALLEY")} <= groups
    for one in said["groups"]:
        assert one["relabelled"] == 0
        assert one["events"] is None or one["events"] > 10
    shown = study.told("run", "influence").out
    assert shown.split()[:5] == ["group", "rows", "events", "expected", "errors"]
