"""Chapter 8: positions as hands that turn, and the score of two positions by their distance."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import Number, numbers_like
from transformer_lib.plots import Figure
from transformer_lib.plots.dials import dials
from transformer_lib.shapes import Array
from transformer_lib.steps import alibi, rope, rotation, sinusoidal
from transformer_lib.steps.positions import frequencies

OFFSETS = np.arange(-20, 21)


class PositionDials(Explorer):
    """A dial a pair of entries, with a hand for pos and one for pos + k: k alone is what they show.

    >>> n = PositionDials().numbers()
    >>> [round(x, 3) for x in n["shares"]], round(n["score"], 3)
    ([-0.416, 1.0], 0.584)
    >>> [round(x) for x in PositionDials(kind="rope").numbers()["curve"][20:24]]
    [5, 5, -5, -5]
    """

    script = "position_dials"
    kind = traitlets.Enum(["sinusoidal", "rope", "alibi"], default_value="sinusoidal").tag(sync=True)
    d_model = traitlets.Enum([4, 6, 8, 10, 12, 14, 16], default_value=4).tag(sync=True)
    pos = traitlets.Int(1, min=0, max=50).tag(sync=True)
    k = traitlets.Int(2, min=-20, max=20).tag(sync=True)
    q = numbers_like([1, 2], most=9)  # for RoPE
    key = numbers_like([3, 1], most=9)
    angle = Number(90.0, min=0, max=90).tag(sync=True)  # degrees a position
    head = traitlets.Int(1, min=1, max=8).tag(sync=True)  # for ALiBi, of 8

    def numbers(self) -> dict[str, Any]:
        """Compute the hands (a pair of entries each) and the score of every offset from −20 to 20.

        `here` and `there` are PE(pos) and PE(pos + k), or the query and the key that RoPE turned;
        `shares` are the dot products of their pairs and `score` is the sum. ALiBi has no hands.
        """
        here, there = self._hands()
        curve = (
            alibi(8, len(OFFSETS), len(OFFSETS))[self.head - 1, 20] if self.kind == "alibi" else there @ here
        )
        at = there[self.k + 20]
        return {
            "frequencies": self._frequencies().tolist(),
            "here": here.tolist(),
            "there": at.tolist(),
            "shares": (here * at).reshape(-1, 2).sum(axis=1).tolist(),
            "score": float(curve[self.k + 20]),
            "curve": curve.tolist(),
        }

    def twin(self) -> Figure:
        n = self.numbers()
        score, names = (
            style.short(n["score"]),
            [f"{style.sub('ω', i + 1)} = {w:.3g}" for i, w in enumerate(n["frequencies"])],
        )
        there = self.pos + self.k
        before = f"; {_int(there)} is before the start" if there < 0 else ""
        title, told = {
            "sinusoidal": (
                f"PE({self.pos})·PE({_int(there)}) = {score},\n"
                f"as for any two positions {abs(self.k)} apart{before}",
                "PE(pos)·PE(pos + k)",
            ),
            "rope": (
                f"At offset k = {_int(self.k)} q and key score {score},\nwherever the pair stands{before}",
                "score of q at pos and key at pos + k",
            ),
            "alibi": (
                f"ALiBi's head {self.head} adds {score} to the score of a key {abs(self.k)} away",
                "added to the score",
            ),
        }[self.kind]
        if self.kind == "rope":
            names = [f"{style.short(self.angle, 1)}° a position"]
        return dials(n["here"], n["there"], title, names=names, curve=n["curve"], k=self.k, label=told)

    def _frequencies(self) -> Array:
        """Give the angle by which each pair turns a position."""
        if self.kind == "sinusoidal":
            return frequencies(self.d_model, 10_000.0)
        return np.radians([self.angle] if self.kind == "rope" else [])

    def _hands(self) -> tuple[Array, Array]:
        """Give what stands at pos (d,), and what stands at each offset from it (41, d)."""
        if self.kind == "sinusoidal":
            here = sinusoidal(self.pos + 1, self.d_model)[self.pos]
            return here, np.stack([rotation(float(k), self.d_model) @ here for k in OFFSETS])
        if self.kind == "rope":
            turn, keys = np.radians(self.angle), np.tile(self.key, (len(OFFSETS), 1))
            return rope(self.q, self.pos, angle=turn), rope(keys, self.pos + OFFSETS, angle=turn)
        return np.empty(0), np.empty((len(OFFSETS), 0))


def _int(n: int) -> str:
    return style.fmt(n, 0)
