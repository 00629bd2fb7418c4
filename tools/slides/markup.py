"""Markdown, formulas, code and outputs as HTML that needs no script."""

import re
import struct
from base64 import b64decode
from collections.abc import Sequence
from html import escape
from typing import Any

from docutils import nodes
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer, TextLexer

from slides.blocks import WIDGET_VIEW, markdown
from transformer_lib.book.equations import KaTeX

THEMES = {"light": "a11y-high-contrast-light", "dark": "a11y-high-contrast-dark"}


class Markup:
    """Writes HTML; one KaTeX process sets the formulas of all decks."""

    def __init__(self) -> None:
        self.katex = KaTeX()
        self.parser = markdown()
        rule = self.parser.add_render_rule
        rule("math_inline", lambda _, tokens, i, *__: self._with_its_mark(tokens, i))
        rule("math_block", lambda _, tokens, i, *__: self.formula(tokens[i].content, display=True))
        rule("fence", lambda _, tokens, i, *__: _fence(tokens[i]))

    def close(self) -> None:
        """End the KaTeX process."""
        self.katex.close()

    def formula(self, tex: str, display: bool) -> str:
        """Set one formula; a formula that KaTeX cannot set stops the build."""
        node = (nodes.math_block if display else nodes.math)(tex, tex)
        html = self.katex.html(node)
        if not html:
            raise ValueError(f"KaTeX cannot set {tex!r}. The warning above says why.")
        return f'<div class="formula">{html}</div>' if display else html

    def _with_its_mark(self, tokens: Sequence[Token], i: int) -> str:
        """Keep a comma or full stop on the line of the formula before it."""
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        mark = re.match(r"[.,;:?!)’”]+", after.content) if after and after.type == "text" else None
        if after and mark:
            after.content = after.content[mark.end() :]
        formula = self.formula(tokens[i].content, display=False)
        return f'<span class="with-its-mark">{formula}{mark[0]}</span>' if mark else formula

    def html(self, source: str) -> str:
        """Write Markdown; links lose their targets, since a class follows none."""
        return unlinked(self.parser.render(source))

    def sentence(self, source: str) -> str:
        """Write one sentence, without a paragraph around it."""
        return unlinked(self.parser.renderInline(source))

    def spoken(self, source: str) -> str:
        """Write Markdown for the speaker's window, which has no style for KaTeX: formulas as MathML."""
        html = re.sub(r'<span class="katex">.*?(<math.*?</math>)', r"<span>\1", self.html(source), flags=re.S)
        return re.sub(r'<span class="katex-html".*?</span>(?=</span>)', "", html, flags=re.S)


def unlinked(html: str) -> str:
    """Keep a link's words.

    >>> unlinked('see <a href="06.ipynb">chapter 6</a>')
    'see chapter 6'
    """
    return re.sub(r"</?a\b[^>]*>", "", html)


def code(source: str) -> str:
    """Write Python with the book's colours."""
    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))


def colours() -> str:
    """Give the style of the code in both themes."""
    return "\n".join(
        HtmlFormatter(style=style).get_style_defs(f'html[data-theme="{theme}"] .code')
        for theme, style in THEMES.items()
    )


def _fence(token: Token) -> str:
    if token.info == "python":
        return code(token.content)
    return highlight(token.content, TextLexer(), HtmlFormatter(cssclass="code"))


def printed(text: str) -> str:
    """Write what a cell has printed."""
    return f'<pre class="printed">{escape(text.rstrip())}</pre>'


def size(picture: str | list[str]) -> tuple[int, int]:
    """Read the width and height of a stored PNG from its first chunk."""
    return struct.unpack(">II", b64decode("".join(picture)[:32])[16:24])


def figure(data: dict[str, Any], metadata: dict[str, Any], kind: str = "figure") -> str:
    """Write a stored picture with its alt text, inside the page itself."""
    alt = escape(metadata.get("image/png", {}).get("alt", ""), quote=True)
    picture = "".join(data["image/png"]).replace("\n", "")
    return f'<img class="{kind}" alt="{alt}" src="data:image/png;base64,{picture}">'


def explorer(data: dict[str, Any], metadata: dict[str, Any]) -> str:
    """Write an explorer as the book's pages hold it, for the same host script, with its still twin."""
    view = data[WIDGET_VIEW]["model_id"]
    script = f'<script type="{WIDGET_VIEW}">{{"model_id": "{view}"}}</script>'
    return f'<div class="explorer" data-prevent-swipe>{script}{figure(data, metadata, "explorer-twin")}</div>'
