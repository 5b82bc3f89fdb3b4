"""A release plan is of the project's model, whoever built that model."""

import pytest

from attending.errors import Refused
from attending.lifecycle import releasing, signing
from attending.lifecycle.desk import create_home
from attending.lifecycle.examples import copy_example
from attending.lifecycle.projects import open_project
from attending.times import parse_instant

AT = parse_instant("2026-03-01T06:00:00Z")


def test_the_plan_of_another_model_is_neither_proposed_nor_entered(tmp_path):
    desk = create_home(tmp_path / "home", at=AT)
    folder = tmp_path / "project"
    copy_example("readmission-synthetic", folder)
    own = signing.propose_specs(desk, open_project(folder))
    assert own["release"]
    plan = folder / "release.yaml"
    plan.write_text(plan.read_text().replace("model: readmission-30d", "model: sepsis"))
    other = open_project(folder)
    told = "release.yaml is of the model 'sepsis', model.yaml of 'readmission-30d'"
    for act in (
        lambda: signing.propose_specs(desk, other),
        lambda: signing.propose_specs(desk, other, ("release",)),
        lambda: releasing.advance(desk, other, "silent"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.message == told
    # What is no plan is proposed as ever.
    assert signing.propose_specs(desk, other, ("data_access",))
    desk.home.close()
