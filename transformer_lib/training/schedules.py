"""The learning rate as a pure function of the step; the first step is 1."""

from collections.abc import Callable

from transformer_lib.shapes import InputError

Schedule = Callable[[int], float]


def inverse_root(step: int, *, d_model: int, warmup: int = 4000) -> float:
    r"""Give the paper's rate, d_model^(−1/2) · min(step^(−1/2), step · warmup^(−3/2)).

    It grows in a straight line until `warmup`, then falls as 1/√step.
    Source: Vaswani et al. (2017), section 5.3, equation 3.

    >>> [f"{inverse_root(step, d_model=512):.1e}" for step in (1, 4000, 16000)]
    ['1.7e-07', '7.0e-04', '3.5e-04']
    """
    _check(step, warmup)
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def linear_decay(step: int, *, peak: float, warmup: int, steps: int) -> float:
    """Grow in a straight line to `peak` at step `warmup`, then fall in one, to 0 after the last step.

    Source: Devlin et al. (2019), "BERT", appendix A.2.

    >>> [linear_decay(step, peak=1.0, warmup=2, steps=5) for step in (1, 2, 3, 5, 6)]
    [0.5, 1.0, 0.75, 0.25, 0.0]
    """
    _check(step, warmup)
    if steps < warmup:
        raise InputError(f"steps is {steps} and warmup is {warmup}: warm up for fewer steps than there are.")
    return peak * max(0.0, min(step / warmup, (steps + 1 - step) / (steps + 1 - warmup)))


def steady(step: int, *, peak: float, warmup: int) -> float:
    """Grow in a straight line to `peak` at step `warmup`, and stay there.

    >>> [steady(step, peak=1.0, warmup=2) for step in (1, 2, 3)]
    [0.5, 1.0, 1.0]
    """
    _check(step, warmup)
    return peak * min(1.0, step / warmup)


def _check(step: int, warmup: int) -> None:
    if step < 1 or warmup < 1:
        raise InputError(f"step is {step} and warmup is {warmup}: steps are counted from 1.")
