"""What `cohort.yaml` may say, and how it is refused with the line and the field."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.specs.base import dump
from attending.specs.cohort import CohortSpec
from attending.specs.read_yaml import parse_spec

TEXT = b"""
name: readmission_30d
version: 1.10
construct:
  meaning: an unplanned return to hospital
  proxy: true
  note: admissions to other hospitals are not seen
index: {event: discharge, classes: [INPATIENT]}
observation_window: 365d
eligibility:
  - {rule: age_at_least, years: 18}
exclusions:
  - {rule: alive_at_discharge, title: left alive}
  - {rule: disposition_not, dispositions: [AMA]}
label:
  kind: readmission
  horizon: 30d
  readmission:
    planned: {admission_types: [ELECTIVE], as: excluded}
  competing: {death: no_event}
  delay: 3d
groups:
  sex: {prefix: GENDER//}
  age: {bands: [18, 65]}
  site: {column: site}
"""


def refused(before, after):
    assert before in TEXT
    with pytest.raises(BadInput) as error:
        parse_spec(TEXT.replace(before, after), CohortSpec, name="cohort.yaml")
    return str(error.value)


@pytest.mark.requirement("A6")
def test_the_label_is_an_object_that_a_machine_reads_and_writes_back():
    spec = parse_spec(TEXT, CohortSpec, name="cohort.yaml")
    assert spec.version == "1.10"
    assert spec.label.horizon == 30 * 86_400_000_000
    assert dump(spec)["label"]["readmission"]["planned"]["as"] == "excluded"
    assert dump(spec)["construct"]["proxy"] is True
    assert CohortSpec.model_validate(dump(spec)) == spec
    assert CohortSpec.model_validate(dump(spec)).digest == spec.digest
    assert "needs a note" in refused(b"  note: admissions to other hospitals are not seen\n", b"")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"years: 18", b"yeers: 18", "Did you mean 'years'?"),
        (b"rule: age_at_least", b"rule: age_atleast", "age_at_least"),
        (b"  horizon: 30d\n", b"", "needs the field 'horizon'"),
        (b"horizon: 30d", b"horizon: 0d", "horizon of zero"),
        (b"  competing: {death: no_event}\n", b"", "'competing' says"),
        (b"death: no_event", b"death: ignored", "'no_event', 'excluded' or 'competing'"),
        (b"kind: readmission", b"kind: code_value", "'readmission' is for labels of that kind"),
        (b"event: discharge", b"event: landmark", "'after' is the length"),
        (b"event: discharge", b"event: admission", "reads the end of the stay"),
        (b"bands: [18, 65]", b"bands: [65, 18]", "do not ascend"),
        (b"column: site", b"column: ward", "'site'"),
        (b"prefix: GENDER//", b"bands: [1], prefix: GENDER//", "expected one of"),
        (b"classes: [INPATIENT]", b"classes: []", "at least one class"),
        (b"sex:", b"Sex:", "a-z"),
    ],
)
def test_what_does_not_add_up_is_refused_with_what_to_write(before, after, said):
    message = refused(before, after)
    assert message.startswith("cohort.yaml:")
    assert said in message
