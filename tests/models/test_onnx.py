"""Models that are brought as ONNX: what passes, what does not, and that one row is one row."""

import numpy as np
import pytest

from attending.errors import BadInput, IntegrityBroken, Refused
from attending.models.bundle import read_bundle
from attending.models.protocol import expit
from attending.models.registered import MODELS
from attending.models.sampled_shares import sampled_shares
from tests.models import onnx_files
from tests.models.hospital_rows import NAMES, rows
from tests.models.test_bundle import bundle_of

X, Y = rows()
READ = MODELS.get("onnx").read


def expected(x):
    filled = np.where(np.isnan(x), np.array(onnx_files.MEDIANS), x)
    return expit(filled @ np.array(onnx_files.COEFFICIENTS) + onnx_files.INTERCEPT)


@pytest.mark.parametrize(
    "data",
    [
        onnx_files.whole(),
        onnx_files.by_name(),
        onnx_files.by_name(order=NAMES[::-1]),
    ],
    ids=["in a row", "by name", "by name, turned round"],
)
def test_features_go_in_by_name_and_the_risk_comes_out(data):
    np.testing.assert_allclose(READ(data, names=NAMES).risk(X), expected(X), rtol=1e-12)


def test_single_precision_is_taken_for_what_it_is():
    from onnx import TensorProto

    model = READ(onnx_files.whole(kind=TensorProto.FLOAT), names=NAMES)
    np.testing.assert_allclose(model.risk(X), expected(X), rtol=1e-4)
    assert (model.risk(X) != expected(X)).any()


def test_one_row_has_the_bits_of_the_batch():
    model = READ(onnx_files.whole(), names=NAMES)
    alone = np.concatenate([model.margin(X[k : k + 1]) for k in range(40)])
    np.testing.assert_array_equal(alone, model.margin(X)[:40])


@pytest.mark.fault("X06")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (onnx_files.custom_operator, "operators that are not ONNX's own"),
        (onnx_files.weights_elsewhere, "weights in another file"),
        (onnx_files.endless, "may not end"),
        (onnx_files.drawn, "may not end or not repeat"),
        (onnx_files.two_outputs, "2 outputs of numbers"),
        (onnx_files.a_map, "a list or a map"),
    ],
)
def test_x06_a_file_that_does_more_than_arithmetic_is_refused(change, said, tmp_path, monkeypatch):
    import onnx

    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(np.ones(5).tobytes())
    # Control: it is a file that ONNX's own library reads without a word.
    assert onnx.load_from_string(onnx_files.whole(change=change)).graph.node
    with pytest.raises(Refused) as refused:
        READ(onnx_files.whole(change=change), names=NAMES)
    assert refused.value.exit_code == 3 and said in refused.value.message, refused.value.message


@pytest.mark.parametrize("data", [b"", b"\x08", b"\x08\x08junk", b"\x80\x04.", b"{}", b"\x08" * 99])
def test_what_is_no_onnx_is_refused(data):
    with pytest.raises(Refused) as refused:
        READ(data, names=NAMES)
    assert refused.value.code == "model.format"


def test_cut_files_are_refused_wherever_they_are_cut():
    data = onnx_files.whole()
    for size in range(0, len(data), 7):
        with pytest.raises(Refused):
            READ(data[:size], names=NAMES)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (onnx_files.whole(told=False), "nothing that says which column is which"),
        (onnx_files.whole(names=NAMES[::-1]), "in another order"),
        (onnx_files.whole(names=NAMES[:4]), "misses noise"),
        (onnx_files.by_name(names=("sex", *NAMES[1:])), "misses age; has besides sex"),
    ],
)
def test_other_features_are_named(data, said):
    with pytest.raises(Refused) as refused:
        READ(data, names=NAMES)
    assert said in refused.value.message, refused.value.message


def test_a_value_that_is_no_probability_stops_the_scoring():
    model = READ(onnx_files.whole(change=onnx_files.not_a_risk), names=NAMES)
    with pytest.raises(Refused) as refused:
        model.risk(X)
    assert refused.value.code == "model.onnx_output"


def test_it_is_brought_and_never_fitted():
    with pytest.raises(BadInput) as refused:
        MODELS.get("onnx").fit(X, Y, names=NAMES, parameters={}, seed=1)
    assert refused.value.code == "model.brought"


def test_the_bundle_runs_the_bytes_that_were_hashed():
    bundle = bundle_of("onnx")
    files = bundle.files()
    assert files["model.onnx"] == onnx_files.whole()
    other = onnx_files.whole(change=lambda model: setattr(model, "producer_name", "test 2"))
    with pytest.raises(IntegrityBroken) as refused:
        read_bundle(files | {"model.onnx": other})
    assert refused.value.code == "model.digest"


def test_sampled_shares_are_those_of_a_line_and_the_same_each_time():
    bundle = bundle_of("onnx")
    x = bundle.prepare(X[:30])
    base = np.array([known.at(0.5) for known in bundle.references])
    shares = bundle.contributions(X[:30]) / bundle.calibration.slope
    line = (np.where(np.isnan(x), onnx_files.MEDIANS, x) - base) * onnx_files.COEFFICIENTS
    np.testing.assert_allclose(shares[:, :-1], line, atol=1e-3)
    np.testing.assert_array_equal(bundle.contributions(X[:30]), bundle.contributions(X[:30]))
    np.testing.assert_array_equal(bundle.contributions(X[:30])[7], bundle.contributions(X[7:8])[0])


def test_sampled_shares_come_close_to_the_exact_ones_where_features_work_together():
    def margin(x):
        return x[:, 0] * x[:, 1] + x[:, 2]

    row = np.array([[2.0, 3.0, 1.0]])
    shares = sampled_shares(margin, row, base=np.zeros(3))
    # By hand: the product is shared equally between the two that make it.
    np.testing.assert_allclose(shares, [[3.0, 3.0, 1.0, 0.0]], atol=1e-12)
