"""The course's colours and number format, the same in figures, explorers and pages."""

# One colour each for the whole book (Okabe-Ito): at least 3:1 on white and on #121212.
QUERY = "#0072B2"  # blue
KEY = "#D55E00"  # vermillion
VALUE = "#009E73"  # green
OUTPUT = "#CC79A7"  # purple
COLOURS = {"q": QUERY, "k": KEY, "v": VALUE, "b": OUTPUT}

INK, MUTED, GRID, PAPER = "#222832", "#5a6270", "#d5d9e0", "#ffffff"

WEIGHTS_MAP = "cividis"  # weights, always on 0 to 1
SCORES_MAP = "RdBu_r"  # scores, always centred on 0

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def sub(letter: str, *indices: int) -> str:
    """Write an index below the line: sub("α", 1, 2) is 'α₁,₂'.

    >>> sub("b", 1), sub("α", 1, 2)
    ('b₁', 'α₁,₂')
    """
    return letter + ",".join(str(i).translate(_SUBSCRIPTS) for i in indices)


def fmt(x: float, digits: int = 2) -> str:
    """Print a number with a true minus and without a minus zero, as the explorers do.

    >>> fmt(-1.5), fmt(-0.001), fmt(float("-inf"))
    ('−1.50', '0.00', '−∞')
    """
    if x == float("-inf"):
        return "−∞"
    return f"{0.0 if abs(x) < 0.5 * 10**-digits else x:.{digits}f}".replace("-", "−")


def short(x: float, digits: int = 3) -> str:
    """Print a number with as few digits as say it, as the explorers do.

    >>> short(2.0), short(-0.05), short(1 / 3)
    ('2', '−0.05', '0.333')
    """
    text = fmt(x, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def vector(entries: object, digits: int = 2) -> str:
    """Print a vector: vector([0.2, 1.7]) is '(0.20, 1.70)'.

    >>> vector([0.2, -1.7], digits=1)
    '(0.2, −1.7)'
    """
    return "(" + ", ".join(fmt(float(x), digits) for x in entries) + ")"  # type: ignore[attr-defined]
