"""Leave one site out: the fit never saw the hospital, and says so in figures."""

import numpy as np
import pyarrow as pa
import pytest

from attending.documents.run_facts import run_facts
from attending.errors import BadInput, Refused
from attending.records.base import from_content
from attending.records.run import Run
from attending.train.fit import fit
from attending.train.run_record import record
from attending.train.sites import figures
from attending.train.split import split
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec
from tests.train.test_run_record import HERE, OF

ASKED = {"kind": "temporal", "test_from": CUT, "leave_one_site_out": True}
TABLE, FEATURES = cohort(2400, patients=2400)
SITES = np.array(["North"] * 900 + ["South"] * 800 + ["West"] * 700)[
    np.random.default_rng(0).permutation(2400)
]


def fitted(table=None, features=FEATURES, **more):
    found = TABLE.set_column(6, "site", pa.array(SITES)) if table is None else table
    asked = spec(ASKED, **more)
    parts = split(asked, found, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    return parts, fit(asked, found, features, split=parts, names=NAMES, feature_set="f" * 64)


@pytest.mark.requirement("E18")
def test_each_site_is_judged_by_a_model_that_never_saw_it_and_one_site_is_refused():
    parts, trained = fitted()
    by_name = {item.site: item for item in trained.held_out_sites}
    assert list(by_name) == ["North", "South", "West"]
    south = by_name["South"]
    # The same by hand: the rows of South are taken out of every slice before the test.
    away = SITES != "South"
    asked = spec({"kind": "temporal", "test_from": CUT})
    slices = {name: getattr(parts, name) for name in ("train", "tuning", "calibration")}
    kept = {name: at[away[at]] for name, at in slices.items()}
    here = parts.test[SITES[parts.test] == "South"]
    by_hand = fit(
        asked,
        TABLE,
        FEATURES,
        split=type(parts)(**kept, test=here, fold=None, facts=parts.facts, gaps=parts.gaps),
        names=NAMES,
        feature_set="f" * 64,
    )
    outcome = TABLE["label"].to_numpy(zero_copy_only=False)[here].astype(np.int8)
    assert south.model_dump() == south.model_dump() | figures(
        outcome, by_hand.test_risks["logistic"]
    )
    assert south.fit_rows == len(kept["train"]) and south.rows == len(here)
    one = TABLE.set_column(6, "site", pa.array(["North"] * 2400))
    with pytest.raises(BadInput) as refused:
        fitted(one)
    assert refused.value.code == "split.one_site"


def test_another_mix_of_patients_shows_where_the_model_was_not():
    # At South the outcome has nothing to do with the features.
    label = TABLE["label"].to_pylist()
    south = np.flatnonzero(SITES == "South")
    mixed = np.random.default_rng(1).permutation(south)
    turned = list(label)
    for at, other in zip(south.tolist(), mixed.tolist(), strict=True):
        turned[at] = label[other]
    table = TABLE.set_column(4, "label", pa.array(turned, pa.int8()))
    table = table.set_column(6, "site", pa.array(SITES))
    by_name = {item.site: item for item in fitted(table)[1].held_out_sites}
    assert by_name["North"].auroc > 0.7
    assert by_name["South"].auroc_low < 0.5 < by_name["South"].auroc_high
    assert by_name["South"].calibration_slope < 0.3


def test_a_patient_of_the_site_is_in_no_fit_of_it_wherever_they_were_seen():
    table, features = cohort(2400, patients=1200)
    sites = np.array(["North", "South"])[np.random.default_rng(2).integers(0, 2, 2400)]
    table = table.set_column(6, "site", pa.array(sites))
    asked = spec(ASKED | {"patient_overlap": "drop_from_train"}, calibration="none")
    parts = split(asked, table, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    trained = fit(asked, table, features, split=parts, names=NAMES, feature_set="f" * 64)
    subject = table["subject_id"].to_numpy()
    for item in trained.held_out_sites:
        strangers = ~np.isin(subject, subject[sites == item.site])
        assert item.fit_rows == strangers[parts.train].sum()


def test_small_counts_are_not_told_there_or_by_subtraction():
    few = np.array(["North", "South"])[np.random.default_rng(2).integers(0, 2, 2400)]
    test = fitted()[0].test
    event = TABLE["label"].to_numpy(zero_copy_only=False)[test] == 1
    few[np.concatenate([test[event][:4], test[~event][:26]])] = "Tiny"
    by_name = {
        item.site: item
        for item in fitted(TABLE.set_column(6, "site", pa.array(few)))[1].held_out_sites
    }
    assert by_name["Tiny"].status == "insufficient"
    assert by_name["Tiny"].events is None
    assert by_name["Tiny"].auroc is None
    assert sum(item.events is None for item in by_name.values()) >= 2


def test_the_record_holds_them_and_the_report_says_them():
    table = TABLE.set_column(6, "site", pa.array(SITES))
    asked = spec(ASKED)
    parts = split(asked, table, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    trained = fit(asked, table, FEATURES, split=parts, names=NAMES, feature_set="f" * 64)
    made = record(asked, trained, split=parts, provenance=HERE, materials=OF)
    assert from_content(Run, made.content()) == made
    said = {fact.label: fact.says for fact in run_facts(made)}
    for item in made.held_out_sites:
        words = said[f"Fitted without site {item.site}"]
        assert ("not shown" in words) == (item.auroc is None)
        if item.auroc is not None:
            assert f"AUROC {item.auroc:.3f} (95 % interval" in words and "O:E" in words


def test_a_brought_model_cannot_be_fitted_without_a_site():
    brought = {"file": "m.onnx", "digest": "a" * 64}
    with pytest.raises((BadInput, Refused, ValueError), match="cannot be fitted without a site"):
        spec(ASKED, estimator="onnx", parameters=brought)
