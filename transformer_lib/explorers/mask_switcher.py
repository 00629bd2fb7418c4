"""Chapter 14: the same scores, three masks; and what each mask leaves to be guessed."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.steps import attention, causal, prefix

_Q, _K, _V = (pocket.arrays(x) for x in pocket.by_hand[:3])
_NAMES = {4: "everyone", 1: "causal"}


class MaskSwitcher(Explorer):
    """A prefix of 1 is the causal mask (GPT), of 4 lets everyone see everyone (BERT).

    >>> n = MaskSwitcher().numbers()
    >>> [round(x, 3) for x in n["output"][0]], n["seen"], n["guesses"]
    ([0.105, 1.684], [3, 3, 3, 4], 1)
    >>> [MaskSwitcher(prefix=4, guess=word).numbers()["guesses"] for word in ("next", "hidden")]
    [0, 4]
    """

    script = "mask_switcher"
    prefix = traitlets.Int(3, min=1, max=4).tag(sync=True)
    guess = traitlets.Enum(["next", "hidden"], default_value="next").tag(sync=True)  # word
    row = traitlets.Int(1, min=1, max=4).tag(sync=True)  # the one told in words

    def numbers(self) -> dict[str, Any]:
        allowed, n = prefix(4, self.prefix), np.arange(1, 5)
        here, left = (attention(_Q, _K, _V, look, scaled=False, base=2) for look in (allowed, causal(4)))
        seen = allowed.sum(axis=1)
        # Position i guesses word i + 1; its own word is hidden where it guesses that.
        sees_answer = (n < 4) & (seen > n) if self.guess == "next" else np.zeros(4, dtype=bool)
        guessing = ~sees_answer & (n < 4) if self.guess == "next" else ~sees_answer
        return {
            "scores": here.scores.tolist(),
            "weights": here.weights.tolist(),
            "output": here.output.tolist(),
            "causal": left.output.tolist(),
            "moved": np.linalg.norm(here.output - left.output, axis=1).tolist(),
            "seen": seen.tolist(),
            "after": (seen - n).tolist(),
            "sees_answer": sees_answer.astype(int).tolist(),
            "guesses": int(guessing.sum()),
        }

    def twin(self) -> plots.Figure:
        middle = self.prefix if self.prefix in (2, 3) else 3
        lengths = {"everyone (BERT)": 4, f"prefix of {middle}": middle, "causal (GPT)": 1}
        looks = np.array([prefix(4, p) for p in lengths.values()])
        weights = [attention(_Q, _K, _V, look, scaled=False, base=2).weights for look in looks]
        chosen = list(lengths.values()).index(self.prefix)
        return plots.three_masks(weights, looks, list(lengths), self._finding(), chosen=chosen)

    def _finding(self) -> str:
        n, i = self.numbers(), self.row - 1
        name = _NAMES.get(self.prefix, f"prefix of {self.prefix}")
        if self.guess == "next":
            b = f"{style.sub('b', self.row)} = {style.vector(n['output'][i])}"
            return f"{name}: {n['guesses']} of 4 can learn the next word; {b}"
        return f"{name}: word {self.row}, hidden, is guessed from {i} before and {n['after'][i]} after"
