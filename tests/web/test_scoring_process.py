"""What the scoring process takes when it has imported all that it needs, beside bare libraries."""

from __future__ import annotations

import json
import subprocess
import sys

#: Most memory that the imports of the scoring process may take, in MiB.
MOST_MIB = 300
#: And at most so many times what its libraries take alone.
MOST_TIMES = 1.5
OURS = """
import attending.cli.app
from attending.cli.rubbish import none_sought
with none_sought():  # as `attending serve` does
    from attending.models.lightgbm_library import library
    library()
    import attending.cli.service, attending.engines.kernel, attending.lifecycle.admitting
    import attending.web.app, attending.web.front_desk, attending.web.draining
    import attending.web.listen, attending.web.slow_clients
"""
BARE = """
import authlib, cryptography.hazmat.primitives.asymmetric.ed25519, fastapi, httpx2, jinja2
import joserfc.jwt, numba, numpy, pint, pyarrow, pyarrow.compute, pyarrow.dataset, pydantic, rich
import ruamel.yaml, sqlalchemy, typer, uvicorn
"""
#: Of this process alone: what `getrusage` says begins at the size of who forked it.
TELL = """
import time
seconds = time.process_time()
import json, re
status = open("/proc/self/status").read()
mib = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024
print(json.dumps({"mib": mib, "seconds": seconds}))
"""
#: Both are run in turn, at least and at most so often; the least of each is what it takes when
#: nothing else is in the way.
LEAST, MOST = 4, 12


def taken(imports):
    """Return what a fresh process takes until all is imported: peak in MiB, processor seconds."""
    done = subprocess.run([sys.executable, "-c", imports + TELL], capture_output=True, check=True)
    return json.loads(done.stdout)


def test_the_scoring_process_imports_within_its_bar_of_memory():
    ours, bare = taken(OURS), taken(BARE)
    assert ours["mib"] <= MOST_MIB
    assert ours["mib"] <= MOST_TIMES * bare["mib"]
    # The control: what is held in memory is seen.
    assert taken(f"held = b'x' * ({MOST_MIB} << 20)\n")["mib"] > MOST_MIB


def test_the_scoring_process_imports_within_its_bar_of_processor_time():
    ours, bare = [], []
    for turn in range(1, MOST + 1):
        ours.append(taken(OURS)["seconds"])
        bare.append(taken(BARE)["seconds"])
        if turn >= LEAST and min(ours) <= MOST_TIMES * min(bare):
            break
    assert min(ours) <= MOST_TIMES * min(bare)
    # The control: what is computed is seen.
    over = MOST_TIMES * min(bare) + 0.01
    assert taken(f"import time\nwhile time.process_time() < {over}: pass\n")["seconds"] > over
