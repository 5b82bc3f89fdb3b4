"""X03: words from specs, files and the command line are never part of a statement of SQL.

No room of ours writes SQL for features, cohorts or contracts; the store binds every value. The one
place that takes a query, `source pull`, asks in a read-only transaction.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from ruamel.yaml import YAML

CANARY = "a word that nobody may read"
PAYLOADS = (
    "x'); DROP TABLE records;--",
    '"x" OR 1=1',
    "x' OR '1'='1",
    "x' UNION SELECT value FROM meta--",
    "read_text('CANARY')",
    "x; ATTACH DATABASE 'CANARY' AS y",
    "x'; COPY (SELECT 1) TO 'CANARY'",
    "x; PRAGMA writable_schema=1",
    "x' || load_extension('CANARY') || '",
    "x'/**/OR/**/1=1#",
    "%",
    "_",
    "x\\' OR 1=1 --",
)


@pytest.fixture
def held(ward):
    """A ward with data, built once, and a file beside it that nothing may read or write."""
    (ward.folder / "canary").write_text(CANARY)
    folder, _ = ward.write()
    ward.ingest(folder)
    ward.study()
    return ward


def loaded(ward):
    """Return the payloads, each with the place of the canary in it."""
    return [one.replace("CANARY", str(ward.folder / "canary")) for one in PAYLOADS]


def dump(ward):
    """Return everything that the store's database holds, as statements."""
    with closing(sqlite3.connect(ward.home / "store.db")) as database:
        return list(database.iterdump())


def whole(ward):
    """Check that the ledger is whole, and the canary as it was."""
    assert ward.asked("audit", "verify").json
    assert (ward.folder / "canary").read_text() == CANARY


def naive(tmp_path, payload):
    """Return what a statement put together from words gives: rows and whether a table is left."""
    with closing(sqlite3.connect(tmp_path / "naive.db")) as database:
        database.executescript(
            "DROP TABLE IF EXISTS records; CREATE TABLE records (code TEXT);"
            "INSERT INTO records VALUES ('a'), ('b');"
        )
        try:
            rows = database.execute(f"SELECT * FROM records WHERE code LIKE '{payload}'").fetchall()  # noqa: S608 - the control
        except sqlite3.Error:
            database.executescript(f"SELECT * FROM records WHERE (code = '{payload}")  # noqa: S608
            rows = []
        left = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return rows, left


@pytest.mark.fault("X03")
def test_x03_the_control_put_into_a_statement_these_words_read_and_destroy(tmp_path):
    assert naive(tmp_path, "c") == ([], 1)
    assert naive(tmp_path, PAYLOADS[0]) == ([], 0)  # the table is gone
    for payload in ("x' OR '1'='1", "%", "_"):
        assert len(naive(tmp_path, payload)[0]) == 2  # everything is read


@pytest.mark.fault("X03")
def test_x03_in_codes_lists_labels_and_filters_they_are_words_that_match_nothing(held):
    cohort = held.asked("cohort", "show").json
    words = loaded(held)
    held.feature("odd", codes=words, window="365d", aggregate="count", source=words[0])
    held.feature("listed", code_list="odd_list", window="365d", aggregate="count")
    held.specs(
        "features",
        lambda spec: spec.update(
            code_lists=[{"name": "odd_list", "version": words[0], "codes": words}]
        ),
    )
    held.specs("cohort", lambda spec: _leave_out(spec, words))
    held.asked("cohort", "build")
    built = held.asked("features", "build").json
    found = {one["name"]: one for one in built["features"]}
    assert found["odd"]["in_window"] == found["listed"]["in_window"] == 0
    assert found["sodium_last"]["in_window"] > 100
    # Dispositions of these words leave nobody out, so all whom one was left out for are in.
    again = held.asked("cohort", "show").json
    assert again["rows"] > cohort["rows"]
    assert (
        next(step for step in again["steps"] if step["name"] == "disposition_not")["removed"] == 0
    )
    for word in words:
        said = held.asked("cohort", "explain", word, code=2)
        assert CANARY not in said.out + said.err
    whole(held)


def _leave_out(spec, words):
    rule = next(one for one in spec["exclusions"] if one["rule"] == "disposition_not")
    rule["dispositions"] = words
    rule["title"] = words[0]


@pytest.mark.fault("X03")
@pytest.mark.parametrize("field", ["name", "code_list", "replacement"])
def test_x03_names_are_letters_and_anything_else_is_refused(held, field):
    before = dump(held)
    path = held.project / "features.yaml"
    kept = path.read_text()
    for word in loaded(held):
        path.write_text(kept)
        held.specs("features", lambda spec, word=word: spec["features"][-1].update({field: word}))
        said = held.run("features", "ls", "--project", str(held.project), "--json", code=2)
        assert said.json["code"] == "spec.value"
    assert dump(held) == before
    whole(held)


@pytest.mark.fault("X03")
def test_x03_on_the_command_line_they_find_nothing_and_change_nothing(held):
    before = dump(held)
    for word in loaded(held):
        for verb in (
            ("snapshot", "show", word),
            ("run", "show", word),
            ("features", "lineage", word),
            ("audit", "trail", word),
            ("cohort", "build", "--snapshot", word),
        ):
            project = held.project if verb[0] in {"run", "cohort"} else None
            where = ("--project", str(project)) if project else ()
            home = ("--home", str(held.home), "--at", "2024-03-01T06:00:00Z", "--json")
            said = held.run(*verb, *where, *home, code=2)
            assert CANARY not in said.out + said.err
        kept = held.asked("quarantine", "show", "--reason", word).json
        assert not json.dumps(kept).count("source_row")
    assert dump(held) == before
    whole(held)


MAPPING = """system: SYSTEM
version: "1"
time_zone: UTC
synthetic: true
tables:
  - name: vitals
    file: vitals.csv
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LAB//{test}"]
        time: {columns: [taken]}
        value: VALUE
"""


@pytest.mark.fault("X03")
def test_x03_as_headers_cells_and_names_of_sources_they_are_taken_as_they_stand(held):
    folder = held.folder / "odd"
    folder.mkdir()
    words = [word for word in loaded(held) if "'" in word and '"' not in word]
    at = "2024-01-01T00:00:00Z"
    for number, word in enumerate(words):
        rows = [f'row,patient,test,taken,"{word}",stored', f'{number},p1,"{word}",{at},7,{at}']
        (folder / "vitals.csv").write_text("\n".join(rows) + "\n")
        yaml = YAML()
        spec = yaml.load(MAPPING)
        spec["system"] = "lab"
        spec["tables"][0]["events"][0]["value"] = word
        with (held.folder / "mapping.yaml").open("w", encoding="utf-8") as stream:
            yaml.dump(spec, stream)
        mapping = ("--mapping", str(held.folder / "mapping.yaml"))
        said = held.asked("ingest", "mapped", str(folder), *mapping).json
        assert (said["accepted"], said["balanced"]) == (1, True)
        (row,) = held.events().to_pylist()
        assert (row["code"], row["numeric_value"]) == (f"LAB//{word}", 7.0)
    whole(held)


@pytest.fixture
def hospital(ward):
    """A hospital's database with a secret beside the results, and how to ask it."""
    path = ward.folder / "hospital.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE labs (id INTEGER, stored INTEGER);INSERT INTO labs VALUES (1, 1), (2, 2);"
        )
    (ward.folder / "canary").write_text(CANARY)
    address = ward.folder / "address"
    address.write_text(f"sqlite:///{path}\n")
    address.chmod(0o600)
    return ward


def pull(ward, query, watermark, code=0):
    """Pull with a query and a watermark; return what was said."""
    asked = ward.folder / "database.yaml"
    content = {"tables": [{"file": "labs", "query": query, "watermark": watermark}]}
    with asked.open("w", encoding="utf-8") as stream:
        YAML().dump(content, stream)
    into, address = ward.folder / f"pulled-{code}", ward.folder / "address"
    return ward.run(
        "source", "pull", str(asked), "--address-file", str(address), "--into", str(into),
        "--json", code=code,
    )  # fmt: skip


@pytest.mark.fault("X03")
def test_x03_a_source_is_read_by_what_was_asked_and_never_written(hospital):
    before = (hospital.folder / "hospital.db").read_bytes()
    canary = hospital.folder / "canary"
    for word in (*loaded(hospital), "stored) FROM labs; DROP TABLE labs--", 'stored" OR "1'):
        said = pull(hospital, "SELECT id, stored FROM labs", word, code=2)
        assert said.json["code"] == "source.query"
    for query in (
        "SELECT 1; DROP TABLE labs",
        "DROP TABLE labs",
        f"ATTACH DATABASE '{canary}' AS y",
        "PRAGMA writable_schema=1",
        f"COPY labs TO '{canary}'",
        f"SELECT load_extension('{canary}') AS stored",
        f"SELECT read_text('{canary}') AS stored",
        f"SELECT readfile('{canary}') AS stored",
        f"SELECT writefile('{canary}', 'x') AS stored",
        "WITH x AS (DELETE FROM labs RETURNING id) SELECT id AS stored FROM x",
        "SELECT id, stored FROM labs) AS a, (DROP TABLE labs",
    ):
        said = pull(hospital, query, "stored", code=2)
        assert CANARY not in said.out + said.err
    assert canary.read_text() == CANARY
    # The control: what was meant is read, all of it.
    assert pull(hospital, "SELECT id, stored FROM labs", "stored").json[0]["rows"] == 2
    assert (hospital.folder / "hospital.db").read_bytes() == before
