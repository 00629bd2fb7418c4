"""What a chapter needs in a notebook: one call to set up, and the library's own source on show."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from IPython.core.getipython import get_ipython
from IPython.display import Markdown

from transformer_lib.plots import Figure, png


def set_up() -> None:
    """Print arrays to 3 decimals, and show figures as PNG with their alt text.

    Every chapter calls it once, in its first cell. Outside a notebook only the number format is set.
    """
    np.set_printoptions(precision=3, suppress=True)
    shell = get_ipython()
    if shell is not None:
        formatters: Any = shell.display_formatter
        formatters.formatters["image/png"].for_type(Figure, png)


def show_source(thing: Callable[..., Any]) -> Markdown:
    """Show a library function as it stands, without its docstring.

    >>> from transformer_lib.steps import self_attention
    >>> "return attention(" in show_source(self_attention).data
    True
    """
    source = inspect.cleandoc("\n" + inspect.getsource(thing))
    body = re.sub(r'\n *r?"""(?:.|\n)*?"""\n', "\n", source, count=1)
    return Markdown(f"```python\n{body.rstrip()}\n```")
