"""Sample sizes that pmvalsampsize gives (GPL-3), frozen into the tests; it runs by itself alone.

Where a threshold is given release 0.2.1 works out the rows for net benefit, and fails before it
prints them, for a name of its further criteria has no value. What it had worked out is read from
where it failed; nothing of it is changed.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path

from pmvalsampsize.pmvalsampsize import pmvalsampsize

ASKED = {
    "rare": {
        "prevalence": 0.018, "cstatistic": 0.8, "lpnormal": (-5, 2.5), "oeciwidth": 1.0,
    },
    "common": {
        "prevalence": 0.14, "cstatistic": 0.7, "lpnormal": (-2.1, 0.9), "oeciwidth": 0.4,
        "csciwidth": 0.3,
    },
}  # fmt: skip

#: What the model does at a threshold, beside what is asked above.
NET_BENEFIT = {
    "rare": {"sensitivity": 0.5, "specificity": 0.95, "threshold": 0.08},
    "common": {"sensitivity": 0.6, "specificity": 0.7, "threshold": 0.15, "nbciwidth": 0.3},
}  # fmt: skip


def net_benefit(asked: dict) -> dict:
    """Return the rows for net benefit and the standard error, as they stood where it failed."""
    try:
        pmvalsampsize(type="b", simobs=1000, seed=1, noprint=True, **asked)
    except UnboundLocalError as error:
        trace = error.__traceback__
        while trace.tb_next is not None:
            trace = trace.tb_next
        held = trace.tb_frame.f_locals
        return {"rows": int(held["n4"]), "se": float(held["se_nb"])}
    raise SystemExit("this release no longer fails: read what it prints")


def main() -> None:
    """Write the rows that each criterion asks for, as the program prints them."""
    made = {}
    for name, asked in ASKED.items():
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            pmvalsampsize(type="b", simobs=1_000_000, seed=123456, **asked)
        rows = re.findall(r"Criteria (\d)[^\n]*?\s(\d{2,})\s", shown.getvalue())
        more = NET_BENEFIT[name]
        made[name] = {
            "asked": asked,
            "criteria": {k: int(v) for k, v in rows},
            "net_benefit": {"asked": more, **net_benefit({**asked, **more})},
        }
    Path(sys.argv[1]).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
