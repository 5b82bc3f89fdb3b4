"""What a team says of a model that others built and that is in use already (`adopt.yaml`)."""

from __future__ import annotations

from typing import Literal

from attending.specs.base import Length, Spec
from attending.specs.release import Text  # noqa: TC001 - pydantic reads it at run time


class ColumnsSpec(Spec):
    """Which column of a file of scores is what; found by its name where nothing is said.

    Attributes:
        event: the word in the column of outcomes that is the event.
        percent: whether scores are percentages.
    """

    outcome: str = ""
    risk: str = ""
    patient: str = ""
    time: str = ""
    site: str = ""
    event: str = ""
    percent: bool | None = None


class AdoptSpec(Spec):
    """`adopt.yaml`: who built the model, where it stands, and why it may stay there for now.

    Attributes:
        made_by: who computes the scores, with what and in which version; another text is another
            version of the model.
        training_data: what it was fitted on.
        stage: the stage that it enters; live when its scores are shown to people everywhere.
        reason: why it may stay in use although the gates before were never passed.
        accepted_for: how long what is not shown is accepted, from the proposal on.

    >>> AdoptSpec(name="icu", outcome="death", made_by="vendor 2.1", stage="live",
    ...           reason="in use since 2023", accepted_for="90d").training_data
    'not known'
    """

    name: Text
    outcome: Text
    made_by: Text
    training_data: Text = "not known"
    stage: Literal["trained", "validated", "silent", "limited", "live"]
    reason: Text
    accepted_for: Length
    columns: ColumnsSpec = ColumnsSpec()
