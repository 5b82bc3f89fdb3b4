"""A service whose answer waits until it is let go: `python -m tests.faults.serving FOLDER PORT`.

A third word, `plain`, runs it as the bare server would, for the control.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn

from attending.web.listen import serve


def app_of(folder: Path) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        (folder / "accepted").touch()
        while not (folder / "go").exists():
            await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"scored"})

    return app


if __name__ == "__main__":
    place, port = Path(sys.argv[1]), int(sys.argv[2])
    if "plain" in sys.argv:
        uvicorn.run(app_of(place), port=port, log_level="critical", lifespan="off")
    else:
        serve(app_of(place), "127.0.0.1", port)
