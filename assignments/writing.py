"""How numbers are written in a problem set: as LaTeX to read, as code to run."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np


def matrix(rows: Any) -> str:
    r"""Write a table of numbers as a LaTeX matrix.

    >>> matrix([[1, -2], [0, 3]])
    '\\begin{pmatrix} 1 & -2 \\\\ 0 & 3 \\end{pmatrix}'
    """
    lines = " \\\\ ".join(" & ".join(map(short, row)) for row in np.asarray(rows).tolist())
    return f"\\begin{{pmatrix}} {lines} \\end{{pmatrix}}"


def vector(entries: Any) -> str:
    """Write a vector as the chapters do: vector([0, -1.5]) is '(0, −1.5)'."""
    return f"({', '.join(short(x) for x in entries)})".replace("-", "−")


def vectors(rows: Any) -> str:
    """Write one vector after the other."""
    return ", ".join(vector(row) for row in rows)


def short(x: Any) -> str:
    """Write a number without zeros that say nothing, and a fraction as one: short(2.0) is '2'."""
    return str(x) if isinstance(x, Fraction) else f"{float(x):g}"


def listed(values: Any) -> str:
    """Write numbers as code, fractions as text in quotes.

    >>> listed([Fraction(1, 2), Fraction(3)]), listed(np.eye(2))
    ("['1/2', 3]", '[[1, 0], [0, 1]]')
    """
    if isinstance(values, Sequence | np.ndarray) and not isinstance(values, str):
        return f"[{', '.join(listed(value) for value in values)}]"
    if isinstance(values, Fraction) and values.denominator > 1:
        return f"'{values}'"
    return short(float(values))


def in_full(values: Any) -> str:
    """Write floats as code, with all their digits."""
    return str(np.asarray(values).tolist())
