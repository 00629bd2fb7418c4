"""Chapter 1: which inputs an output has seen after L layers, and how many ticks that takes."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots
from transformer_lib.explorers.base import Explorer
from transformer_lib.plots.reach import NAMES, cone, count, reads, seen, steps, ticks


class WhoSeesWhom(Explorer):
    """Choose an output of an RNN, a CNN or self-attention: what reaches it, and at which tick.

    >>> WhoSeesWhom(kind="cnn").numbers()["sees"]
    [0, 0, 0, 0, 0, 0, 1, 1]
    >>> [WhoSeesWhom(kind=kind).numbers()["path_length"] for kind in ("rnn", "cnn", "attention")]
    [7, 7, 1]
    """

    script = "who_sees_whom"
    kind = traitlets.Enum(["rnn", "cnn", "attention"], default_value="rnn").tag(sync=True)
    length = traitlets.Int(8, min=2, max=12).tag(sync=True)
    kernel = traitlets.Enum([3, 5, 7], default_value=3).tag(sync=True)  # the CNN's window
    layers = traitlets.Int(1, min=0, max=8).tag(sync=True)
    token = traitlets.Int(8, min=1, max=12).tag(sync=True)  # past the end means the last
    clock = traitlets.Int(0, min=0, max=19).tag(sync=True)  # past the end means all is computed

    def numbers(self) -> dict[str, Any]:
        """Compute what the page shows.

        An RNN reads from left to right and a CNN's window is centred.
        `cone` and `ticks` hold a row a layer, the inputs (in `cone` alone) first.
        `hops` are recurrent steps for the RNN, layers for the others; −1 where nothing arrives.
        `sequential_steps` lets layers of an RNN overlap: length + layers − 1, not length × layers.
        `layers_some` and `layers_needed` are the layers until one output, and every output, has
        seen the whole sequence; −1 where that never comes: in an RNN the first output sees x₁ alone.
        """
        token = min(self.token, self.length)
        on = cone(self.kind, self.length, self.layers, token, self.kernel)
        when = ticks(self.kind, self.length, self.layers)
        end = int(when.max(initial=0))
        clock = min(self.clock, end)
        left_links = self.length - 1 if self.kind == "rnn" else 0
        apart = np.abs(np.arange(1, self.length + 1) - token)
        return {
            "token": token,
            "clock": clock,
            "sees": on[0].astype(int).tolist(),
            "hops": np.where(on[0], steps(self.kind, apart, self.kernel), -1).tolist(),
            "path_length": int(steps(self.kind, np.array(self.length - 1), self.kernel)),
            "sequential_steps": end,
            "layers_some": 1 if self.kind != "cnn" else self._first_layer(np.any),
            "layers_needed": -1 if self.kind == "rnn" else self._first_layer(np.all),
            "links": self.layers * (int(reads(self.kind, self.length, self.kernel).sum()) + left_links),
            "cone": on.astype(int).tolist(),
            "ticks": when.tolist(),
            "computed": int((when <= clock).sum()),
        }

    def _first_layer(self, which: Any) -> int:
        """Count layers until any output, or all of them, has seen every input."""
        step = reads(self.kind, self.length, self.kernel)
        seen, count = step, 1
        while not which(seen.all(axis=1)):
            seen, count = seen @ step, count + 1
        return count

    def twin(self) -> plots.Figure:
        n = self.numbers()
        network = NAMES[self.kind] if self.kind == "attention" else f"the {NAMES[self.kind]}"
        return plots.reach(
            [self.kind],
            f"After {count(self.layers, 'layer')}, output {n['token']} of {network} "
            f"has seen {seen(np.array(n['sees']))}",
            length=self.length,
            layers=self.layers,
            kernel=self.kernel,
            token=n["token"],
            clock=n["clock"],
        )
