"""A bundle: read back, checked by its probes, and nothing that runs code is ever opened."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest

from attending.digests import canonical, digest_bytes
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.models.bundle import Bundle, probe_rows, read_bundle
from attending.models.calibration import CALIBRATIONS, Calibration
from attending.models.reference import correlated_pairs, summarise
from attending.models.registered import MODELS
from tests.models import onnx_files
from tests.models.hospital_rows import NAMES, rows

X, Y = rows()


def fitted_of(kind):
    if kind == "onnx":
        return MODELS.get(kind).read(onnx_files.whole(), names=NAMES)
    parameters = {"num_iterations": 20, "min_data_in_leaf": 10} if kind == "lightgbm" else {}
    return MODELS.get(kind).fit(X, Y, names=NAMES, parameters=parameters, seed=7)


def bundle_of(kind, calibration="platt", missing="native"):
    fitted = fitted_of(kind)
    line = CALIBRATIONS.get(calibration)(fitted.margin(X), Y)
    return Bundle(
        estimator=kind,
        fitted=fitted,
        calibration=line,
        feature_set="f" * 64,
        missing=missing,
        references=tuple(summarise(c, name=n) for n, c in zip(NAMES, X.T, strict=True)),
        risk_reference=summarise(fitted.risk(X), name="risk"),
        correlated=correlated_pairs(X, names=NAMES),
    )


@pytest.fixture(scope="module", params=MODELS.names())
def bundle(request):
    return bundle_of(request.param)


def test_a_bundle_is_read_back_with_the_same_risks_and_bytes(bundle):
    back = read_bundle(bundle.files())
    np.testing.assert_array_equal(back.risk(X), bundle.risk(X))
    assert back.files() == bundle.files()
    assert json.loads(bundle.files()["bundle.json"])["threshold"] is None


def test_calibrated_contributions_sum_to_the_calibrated_log_odds(bundle):
    np.testing.assert_allclose(bundle.contributions(X).sum(axis=1), bundle.margin(X), atol=1e-6)


def test_isotonic_contributions_sum_to_the_margin_before_calibration(bundle):
    steps = replace(bundle, calibration=Calibration("isotonic", knots=((-9.0, -5.0), (9.0, 5.0))))
    assert steps.scale == "log-odds before calibration"
    parts = steps.contributions(X).sum(axis=1)
    np.testing.assert_allclose(parts, steps.fitted.margin(X), atol=1e-6)
    np.testing.assert_array_equal(read_bundle(steps.files()).risk(X), steps.risk(X))


def test_a_gap_where_training_had_none_takes_the_median_and_not_zero():
    trees = bundle_of("lightgbm")
    gap, median = X[:50].copy(), X[:50].copy()
    gap[:, 0] = np.nan
    median[:, 0] = trees.references[0].at(0.5)
    np.testing.assert_array_equal(trees.risk(gap), trees.risk(median))
    zero = gap.copy()
    zero[:, 0] = 0.0
    # What the trees alone would do with a gap that they never met.
    np.testing.assert_array_equal(trees.fitted.risk(gap), trees.fitted.risk(zero))
    assert (trees.risk(gap) != trees.fitted.risk(zero)).any()


def test_imputing_fills_every_gap():
    filled = bundle_of("lightgbm", missing="impute")
    assert not np.isnan(filled.prepare(X)).any()
    assert np.isnan(bundle_of("lightgbm").prepare(X)).any()


def test_rows_of_another_width_are_refused(bundle):
    with pytest.raises(BadInput) as refused:
        bundle.risk(X[:, :3])
    assert refused.value.code == "model.features"


def test_no_probe_row_is_a_patient(bundle):
    probes = probe_rows(bundle.references)
    assert probes.shape == (15, len(NAMES))
    assert not any((np.nan_to_num(X) == np.nan_to_num(row)).all(axis=1).any() for row in probes)


def test_a_changed_model_file_is_found(bundle):
    files = bundle.files()
    name = next(file for file in files if file != "bundle.json")
    changed = files[name].replace(b"1", b"2", 1)
    with pytest.raises((IntegrityBroken, Refused)) as refused:
        read_bundle(files | {name: changed})
    assert refused.value.code == "model.digest"


def test_a_changed_model_with_a_mended_digest_is_found_by_its_probes(bundle):
    files = bundle.files()
    content = json.loads(files["bundle.json"])
    content["calibration"]["slope"] += 1e-6
    with pytest.raises(IntegrityBroken) as refused:
        read_bundle(files | {"bundle.json": canonical(content)})
    assert refused.value.code == "model.probe"


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: c.pop("probes"),
        lambda c: c.update(probes={"inputs": [], "risks": []}),
        lambda c: c.update(estimator=3),
        lambda c: c.update(estimator="forest"),
        lambda c: c.update(names=["a"]),
        lambda c: c.update(format="attending.bundle/9"),
        lambda c: c["calibration"].update(kind="magic"),
        lambda c: c["references"][0].update(quantiles="x"),
    ],
)
def test_a_bundle_of_other_fields_is_refused(bundle, edit):
    content = json.loads(bundle.files()["bundle.json"])
    edit(content)
    with pytest.raises((Refused, BadInput)):
        read_bundle(bundle.files() | {"bundle.json": canonical(content)})


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (open, (self.marker, "w"))


def zipped(**files):
    """Return a zip archive of files, as several libraries store their models."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return stream.getvalue()


def saved(save, what):
    """Return what a library writes of an object."""
    stream = io.BytesIO()
    save(stream, what)
    return stream.getvalue()


def foreign(marker):
    """What people bring instead of a model, each under a model's name."""
    evil, payload = pickle.dumps(Payload(marker)), Payload(marker)
    line = b'{"class_name": "Lambda", "config": {"function": ["' + evil.hex().encode() + b'"]}}'
    skops = json.dumps({"__class__": "Payload", "__module__": __name__, "__loader__": "ObjectNode"})
    objects = np.array([payload], dtype=object)
    return {
        "pickle": evil,
        "pickle 0": pickle.dumps(Payload(marker), protocol=0),
        "pickle 2": pickle.dumps(Payload(marker), protocol=2),
        "compressed pickle": zlib.compress(evil),
        "joblib": saved(lambda stream, what: joblib.dump(what, stream), payload),
        "joblib packed": saved(lambda stream, what: joblib.dump(what, stream, compress=3), payload),
        "gzip of a pickle": gzip.compress(evil),
        "xz of a pickle": lzma.compress(evil),
        "bz2 of a pickle": bz2.compress(evil),
        "7z": b"7z\xbc\xaf\x27\x1c\x00\x04" + evil,
        "torch": zipped(archive__data_pkl=evil, archive__version=b"3"),
        "keras with a lambda": zipped(config_json=line, metadata_json=b"{}"),
        "skops of an unknown type": zipped(schema_json=skops),
        "numpy objects": saved(np.save, objects),
        "numpy archive of objects": saved(lambda stream, what: np.savez(stream, a=what), objects),
        "zip": b"PK\x03\x04" + evil,
        "gzip": b"\x1f\x8b\x08" + evil,
        "numpy": b"\x93NUMPY\x01\x00" + evil,
        "hdf5": b"\x89HDF\r\n\x1a\n" + evil,
        "onnx": b"\x08\x07\x12\x07pytorch" + evil,
        "polyglot text": b"tree\nversion=v4\n" + evil,
        "polyglot json": b'{"a":1}' + evil,
        "polyglot zip": b'{"a":1}' + zipped(data_pkl=evil),
        "deep json": b'{"a":' * 100_000,
    }


LOADER = """
import sys, pathlib
from attending.errors import Refused
from attending.models.bundle import read_bundle
ALARMS = ('pickle', 'exec', 'compile', 'os.system', 'subprocess')
seen, count = [], 0
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith(ALARMS) else None)
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    data = path.read_bytes()
    for name in ('model.txt', 'model.json', 'model.pkl'):
        for files in ({name: data, 'bundle.json': b'{}'}, {name: b'{}', 'bundle.json': data}):
            try:
                read_bundle(files)
            except Refused as refused:
                assert refused.code == 'model.format' and refused.exit_code == 3
                count += 1
print(count, seen, 'pickle' in sys.modules and 'joblib' in sys.modules)
"""


@pytest.mark.fault("X06")
def test_nothing_that_runs_code_is_opened_whatever_it_is_called(tmp_path):
    marker = tmp_path / "marker"
    # Control: loaders without the guard run the payload.
    files = foreign(marker)
    loaders = {
        "pickle": pickle.loads,  # noqa: S301 - the bad outcome, once
        "joblib": lambda data: joblib.load(io.BytesIO(data)),
        "joblib packed": lambda data: joblib.load(io.BytesIO(data)),
        "numpy objects": lambda data: np.load(io.BytesIO(data), allow_pickle=True)[0],
    }
    for what, load in loaders.items():
        load(files[what]).close()  # the bad outcome, once each
        assert marker.exists(), what
        marker.unlink()
    for what, data in files.items():
        (tmp_path / what).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == f"{6 * len(files)} [] False"
    assert not marker.exists()


def test_the_right_digest_does_not_make_a_foreign_file_a_model(bundle, tmp_path):
    content = json.loads(bundle.files()["bundle.json"])
    name = content["file"]["name"]
    evil = b"tree\n" + foreign(tmp_path / "m")["pickle"]
    evil = {"model.txt": evil, "model.onnx": b"\x08\x08" + evil}.get(name, b'{"format":1}')
    content["file"]["digest"] = digest_bytes(evil)
    with pytest.raises(Refused) as refused:
        read_bundle({name: evil, "bundle.json": canonical(content)})
    assert refused.value.code == "model.format"


def test_two_features_that_move_together_are_named(bundle):
    assert [pair[:2] for pair in bundle.correlated] == [("creatinine", "urea")]
