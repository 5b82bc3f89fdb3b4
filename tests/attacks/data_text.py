"""Hostile tables of text: no table, no text, too wide, too long, or with a quote left open."""

from __future__ import annotations

from tests.attacks.hostile import HEAD, PERSON, ROW, ROWS, Hostile, csv, mapped, mimic

_LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n"
_WIDE = ",".join([HEAD, *(f"c{n}" for n in range(100_000))])


def _long_line(folder):
    with (folder / "labs.csv").open("wb") as stream:
        stream.write(HEAD.encode() + b"\n")
        stream.truncate(1 << 30)  # the rest is one line of a gigabyte that takes no room


def _mimic_quote(folder):
    mimic(folder)
    path = folder / "hosp" / "admissions.csv"
    path.write_text(path.read_text() + '1,2,"open\n' * 3)


TEXT: dict[str, Hostile] = {
    "empty": mapped(csv(""), "ingest.not_a_table"),
    "only_blank_lines": mapped(csv("\n\n \n"), "ingest.not_a_table"),
    "no_header": mapped(csv(f"{ROW}\n" * 3), "ingest.missing_column"),
    "other_header": mapped(csv(f"{PERSON}\n{PERSON}\n"), "ingest.missing_column"),
    "duplicate_column": mapped(csv(f"{HEAD},patient\n{ROW},{PERSON}\n"), "ingest.duplicate_column"),
    "columns_100000": mapped(csv(f"{_WIDE}\n{ROW}\n"), "ingest.too_wide"),
    "open_quote_in_last_column": mapped(
        csv(ROWS + ROW.replace("mmol/L", '"mmol') + "\n" + f"{ROW}\n" * 100), "ingest.open_quote"
    ),
    "open_quote_in_first_column": mapped(
        csv(f'{ROWS}"{ROW}\n' + f"{ROW}\n" * 100), "ingest.open_quote"
    ),
    "open_quote_in_mimic": Hostile("mimic-iv", _mimic_quote, "ingest.open_quote"),
    "line_of_a_gigabyte": mapped(_long_line, "ingest.not_a_table"),
    "odd_lines": mapped(csv(ROWS + "a,b\n" * 3_000_000), "ingest.not_a_table"),
    "utf16": mapped(csv(ROWS.encode("utf-16")), "ingest.wrong_kind"),
    "latin1": mapped(csv(ROWS.replace("GLU", "G\xd6").encode("latin-1")), "ingest.not_a_table"),
    "nul_in_header": mapped(csv(ROWS.replace("row", "r\0w", 1)), "ingest.not_a_table"),
    "git_lfs_pointer": mapped(csv(_LFS), "ingest.wrong_kind"),
    "web_page": mapped(csv("\n<!DOCTYPE html><title>502</title>"), "ingest.wrong_kind"),
    "spreadsheet": mapped(csv(b"PK\x03\x04" + bytes(400)), "ingest.wrong_kind"),
    "postgres_dump": mapped(csv(b"PGDMP\x01\x0e" + bytes(400)), "ingest.wrong_kind"),
    "postgres_script": mapped(
        csv(f"--\n-- PostgreSQL database dump\n--\nCOPY x FROM stdin;\n{ROW}\n"),
        "ingest.wrong_kind",
    ),
    "parquet_named_csv": mapped(csv(b"PAR1" + bytes(64) + b"PAR1"), "ingest.wrong_kind"),
    "mapping_outside": mapped(csv(ROWS), "spec.value", file="file: ../labs.csv"),
    # From here on rows are counted: the file is a table, and only some of its rows are wrong.
    "bom": mapped(csv("\ufeff" + ROWS)),
    "formula": mapped(csv(ROWS + ROW.replace("1,", "2,", 1).replace("5.4", "=cmd|'/C calc'!A0"))),
    "header_only": mapped(csv(HEAD)),
    "ragged": mapped(csv(f"{ROWS}1,2\n{ROW},{ROW}\n"), counted="odd_line"),
    "nul_in_code": mapped(csv(ROWS.replace("GLU", "G\0LU")), counted="odd_code"),
    "right_to_left": mapped(csv(ROWS.replace("GLU", "\u202eULG")), counted="odd_code"),
    "endless_code": mapped(csv(ROWS.replace("GLU", "G" * 900_000)), counted="odd_code"),
    "endless_id": mapped(csv(ROWS.replace(PERSON, "p" * 900_000)), counted="unknown_patient"),
    "endless_row_name": mapped(
        csv(ROWS.replace(f"1,{PERSON}", "1" * 900_000 + f",{PERSON}")), counted="odd_name"
    ),
    "nan_id": mapped(csv(ROWS.replace(PERSON, "NaN")), counted="unknown_patient"),
    "inf_id": mapped(csv(ROWS.replace(PERSON, "-inf")), counted="unknown_patient"),
    "negative_id": mapped(csv(ROWS.replace(PERSON, "-1"))),
    "year_1": mapped(
        csv(ROWS.replace("2024-03-01T10", "0001-01-01T10")), counted="impossible_time"
    ),
    "year_9999": mapped(
        csv(ROWS.replace("2024-03-01T11", "9999-12-31T11")), counted="impossible_time"
    ),
    "year_292277": mapped(
        csv(ROWS.replace("2024-03-01T10", "+292277-01-01T10")), counted="no_time"
    ),
    "far_number": mapped(csv(ROWS.replace("5.4", "1e999"))),
}
