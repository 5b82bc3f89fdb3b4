"""Files of predictions as hospitals write them: columns are found and said, doubts are refused."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.errors import AttendingError, BadInput
from attending.ingest.predictions import read_predictions
from attending.ingest.predictions_columns import Asked
from attending.ingest.predictions_table import likely_delimiter

N = 240


@pytest.fixture
def rows():
    rng = np.random.default_rng(4)
    risk = rng.beta(2, 6, N).round(4)
    return risk, (rng.random(N) < risk).astype(int)


def write(path, head, lines, *, encoding="utf-8"):
    text = "\n".join([head, *lines]) + "\n"
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def taken(found):
    return {one.taken_as: one.column for one in found.file.columns}


def outcomes(found):
    return found.table["outcome"].to_pylist()


def test_a_german_export_with_semicolons_decimal_commas_and_percent_in_the_name(tmp_path, rows):
    risk, outcome = rows
    path = write(
        tmp_path / "export.csv",
        "Fallnummer;PatientenID;Alter;Geschlecht;Station;Risiko (%);Verstorben",
        [
            f"F{k};P{k % 200};{30 + k % 60};{'mw'[k % 2]};ICU;{100 * p:.2f}".replace(".", ",")
            + f";{'ja' if y else 'nein'}"
            for k, (p, y) in enumerate(zip(risk, outcome, strict=True))
        ],
        encoding="utf-8-sig",
    )
    found = read_predictions(path, Asked())
    assert taken(found) == {
        "outcome": "Verstorben", "risk": "Risiko (%)", "row": "Fallnummer",
        "patient": "PatientenID", "group age": "Alter", "group sex": "Geschlecht",
        "group unit": "Station",
    }  # fmt: skip
    assert outcomes(found) == outcome.tolist()
    assert found.table["risk"].to_pylist() == pytest.approx(risk.tolist(), abs=1e-9)
    assert set(found.table["group_age"].to_pylist()) == {"18-39", "40-64", "65-79", "80+"}
    assert len(set(found.table["subject"].to_pylist())) == 200


def test_an_american_export_packed_with_quotes_times_and_a_score(tmp_path, rows):
    risk, outcome = rows
    path = write(
        tmp_path / "export.csv.gz",
        'PAT_MRN_ID,PAT_ENC_CSN_ID,"Prediction Time",Sex,"Predicted Probability",LACE,Readmitted',
        [
            f'{k % 200},{1000 + k},2026-01-{1 + k % 28:02d} 06:00,Female,"{p}",{k % 19},'
            + ("TRUE" if y else "FALSE")
            for k, (p, y) in enumerate(zip(risk, outcome, strict=True))
        ],
    )
    found = read_predictions(path, Asked())
    assert taken(found)["baseline lace"] == "LACE"
    assert taken(found)["time"] == "Prediction Time"
    assert str(found.table["prediction_time"][0]) == "2026-01-01 06:00:00"
    assert found.real_calendar
    assert outcomes(found) == outcome.tolist()


def test_a_parquet_file_of_types_and_a_table_with_names_of_nobody(tmp_path, rows):
    risk, outcome = rows
    path = tmp_path / "scores.parquet"
    pq.write_table(pa.table({"y_true": outcome.astype(bool), "y_pred_proba": risk}), path)
    typed = read_predictions(path, Asked())
    assert outcomes(typed) == outcome.tolist()
    plain = write(
        tmp_path / "plain.txt", "kol1\tkol2\tkol3",
        [f"{y}\t{p}\t{'ab'[k % 2]}" for k, (p, y) in enumerate(zip(risk, outcome, strict=True))],
    )  # fmt: skip
    found = read_predictions(plain, Asked())
    assert {one.found for one in found.file.columns} == {"by its values"}
    assert (taken(found)["outcome"], taken(found)["risk"]) == ("kol1", "kol2")
    assert found.file.unused == ("kol3",)


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("1.0", "0.0"), ("Yes", "No"), ("TRUE", "false"), ("died", "survived"),
     ("oui", "non"), ("Sí", "no"), ("positive", "negative"), ("case", "control")],
)  # fmt: skip
def test_outcomes_in_every_usual_spelling(tmp_path, rows, yes, no):
    risk, outcome = rows
    lines = [f"{yes if y else no},{p}" for p, y in zip(risk, outcome, strict=True)]
    found = read_predictions(write(tmp_path / "a.csv", "label,score", lines), Asked())
    assert outcomes(found) == outcome.tolist()


def test_a_word_that_was_said_is_the_event(tmp_path, rows):
    risk, _ = rows
    lines = [f"{('NO', '>30', '<30')[k % 3]},{p}" for k, p in enumerate(risk)]
    path = write(tmp_path / "a.csv", "readmitted,risk", lines)
    found = read_predictions(path, Asked(event="<30"))
    assert sum(outcomes(found)) == N / 3
    with pytest.raises(BadInput, match="no cell") as refusal:
        read_predictions(path, Asked(event="<31"))
    assert refusal.value.code == "predictions.event"


def test_rows_without_a_risk_are_left_out_only_when_asked_and_are_counted(tmp_path, rows):
    risk, outcome = rows
    lines = [
        f"{y},{'NaN' if k % 12 == 0 else p}"
        for k, (p, y) in enumerate(zip(risk, outcome, strict=True))
    ]
    path = write(tmp_path / "a.csv", "outcome,risk", lines)
    with pytest.raises(BadInput, match="20 of 240 rows") as refusal:
        read_predictions(path, Asked())
    assert "--drop-missing" in refusal.value.hint
    found = read_predictions(path, Asked(), drop_missing=True)
    assert (found.file.rows, found.file.used) == (240, 220)
    assert any(note.startswith("20 rows without a risk") for note in found.file.notes)


def test_percentages_are_asked_about_and_said(tmp_path, rows):
    risk, outcome = rows
    lines = [f"{y},{100 * p:.2f}" for p, y in zip(risk, outcome, strict=True)]
    path = write(tmp_path / "a.csv", "outcome,risk", lines)
    with pytest.raises(BadInput) as refusal:
        read_predictions(path, Asked())
    assert (refusal.value.code, "--percent" in refusal.value.hint) == ("predictions.percent", True)
    found = read_predictions(path, Asked(percent=True))
    assert found.table["risk"].to_pylist() == pytest.approx(risk.tolist(), abs=1e-9)


def cell(form, rows):
    """Return the first line and lines of a file with one thing wrong."""
    risk, outcome = rows
    each = list(enumerate(zip(risk, outcome, strict=True)))
    return {
        "wrong names": ("a,b", [f"x{k},y{k}" for k, _ in each]),
        "outside": ("outcome,risk", [f"{y},{2 * p - 0.1}" for _, (p, y) in each]),
        "log odds": ("outcome,score", [f"{y},{np.log(p / (1 - p))}" for _, (p, y) in each]),
        "points": ("died,score", [f"{y},{int(19 * p)}" for _, (p, y) in each]),
        "decisions": ("y_true,y_pred", [f"{y},{int(p > 0.3)}" for _, (p, y) in each]),
        "words": ("outcome,risk", [f"{y},{'high' if k % 3 else p}" for k, (p, y) in each]),
        "two marks": (
            "outcome;risk",
            [f"{y};{str(p).replace('.', ',' if k % 2 else '.')}" for k, (p, y) in each],
        ),
        "commas": ("outcome,risk", [f"{y},{p}".replace(".", ",") for _, (p, y) in each]),
        "two outcomes": ("died,readmitted,risk", [f"{y},{1 - y},{p}" for _, (p, y) in each]),
        "repeated": ("encounter_id,outcome,risk", [f"{k % 200},{y},{p}" for k, (p, y) in each]),
        "no names": ("1,0.25", [f"{y},{p}" for _, (p, y) in each]),
        "no rows": ("outcome,risk", []),
        "no patient": (
            "patient_id,outcome,risk",
            [f"{'' if k == 7 else k},{y},{p}" for k, (p, y) in each],
        ),
        "three words": ("readmitted,risk", [f"{['<30', '>30', 'NO'][k % 3]},{p}"
                                            for k, (p, _) in each]),
    }[form]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("wrong names", "predictions.no_risk"),
        ("outside", "predictions.outside"),
        ("log odds", "predictions.outside"),
        ("points", "predictions.points"),
        ("decisions", "predictions.decisions"),
        ("words", "predictions.not_numbers"),
        ("two marks", "predictions.decimal"),
        ("commas", "predictions.odd_lines"),
        ("two outcomes", "predictions.which_outcome"),
        ("repeated", "predictions.repeated"),
        ("no names", "predictions.no_names"),
        ("no rows", "predictions.empty"),
        ("no patient", "predictions.no_patient"),
        ("three words", "predictions.outcome_words"),
    ],
)
def test_each_doubt_has_its_own_answer_and_what_to_write(tmp_path, rows, form, code):
    path = write(tmp_path / "scores.csv", *cell(form, rows))
    with pytest.raises(BadInput) as refusal:
        read_predictions(path, Asked())
    assert refusal.value.code == code
    assert refusal.value.where == "scores.csv"
    assert refusal.value.hint or form == "no rows"
    assert "x7" not in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "predictions.empty"),
        (b"PK\x03\x04rest", "ingest.wrong_kind"),
        ("outcome,risk\n1,0.2\n".encode("utf-16"), "ingest.wrong_kind"),
        (b"PAR1 and no more", "ingest.truncated"),
        (b"outcome,risk\n1,\"0.2\n", "ingest.open_quote"),
    ],
)  # fmt: skip
def test_files_of_another_kind_are_named(tmp_path, data, code):
    path = tmp_path / "scores.csv"
    path.write_bytes(data)
    with pytest.raises(AttendingError) as refusal:
        read_predictions(path, Asked())
    assert refusal.value.code == code


def test_a_file_or_column_that_is_not_there_gets_the_nearest_name(tmp_path, rows):
    risk, outcome = rows
    with pytest.raises(BadInput, match="no file"):
        read_predictions(tmp_path / "none.csv", Asked())
    lines = [f"{y},{p}" for p, y in zip(risk, outcome, strict=True)]
    path = write(tmp_path / "a.csv", "outcome,risk", lines)
    with pytest.raises(BadInput, match="Did you mean 'outcome'"):
        read_predictions(path, Asked(outcome="outcom"))


def lines_of(rows, *, mark=","):
    """Return outcome and risk of every row as text."""
    risk, outcome = rows
    return [f"{y}{mark}{p}" for p, y in zip(risk, outcome, strict=True)]


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        ("01.02.2025", "28.02.2025", "2025-02-01 00:00:00"),
        ("1.2.2025 06:30", "28.2.2025 07:00", "2025-02-01 06:30:00"),
        ("02/01/2025 03:15 PM", "02/28/2025 03:15 PM", "2025-02-01 15:15:00"),
        ("01/02/2025", "28/02/2025", "2025-02-01 00:00:00"),
        ("2025-02-01", "2025-02-28", "2025-02-01 00:00:00"),
        ("01/02/2025", "02/03/2025", None),  # either way round: no time is read
        ("01.02.2025", "31.02.2025", None),
    ],
)
def test_dates_are_read_where_they_can_be_read_one_way_only(tmp_path, rows, first, second, read):
    lines = [f"{second if k % 2 else first},{line}" for k, line in enumerate(lines_of(rows))]
    path = write(tmp_path / "a.csv", "Date of Prediction,outcome,risk", lines)
    found = read_predictions(path, Asked())
    if read is None:
        assert "time" not in taken(found)
        assert any("was not used as the time" in note for note in found.file.notes)
    else:
        assert str(found.table["prediction_time"][0].as_py()) == read


def test_a_file_of_a_western_office_is_read_and_said_to_be(tmp_path, rows):
    lines = [f"{'äü'[k % 2]};{line}" for k, line in enumerate(lines_of(rows, mark=";"))]
    path = write(tmp_path / "a.csv", "Straße;outcome;risk", lines, encoding="cp1252")
    found = read_predictions(path, Asked(groups=("Straße",)))
    assert set(found.table["group_strasse"].to_pylist()) == {"ä", "ü"}
    assert any("Windows-1252" in note for note in found.file.notes)
    path.write_bytes(path.read_bytes().replace(b"\xe4", b"\x81"))
    with pytest.raises(AttendingError) as refusal:
        read_predictions(path, Asked())
    assert refusal.value.code == "ingest.not_a_table"


def test_a_tools_flag_is_never_the_outcome_and_others_of_yes_and_no_are_told(tmp_path, rows):
    lines = [f"{'YN'[k % 2]},{line}" for k, line in enumerate(lines_of(rows))]
    path = write(tmp_path / "a.csv", "Deterioration Flag,Moved to ICU,p_icu", lines)
    found = read_predictions(path, Asked())
    assert taken(found)["outcome"] == "Moved to ICU"
    assert any(
        note.startswith("Also of yes and no: Deterioration Flag") for note in found.file.notes
    )
    found = read_predictions(path, Asked(baselines=("Deterioration Flag",)))
    assert set(found.table["baseline_deterioration_flag"].to_pylist()) == {0.0, 1.0}
    assert "yes and no" in {one.reading for one in found.file.columns}
    with pytest.raises(BadInput, match="are no numbers"):
        read_predictions(
            write(tmp_path / "b.csv", "colour,outcome,risk", [f"c{line}" for line in lines]),
            Asked(baselines=("colour",)),
        )


def test_log_odds_are_turned_into_risks_where_the_name_says_so(tmp_path, rows):
    risk, outcome = rows
    kept = np.clip(risk, 0.01, 0.99)
    lines = [f"{y}\t{np.log(p / (1 - p))}" for p, y in zip(kept, outcome, strict=True)]
    found = read_predictions(write(tmp_path / "a.tsv", "label\tlogit", lines), Asked())
    assert found.table["risk"].to_pylist() == pytest.approx(kept.tolist(), abs=1e-12)
    assert "log odds, turned into risks" in {one.reading for one in found.file.columns}


def test_names_of_other_offices_are_known(tmp_path, rows):
    head = "N° patient;Date de prédiction;LACE-Score;Décès;Probabilité"
    lines = [
        f"{k};2025-01-{1 + k % 28:02d};{k % 19};{line}"
        for k, line in enumerate(lines_of(rows, mark=";"))
    ]
    assert taken(read_predictions(write(tmp_path / "a.csv", head, lines), Asked())) == {
        "patient": "N° patient", "time": "Date de prédiction", "baseline lace_score": "LACE-Score",
        "outcome": "Décès", "risk": "Probabilité",
    }  # fmt: skip


def test_of_two_names_for_the_risk_the_one_of_fractions_is_taken(tmp_path, rows):
    risk, outcome = rows
    lines = [f"{y},{int(p > 0.3)},{p}" for p, y in zip(risk, outcome, strict=True)]
    found = read_predictions(write(tmp_path / "a.csv", "y_test,y_pred,proba_1", lines), Asked())
    assert (taken(found)["risk"], taken(found)["outcome"]) == ("proba_1", "y_test")


def test_a_parquet_file_with_instants_and_coded_words_is_read(tmp_path, rows):
    risk, outcome = rows
    start = np.datetime64("2025-01-01T00:00", "us")
    table = pa.table({
        "Sepsis": pa.array(["Yes" if y else "No" for y in outcome]).dictionary_encode(),
        "p_sepsis": pa.array(risk, pa.float32()),
        "prediction_ts": pa.array(start + np.arange(N).astype("timedelta64[h]")),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_predictions(tmp_path / "a.parquet", Asked())
    assert taken(found) == {"outcome": "Sepsis", "risk": "p_sepsis", "time": "prediction_ts"}


def test_dates_that_were_shifted_are_no_calendar(tmp_path, rows):
    risk, outcome = rows
    lines = [f"2150-01-{1 + k % 28:02d},{y},{p}"
             for k, (p, y) in enumerate(zip(risk, outcome, strict=True))]  # fmt: skip
    found = read_predictions(write(tmp_path / "a.csv", "date,outcome,risk", lines), Asked())
    assert not found.real_calendar


def test_the_delimiter_is_the_one_of_which_there_is_most():
    assert [likely_delimiter(line) for line in ("a|b", 'a;"b,c,d"', "one")] == ["|", ";", ","]
