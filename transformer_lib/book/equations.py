"""Equations set by KaTeX while the book is built: readers need no script to see or hear them."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.math import MathDomain
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from transformer_lib.book.plain import plain

LOG = logging.getLogger(__name__)
SCRIPT = Path(__file__).parents[2] / "tools" / "equations.mjs"
STYLE = "katex/katex.css"
CLASSES = "math notranslate nohighlight"


class KaTeX:
    """One Node.js process that sets all the formulas of a build, as HTML to see and MathML to hear."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, bool], dict[str, str]] = {}

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        node = shutil.which("node") or Path(sys.executable).with_name("node")
        pipe = subprocess.PIPE
        return subprocess.Popen([node, SCRIPT], stdin=pipe, stdout=pipe, encoding="utf-8")

    def html(self, node: nodes.math | nodes.math_block) -> str:
        """Set one formula; warn, and so end a strict build, where KaTeX cannot."""
        formula = (node.astext().strip(), isinstance(node, nodes.math_block))
        if formula not in self._answers:
            self._answers[formula] = self._ask(formula)
        answer = self._answers[formula]
        if "error" in answer:
            LOG.warning("KaTeX cannot set %r: %s", formula[0], answer["error"], location=node)
        return answer.get("html", "")

    def _ask(self, formula: tuple[str, bool]) -> dict[str, str]:
        asked, told = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        with suppress(BrokenPipeError):  # then there is no answer either
            print(json.dumps(formula), file=asked, flush=True)
        answer = told.readline()
        if not answer:
            raise ExtensionError("KaTeX does not run: `npm ci` installs it, with Node.js 18 or newer.")
        return json.loads(answer)

    def close(self) -> None:
        """End the process, if any formula has started it."""
        if "_process" in vars(self):
            self._process.communicate()

    def visit_inline(self, writer: HTML5Translator, node: nodes.math) -> None:
        """Write a formula within a line; a link takes its name from text, not from MathML."""
        linked = any(isinstance(one, nodes.reference) for one in (node.parent, node.parent.parent))
        name: dict[str, Any] = {"role": "math", "aria-label": plain(node.astext())} if linked else {}
        writer.body += [writer.starttag(node, "span", "", CLASS=CLASSES, **name), self.html(node), "</span>"]
        raise nodes.SkipNode

    def visit_block(self, writer: HTML5Translator, node: nodes.math_block) -> None:
        """Write a formula on lines of its own; it can be scrolled with the keyboard where it is wide."""
        writer.body.append(writer.starttag(node, "div", "", CLASS=CLASSES, tabindex="0"))
        if node["number"]:
            writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
            writer.add_permalink_ref(node, "Link to this equation")
            writer.body.append("</span>")
        writer.body += [self.html(node), "</div>\n"]
        raise nodes.SkipNode


class KeepMark(SphinxPostTransform):
    """Keep a comma or full stop on the line of the formula before it: browsers may break between them."""

    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Bind each formula to the marks that follow it."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(nodes.Text, descend=False, siblings=True)
            mark = re.match(r"[.,;:?!)’”]+", text or "")
            if text and mark and formula.parent.index(text) == formula.parent.index(formula) + 1:
                text.parent.replace(text, nodes.Text(text[mark.end() :]))
                bound = nodes.inline("", "", classes=["with-its-mark"])
                formula.replace_self(bound)
                bound += [formula, nodes.Text(mark[0])]


def _add_style(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Give a page KaTeX's style if it has a formula; the template loads the fonts."""
    context["equations"] = cast(MathDomain, app.env.get_domain("math")).has_equations(page)
    if context["equations"]:
        app.add_css_file(STYLE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    katex = KaTeX()
    app.add_html_math_renderer("katex", (katex.visit_inline, None), (katex.visit_block, None))
    app.add_post_transform(KeepMark)
    app.connect("html-page-context", _add_style)
    app.connect("build-finished", lambda app, error: katex.close())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
