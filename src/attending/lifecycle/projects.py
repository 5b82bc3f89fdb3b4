"""A project's specs, read when a verb needs them, and the model that they speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from attending.lifecycle.provenance import ProjectState, project_state
from attending.specs.adopt import AdoptSpec
from attending.specs.checklist import CardWords
from attending.specs.cohort import CohortSpec
from attending.specs.contract import ContractSpec
from attending.specs.deployer import DeployerSpec
from attending.specs.features import FeaturesSpec
from attending.specs.model import ModelSpec
from attending.specs.monitoring import MonitoringSpec
from attending.specs.project import ProjectFolder, find_project
from attending.specs.read_yaml import read_spec
from attending.specs.release import ReleaseSpec
from attending.specs.validation import ValidationSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.specs.base import Spec

S = TypeVar("S", bound="Spec")


@dataclass(frozen=True)
class Project:
    """A folder of specs; each is read once, at its first use.

    Attributes:
        folder: where they lie.
        said: by file, specs that stand in place of those in the folder: a former run's.
        notebook: whether a notebook works with it.
    """

    folder: ProjectFolder
    said: Mapping[str, Spec] = field(default_factory=dict)
    notebook: bool = False

    @cached_property
    def contract(self) -> ContractSpec:
        """Return what the source promises."""
        return self._read("contract", ContractSpec)

    @cached_property
    def cohort(self) -> CohortSpec:
        """Return who is predicted for, and the label."""
        return self._read("cohort", CohortSpec)

    @cached_property
    def features(self) -> FeaturesSpec:
        """Return the features."""
        return self._read("features", FeaturesSpec)

    @cached_property
    def model(self) -> ModelSpec:
        """Return what is fitted."""
        return self._read("model", ModelSpec)

    @cached_property
    def validation(self) -> ValidationSpec:
        """Return how the model is judged."""
        return self._read("validation", ValidationSpec)

    @cached_property
    def release(self) -> ReleaseSpec:
        """Return how it is released and taken back."""
        return self._read("release", ReleaseSpec)

    @cached_property
    def monitoring(self) -> MonitoringSpec:
        """Return what is watched."""
        return self._read("monitoring", MonitoringSpec)

    @cached_property
    def deployer(self) -> DeployerSpec:
        """Return what who deploys the model owes beside it."""
        return self._read("deployer", DeployerSpec)

    @cached_property
    def card_words(self) -> CardWords:
        """Return what only people can say for checklists; nothing without a card.yaml."""
        if not self.folder.path("card").is_file():
            return CardWords()
        return self._read("card", CardWords)

    def _read(self, name: str, kind: type[S]) -> S:
        found = self.said.get(name)
        return found if isinstance(found, kind) else read_spec(self.folder.path(name), kind)

    @cached_property
    def state(self) -> ProjectState:
        """Return the commit of the folder and whether it is clean."""
        return project_state(self.folder.root)

    @cached_property
    def adopt(self) -> AdoptSpec:
        """Return what is said of a model that others built."""
        return self._read("adopt", AdoptSpec)

    @property
    def adopted(self) -> bool:
        """Return whether the model was built by others and only its scores are governed here."""
        return self.folder.path("adopt").is_file()

    @property
    def name(self) -> str:
        """Return the name of the model that the project is about."""
        return self.adopt.name if self.adopted else self.model.name


def open_project(folder: Path) -> Project:
    """Return the project in a folder; its specs are read when they are needed.

    Args:
        folder: where contract.yaml, cohort.yaml and the others lie.
    """
    return Project(folder=find_project(folder))
