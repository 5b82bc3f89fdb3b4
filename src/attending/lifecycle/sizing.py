"""Whether there are rows enough to develop a model: counted and said before anything is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.govern.policy import default_exception_signers
from attending.lifecycle import agreeing
from attending.lifecycle.cohorts import built_cohort
from attending.statistics.number_sample_size import residual_size
from attending.statistics.sample_size import development_size
from attending.train.checks import check_sample_size
from attending.train.parameters import candidate_parameters
from attending.train.split import split

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import SampleSize
    from attending.train.split import Split

_SPLIT = "split.temporal"


def planned_size(desk: Desk, project: Project) -> SampleSize | None:
    """Return what Riley's criteria ask for and what the split leaves; None for a brought model.

    Raises:
        Refused: the split leaks, or there are too few rows and the policy is to refuse.
    """
    cohort = built_cohort(desk, project)
    roles = frozenset(default_exception_signers())
    signed = agreeing.signed_exceptions(desk, project, _SPLIT, roles=roles)
    if project.model.split.kind == "group_random":
        agreeing.require_exception(desk, project, signed, condition=_SPLIT, roles=roles)
    label = project.cohort.label
    parts = split(
        project.model,
        cohort.table,
        horizon_us=label.horizon or 0,
        delay_us=label.delay,
        exception=bool(signed),
    )
    return size_of(project, cohort, parts)


def size_of(project: Project, cohort: BuiltCohort, parts: Split) -> SampleSize | None:
    """Return the rows that there are against those that are needed, once the policy allows it.

    Raises:
        Refused: too few, and the policy is to refuse.
    """
    spec = project.model
    if spec.estimator == "onnx":
        return None  # nothing is developed here
    parameters = candidate_parameters(spec, features=len(project.features.names))
    rows = len(parts.train)
    if spec.outcome_type != "yes_no":
        least = residual_size(parameters)
        return check_sample_size(spec, rows=rows, needed=least, parameters=parameters)
    needed = development_size(
        parameters, prevalence=cohort.record.prevalence or 0.0, r2=spec.sample_size.cox_snell_r2
    )
    checked = check_sample_size(spec, rows=rows, needed=needed.needed, parameters=parameters)
    events = next(item.events for item in parts.facts.slices if item.name == "train")
    told = {
        "events": events,
        "shrinkage": needed.shrinkage,
        "optimism": needed.optimism,
        "overall": needed.overall,
    }
    return checked.model_copy(update=told)


def in_words(size: SampleSize, *, estimator: str) -> list[str]:
    r"""Return the sample size as lines for people; the first says whether there are enough.

    >>> from attending.records.run import SampleSize
    >>> found = SampleSize(rows=900, needed=1200, parameters=9, policy="warn", events=80,
    ...     shrinkage=1200, optimism=300, overall=250)
    >>> print(*in_words(found, estimator="lightgbm"), sep="\n")
    sample size: TOO FEW: 900 training rows with 80 events, 1,200 needed for 9 parameters
      for shrinkage 1,200, for optimism 300, for the overall risk 250 (Riley 2020)
      for lightgbm this is a lower bound
      the risks of such a model are too extreme; the policy is to warn
    """
    verdict = "enough" if size.enough else "TOO FEW"
    there = f"{size.rows:,} training rows with {size.events or 0:,} events"
    asked = f"for shrinkage {size.shrinkage or 0:,}, for optimism {size.optimism or 0:,}"
    lines = [
        f"sample size: {verdict}: {there}, {size.needed:,} needed for {size.parameters} parameters",
        f"  {asked}, for the overall risk {size.overall or 0:,} (Riley 2020)",
    ]
    if estimator == "lightgbm":
        lines.append("  for lightgbm this is a lower bound")
    if not size.enough:
        lines.append(f"  the risks of such a model are too extreme; the policy is to {size.policy}")
    return lines
