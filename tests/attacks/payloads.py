"""Sixty texts that would be script in a page that forgets to escape, each with its number.

Every one calls `ran(N)`. A page of ours has no such function: the tests put it there, to count.
"""

from __future__ import annotations

#: `N` stands for the number; each would run by itself or at the first touch of what it makes.
_SHAPES = (
    "<script>ran(N)</script>",
    "</script><script>ran(N)</script>",
    '"><script>ran(N)</script>',
    "'><script>ran(N)</script>",
    "<ScRiPt>ran(N)</sCrIpT>",
    "<script src='data:text/javascript,ran(N)'></script>",
    "<script type=module>ran(N)</script>",
    "</title><script>ran(N)</script>",
    "</textarea><script>ran(N)</script>",
    "</style><script>ran(N)</script>",
    "--><script>ran(N)</script>",
    "]]><script>ran(N)</script>",
    "</option></select><script>ran(N)</script>",
    "</code></p><script>ran(N)</script>",
    "<img src=x onerror=ran(N)>",
    '"><img src=x onerror=ran(N)>',
    "'><img src=x onerror=ran(N)>",
    "<img src=x onerror='ran(N)'//",
    "<IMG SRC=x ONERROR=ran(N)>",
    "<img/src=x/onerror=ran(N)>",
    "<img src=x onerror=&#114;an(N)>",
    "<img src='/static/attending.svg' onload=ran(N)>",
    "<image src=x onerror=ran(N)>",
    "<svg onload=ran(N)>",
    "<svg/onload=ran(N)>",
    "<svg><script>ran(N)</script></svg>",
    "<svg><animate onbegin=ran(N) attributeName=x dur=1s>",
    "<svg><set onbegin=ran(N) attributeName=x dur=1s>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='ran(N)'/>#x\"/></svg>",
    "<math><mtext><img src=x onerror=ran(N)></mtext></math>",
    "<body onload=ran(N)>",
    "<body onpageshow=ran(N)>",
    "<iframe src='javascript:parent.ran(N)'></iframe>",
    "<iframe srcdoc='<script>parent.ran(N)</script>'></iframe>",
    "<iframe onload=ran(N)></iframe>",
    "<object data='data:text/html,<script>parent.ran(N)</script>'></object>",
    "<embed src='javascript:ran(N)'>",
    "<video><source onerror=ran(N)></video>",
    "<video src=x onerror=ran(N)></video>",
    "<audio src=x onerror=ran(N)></audio>",
    "<details open ontoggle=ran(N)>",
    "<input autofocus onfocus=ran(N)>",
    "<textarea autofocus onfocus=ran(N)></textarea>",
    "<select autofocus onfocus=ran(N)></select>",
    "<button autofocus onfocus=ran(N)>",
    "<p tabindex=0 autofocus onfocus=ran(N)>",
    "<marquee onstart=ran(N)>",
    "<style>@keyframes k{}</style><p style='animation:k 1s' onanimationstart=ran(N)>",
    "<link rel=stylesheet href='data:text/css,' onload=ran(N)>",
    "<base href='javascript:ran(N)//'>",
    "<meta http-equiv=refresh content='0;url=javascript:ran(N)'>",
    "<form action='javascript:ran(N)'><button>go</button></form>",
    "<a href='javascript:ran(N)'>go</a>",
    "<a href='&#106;avascript:ran(N)'>go</a>",
    "javascript:ran(N)",
    '" onmouseover="ran(N)" autofocus onfocus="ran(N)" x="',
    "' onmouseover='ran(N)' autofocus onfocus='ran(N)' x='",
    "{{ 7*7 }}<script>ran(N)</script>{% raw %}",
    "${ran(N)}`;ran(N)//",
    "&lt;script&gt;ran(N)&lt;/script&gt;<noscript><p title='</noscript><img onerror=ran(N) src>'>",
)
PAYLOADS = tuple(shape.replace("N", str(place)) for place, shape in enumerate(_SHAPES, start=1))
#: What stands in the page before any script of ours: counts, and hears what the policy refused.
HEARD = """
window.heard = {ran: [], refused: []};
window.ran = (number) => { window.heard.ran.push(number); };
document.addEventListener('securitypolicyviolation', (event) => {
  window.heard.refused.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
#: Every event that a reader may cause without meaning to: a focus and a pointer over each thing.
TOUCHED = """() => {
  for (const node of document.querySelectorAll('main *')) {
    node.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
    if (node.tabIndex >= 0) node.focus({preventScroll: true});
  }
  return window.heard;
}"""
