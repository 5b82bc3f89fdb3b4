"""Put the run record together from what training gave and what `lifecycle` knows of the place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attending.digests import digest_bytes
from attending.records.run import FORM, ArtifactDigest, Package, Run, SampleSize
from attending.train.fit import Trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.bundle import Bundle
    from attending.models.number_bundle import NumberBundle
    from attending.specs.model import ModelSpec
    from attending.train.fit_numbers import TrainedNumbers
    from attending.train.split import Split


@dataclass(frozen=True)
class Provenance:
    """Where and with what a run was made.

    Attributes:
        project_commit: git commit of the project folder, empty where there is none.
        clean: whether the folder held no change beside it.
        code_digest: digest of the installed attending files.
        interpreter: such as `CPython 3.11.7`.
        platform: operating system, libc and machine.
        packages: every installed package.
        notebook: whether a notebook started the run.
    """

    project_commit: str
    clean: bool
    code_digest: str
    interpreter: str
    platform: str
    packages: tuple[Package, ...]
    notebook: bool = False
    unpinned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Materials:
    """Digests of what a run was made from, and of what was agreed before it."""

    snapshot: str
    contract_report: str | None
    cohort: str
    cohort_spec: str
    feature_table: str
    agreement: str | None = None
    exceptions: tuple[str, ...] = ()
    label: str = ""
    feature_version: str = ""
    specs: Mapping[str, str] = field(default_factory=dict)


def artifacts(trained: Trained | TrainedNumbers) -> dict[str, bytes]:
    """Return the files of a run: the model's under their names, others under `compare/NAME/`."""
    files: dict[str, bytes] = {}
    bundles: Mapping[str, Bundle | NumberBundle] = trained.bundles
    for at, (name, bundle) in enumerate(bundles.items()):
        folder = f"compare/{name}/" if at else ""
        files.update({folder + file: data for file, data in bundle.files().items()})
    return files


def digests_of(files: Mapping[str, bytes]) -> tuple[ArtifactDigest, ...]:
    """Return the digest of each file, in the order of their names.

    >>> [item.name for item in digests_of({"b": b"", "a": b""})]
    ['a', 'b']
    """
    return tuple(
        ArtifactDigest(name=name, digest=digest_bytes(data)) for name, data in sorted(files.items())
    )


def _place(provenance: Provenance) -> dict[str, Any]:  # fields of Run
    fields = {
        key: value for key, value in vars(provenance).items() if key not in {"notebook", "unpinned"}
    }
    ordered = sorted(provenance.packages, key=lambda item: (item.name, item.version))
    return fields | {"packages": tuple(ordered)}


def exploratory_reasons(provenance: Provenance, *, agreed: bool) -> tuple[str, ...]:
    """Return why a run is exploratory and passes no gate; empty when it is not.

    >>> exploratory_reasons(Provenance("", True, "d", "CPython", "Linux", ()), agreed=True)
    ('the project is not under version control',)
    """
    reasons = []
    if not provenance.project_commit:
        reasons.append("the project is not under version control")
    elif not provenance.clean:
        reasons.append("the project holds changes that are not committed")
    if provenance.notebook:
        reasons.append("a notebook made it")
    if not agreed:
        reasons.append("baselines and measures were not agreed and signed before the fit")
    reasons += [f"{name} is installed from a folder, not a release" for name in provenance.unpinned]
    return tuple(reasons)


def record(
    spec: ModelSpec,
    trained: Trained | TrainedNumbers,
    *,
    split: Split,
    provenance: Provenance,
    materials: Materials,
    sample_size: SampleSize | None = None,
) -> Run:
    """Return the run record of a fit."""
    reasons = exploratory_reasons(provenance, agreed=materials.agreement is not None)
    return Run(
        model=spec.name,
        outcome=spec.outcome,
        **_place(provenance),
        snapshot=materials.snapshot,
        contract_report=materials.contract_report,
        cohort=materials.cohort,
        cohort_spec=materials.cohort_spec,
        feature_set=trained.chosen.feature_set,
        feature_table=materials.feature_table,
        model_spec=spec.digest,
        split=split.facts,
        seed=spec.seed,
        estimator=spec.estimator,
        parameters=dict(trained.candidates[0].parameters),
        calibration=spec.calibration,
        baselines=tuple(item.called for item in spec.baselines),
        metrics_agreed=spec.metrics,
        candidates=trained.candidates,
        sample_size=sample_size,
        artifacts=digests_of(artifacts(trained)),
        agreement=materials.agreement,
        exploratory=bool(reasons),
        reasons=reasons,
        exceptions=materials.exceptions,
        class_weights=spec.class_weights,
        monotone=dict(spec.monotone),
        held_out_sites=trained.held_out_sites if isinstance(trained, Trained) else (),
        form=FORM,
        label=materials.label,
        feature_version=materials.feature_version,
        specs=dict(sorted(materials.specs.items())),
    )
