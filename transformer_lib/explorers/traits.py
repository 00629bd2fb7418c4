"""The traits that hold an explorer's state: what its page can show, and that in words."""

from math import isnan
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from transformer_lib.style import short


class Number(traitlets.Float):
    """A number within bounds, and never NaN, which would pass any bound."""

    def validate(self, obj: Any, value: Any) -> float:
        """Give the number, or raise a TraitError."""
        number = super().validate(obj, value)
        if isnan(number):
            self.error(obj, value)
        return number


def numbers_like(default: ArrayLike, most: float = 99) -> Any:
    """Make a synced trait of numbers in lists, as deep and as long as the default's.

    Without `most`, the bounds are those of the page's number fields.

    >>> in_words(numbers_like([[0, 1], [2, 3], [4, 5]]))
    'a list of 3 lists of 2 numbers from −99 to 99'
    """
    array = np.asarray(default, dtype=np.float64)
    entry: Any = Number(min=-most, max=most)
    for n in array.shape[:0:-1]:
        entry = traitlets.List(entry, minlen=n, maxlen=n)
    n = len(array)
    return traitlets.List(entry, array.tolist(), minlen=n, maxlen=n).tag(sync=True)


def in_words(trait: Any, *, one: bool = True) -> str:
    """Say which values a trait takes, as one noun or as many.

    >>> in_words(traitlets.Enum(["2", "e"])), in_words(traitlets.Int(1, min=1, max=4))
    ("'2' or 'e'", 'a whole number from 1 to 4')
    """
    a, s = ("a ", "") if one else ("", "s")
    if isinstance(trait, traitlets.List):
        return f"{a}list{s} of {trait._minlen} {in_words(trait._trait, one=False)}"
    if isinstance(trait, traitlets.Bool):
        return "True or False" if one else "booleans"
    if isinstance(trait, traitlets.Enum):
        return " or ".join(map(repr, trait.values or []))
    if isinstance(trait, traitlets.Int | traitlets.Float):
        kind = "whole number" if isinstance(trait, traitlets.Int) else "number"
        return f"{a}{kind}{s} from {short(trait.min)} to {short(trait.max)}"
    return trait.info()  # one of ipywidgets' own, such as layout
