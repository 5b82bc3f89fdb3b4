"""The wheel carries what pages are made of: a program that was installed shows them too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWS = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from starlette.testclient import TestClient
import attending
from attending.lifecycle.desk import create_home
from attending.lifecycle.people import add_person
from attending.times import parse_instant
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from attending.web.glossary import words

now, home = parse_instant("2026-03-02T08:00:00Z"), Path(sys.argv[1])
desk = create_home(home, at=now, seed=7)
secret = "a long passphrase, 14"
add_person(desk, "nora", printed_name="Nora", roles=["nurse_leader"], passphrase=secret)
desk.home.close()
app = create_app(FrontDesk.open(home, clock=lambda: now))
reader = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000))
token = reader.get("/login").text.partition('name="token" value="')[2][:64]
fields = {"person": "nora", "passphrase": secret, "token": token, "back": "/glossary"}
page = reader.post("/login", data=fields)
files = [one.split('"')[0] for one in page.text.split('="/static/')[1:]]
print(json.dumps({
    "from": attending.__file__, "status": page.status_code, "words": len(words()),
    "shown": sum(one.meaning[:20] in page.text or one.word in page.text for one in words()),
    "files": {one: reader.get(f"/static/{one}").status_code for one in files},
}))
"""


@pytest.mark.requirement("I7")
def test_the_glossary_opens_from_an_installed_wheel_and_not_without_its_words(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    told = shown(site, tmp_path / "home")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["from"].startswith(str(site))
    assert found["status"] == 200
    assert found["shown"] == found["words"] > 200
    assert len(found["files"]) >= 4
    assert set(found["files"].values()) == {200}
    # Refusal: with the words left out of the wheel there is no page, and it would be seen here.
    (site / "attending" / "web" / "glossary.md").unlink()
    assert shown(site, tmp_path / "other").returncode != 0


def shown(site, home):
    env = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", SHOWS, str(home)]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, check=False, cwd=site.parent
    )
