"""Sample sizes that pmvalsampsize gives (GPL-3), frozen into the tests; it runs by itself alone.

It is not asked for net benefit: release 0.2.1 fails where a threshold is given.
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


def main() -> None:
    """Write the rows that each criterion asks for, as the program prints them."""
    made = {}
    for name, asked in ASKED.items():
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            pmvalsampsize(type="b", simobs=1_000_000, seed=123456, **asked)
        rows = re.findall(r"Criteria (\d)[^\n]*?\s(\d{2,})\s", shown.getvalue())
        made[name] = {"asked": asked, "criteria": {k: int(v) for k, v in rows}}
    Path(sys.argv[1]).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
