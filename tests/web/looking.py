"""Looking at a page as a reader does: it fits, nothing overlaps, axe finds nothing."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
#: Pictures of each step of the stories are kept here, and of pages on which something is wrong; of
#: all pages, when it is asked for.
PICTURES = Path(os.environ.get("ATTENDING_SCREENSHOTS", "build/screenshots"))
ALL_PICTURES = "ATTENDING_SCREENSHOTS" in os.environ
AXE = Axe().axe_script
#: Only what is wrong comes back from the page: the lists of what is right are long.
RUN_AXE = """async (options) => (await axe.run(document, options)).violations
  .flatMap((one) => one.nodes.map((node) => [one.id, node.target]))"""
#: What is wider than its place must be moved by keys; on a narrow page more is.
BY_KEYS = {"runOnly": ["scrollable-region-focusable"]}
#: What of a page is wrong for the eye: wider than the window, cut off, or one text over another.
AMISS = """() => {
  const amiss = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) amiss.push(`the page is ${wide} wide`);
  const hidden = (node) => !node.checkVisibility({opacityProperty: true, visibilityProperty: true})
    || node.closest('.unseen, .skip, .rest, caption.quiet, caption.titled, .stack thead');
  const texts = [], seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest('script, style') || hidden(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      if (box.right > innerWidth + 1 || box.left < -1) amiss.push(`cut off: ${node.data.trim()}`);
      texts.push({box, parent, said: node.data.trim().slice(0, 40)});
    }
    for (let up = parent; up && !seen.has(up); up = up.parentElement) {
      seen.add(up);
      const style = getComputedStyle(up);
      if (/hidden|clip/.test(style.overflowX) && up.scrollWidth > up.clientWidth + 1)
        amiss.push(`clipped: ${node.data.trim().slice(0, 40)}`);
    }
  }
  for (let i = 0; i < texts.length; i++)
    for (let j = i + 1; j < texts.length; j++) {
      const a = texts[i].box, b = texts[j].box;
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 2 && y > Math.min(a.height, b.height) * 0.35)
        amiss.push(`overlap: ${texts[i].said} / ${texts[j].said}`);
    }
  for (const cell of document.querySelectorAll('td[data-label]')) {
    const label = getComputedStyle(cell, '::before'), height = parseFloat(label.height);
    if (label.content !== 'none' && !hidden(cell) && height > cell.clientHeight + 1)
      amiss.push(`longer than its cell: ${cell.dataset.label}`);
  }
  return [...new Set(amiss)];
}"""


@contextmanager
def serving(app):
    """Give the address at which an app is served to browsers."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=60)


def sign_in(page, address, person, passphrase):
    """Sign in as a person would."""
    page.goto(f"{address}/login")
    page.fill("#person", person)
    page.fill("#passphrase", passphrase)
    page.click("button.main")
    page.wait_for_url(f"{address}/")


def amiss(page):
    """Return what a reader would see wrong with the page that is open."""
    return page.evaluate(AMISS)


def violations(page, *, options=None):
    """Return what axe finds: rule and place; `options` are axe's own."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(RUN_AXE, {"resultTypes": ["violations"], **(options or {})})
    return [f"{rule}: {target}" for rule, target in found]


def look_here(page, name):
    """Return all that is wrong with the page that is open, wide and narrow, light and dark.

    It is not opened again, so what a form led to is looked at too.
    """
    found = []
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width}: {one}" for one in amiss(page)]
        if width == min(WIDTHS):
            found += [f"{width}: {one}" for one in violations(page, options=BY_KEYS)]
    for theme in THEMES:  # colours are all that a theme changes
        page.emulate_media(color_scheme=theme)
        only = None if theme == THEMES[0] else {"runOnly": ["color-contrast"]}
        found += [f"{theme}: {one}" for one in violations(page, options=only)]
    if found or ALL_PICTURES:
        keep_picture(page, f"state-{name}-{THEMES[-1]}")
    page.emulate_media(color_scheme=THEMES[0])
    return found


def keep_picture(page, name):
    """Keep a picture of the whole page under build/screenshots."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def look_at(page, address, paths, *, prefix=""):
    """Return by path, width and theme all that is wrong.

    Each page is opened once, wide and light, and looked at whole in all four forms: the window is
    made narrow and the colours dark under the open page, as when a reader turns a tablet or evening
    comes. No page asks for either in a script, so what the style sheet says is all that changes.
    """
    found = {}
    for path in paths:
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.emulate_media(color_scheme=THEMES[0])
        page.goto(address + path)
        for width, theme in product(WIDTHS, THEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            wrong = amiss(page) + violations(page)
            name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:40] or "today"
            if wrong or ALL_PICTURES:
                keep_picture(page, f"{prefix}{name}-{width}-{theme}")
            if wrong:
                found[f"{path} {width} {theme}"] = wrong
    return found
