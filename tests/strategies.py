"""What the claims draw, and how near is near enough."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

few = settings(max_examples=25)
numbers = st.integers(-8, 8).map(lambda n: n / 8)
close = {"rtol": 0, "atol": 1e-9}


def table(*shape):
    """An array whose entries are eighths between −1 and 1."""
    return arrays(np.float64, shape, elements=numbers)
