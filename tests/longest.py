"""The files of tests that take longest: they go first, so that no worker ends alone with one.

In the order of their seconds on two quiet cores; the order changes how long a run takes, never what
it shows. `pytest --durations=40` tells when one belongs here.
"""

from __future__ import annotations

#: Two that wait for each other at the tour of the hospital do not stand beside each other.
LONGEST = (
    "tests/journeys/test_icu_mortality.py",
    "tests/tour/test_for_everybody.py",
    "tests/journeys/test_demo.py",
    "tests/attacks/test_stored_scripts.py",
    "tests/journeys/test_mimic_iv.py",
    "tests/faults/test_running_service.py",
    "tests/journeys/test_numbers.py",
    "tests/journeys/test_diabetes.py",
    "tests/journeys/test_validation.py",
    "tests/tour/test_every_state.py",
    "tests/web/pages/test_in_browser.py",
    "tests/tour/test_by_keyboard.py",
    "tests/attacks/test_hostile_files.py",
    "tests/attacks/test_too_much.py",
    "tests/faults/test_runs.py",
    "tests/engines/test_spark_losses.py",
    "tests/cli/test_ingest_verbs.py",
    "tests/tour/test_closed.py",
    "tests/tour/test_tour.py",
    "tests/cli/test_every_data_set.py",
    "tests/lifecycle/test_adopting.py",
    "tests/tour/test_stories.py",
    "tests/lifecycle/test_change_story.py",
    "tests/faults/test_injection.py",
    "tests/attacks/test_phi_canaries.py",
    "tests/web/test_in_browser.py",
    "tests/web/test_model_pages_in_browser.py",
    "tests/lifecycle/test_silent_period.py",
    "tests/faults/test_reruns.py",
    "tests/statistics/test_coverage.py",
    "tests/journeys/test_recorded.py",
    "tests/cli/test_who_may.py",
    "tests/journeys/test_notebook.py",
    "tests/lifecycle/test_differing.py",
    "tests/faults/test_training.py",
    "tests/faults/test_data.py",
    "tests/lifecycle/test_nothing_unpickled.py",
    "tests/journeys/test_constructs.py",
    "tests/faults/test_memory.py",
)
