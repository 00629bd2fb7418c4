"""Chapter 12: three attentions, one arithmetic: where Q, K and V come from is all that differs."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.steps import attention, project

_DECODER = np.array([[1, -1], [0, -1], [-1, 1], [1, 0]], dtype=np.float64)  # d₁ asks with q = (1, 0)
_SIDES = ("encoder", "decoder")
_RIGHT = {  # Q, K and V from, and the causal mask
    "encoder": ("encoder", "encoder", "encoder", False),
    "decoder": ("decoder", "decoder", "decoder", True),
    "cross": ("decoder", "encoder", "encoder", False),
}
_NAMES = {
    "encoder": "Encoder self-attention",
    "decoder": "Decoder self-attention",
    "cross": "Cross-attention",
}


def _side(default: str) -> Any:
    return traitlets.Enum(_SIDES, default_value=default).tag(sync=True)


class ThreeAttentions(Explorer):
    """Wire Q, K and V to the encoder or the decoder, and see what comes of it.

    The encoder's states are a₁ … a₄ of the pocket example, and the memory m₁ … m₄ to a decoder;
    both sides use its three matrices.

    >>> [round(x, 2) for x in ThreeAttentions().numbers()["output"][0]]
    [0.48, 1.68]
    >>> len(ThreeAttentions(q_from="encoder").numbers()["output"])
    4
    >>> ThreeAttentions(v_from="decoder").numbers()["output"]  # 4 keys, 3 values
    []
    """

    script = "three_attentions"
    want = traitlets.Enum(list(_RIGHT), default_value="cross").tag(sync=True)  # what to build
    q_from = _side("decoder")
    k_from = _side("encoder")
    v_from = _side("encoder")
    causal = traitlets.Bool(False).tag(sync=True)
    t = traitlets.Int(3, min=1, max=4).tag(sync=True)  # positions of the decoder; the encoder has 4

    def numbers(self) -> dict[str, Any]:
        """Compute attention as it is wired; no output where keys and values differ in number."""
        sides = {"encoder": pocket.a, "decoder": _DECODER[: self.t]}
        sources = (self.q_from, self.k_from, self.v_from)
        q, k, v = (
            project(sides[side], pocket.arrays(w)) for side, w in zip(sources, pocket.HEAD_1, strict=True)
        )
        look = np.tri(len(q), len(k), dtype=bool) if self.causal else None
        run = attention(q, k, k, look, scaled=False, base=2)
        return {
            "q": q.tolist(),
            "k": k.tolist(),
            "v": v.tolist(),
            "scores": run.scores.tolist(),
            "weights": run.weights.tolist(),
            "output": (run.weights @ v).tolist() if len(k) == len(v) else [],
        }

    @property
    def is_right(self) -> bool:
        """Whether this is how the attention that is wanted is wired."""
        return (self.q_from, self.k_from, self.v_from, self.causal) == _RIGHT[self.want]

    def twin(self) -> plots.Figure:
        n = self.numbers()
        letters = {"encoder": "a" if self.want == "encoder" else "m", "decoder": "d"}
        asks, asked = letters[self.q_from], letters[self.k_from]
        return plots.weights_grid(
            n["weights"],
            f"{_NAMES[self.want]}, wired {'right' if self.is_right else 'wrong'}: {self._wiring(n)}",
            queries=[f"{style.sub('q', i)} of {style.sub(asks, i)}" for i in range(1, len(n["q"]) + 1)],
            keys=[f"{style.sub('k', j)}\nof {style.sub(asked, j)}" for j in range(1, len(n["k"]) + 1)],
            allowed=np.isfinite(n["scores"]),
            outputs=[
                f"{style.sub('b', i)} ({', '.join(map(style.short, b))})"
                for i, b in enumerate(n["output"], 1)
            ]
            or [f"no {style.sub('b', i)}" for i in range(1, len(n["q"]) + 1)],
        )

    def _wiring(self, n: dict[str, Any]) -> str:
        mask = ", causal mask" * self.causal
        if not n["output"]:
            return f"{len(n['k'])} keys and {len(n['v'])} values do not pair{mask}"
        shape = f"{len(n['q'])} queries, {len(n['k'])} keys, {len(n['output'])} outputs"
        return f"Q from the {self.q_from}, K from the {self.k_from}, V from the {self.v_from}{mask}: {shape}"
