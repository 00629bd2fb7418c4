"""Chapter 13: a recorded training; what it writes at a step, and where it looks as it writes."""

from bisect import bisect_right
from typing import Any

import traitlets

from transformer_lib import plots, records
from transformer_lib.explorers.base import Explorer

_TRACE = records.load("translation")["trace"]


class RecordedTraining(Explorer):
    """Go through a training of 500 steps: the translation of a number, and its map of attention.

    The record holds nine moments; a step in between shows the moment before it.

    >>> RecordedTraining(step=40).numbers()["written"]
    ['seven', '<end>']
    >>> RecordedTraining(step=500).numbers()["weights"][1][0] > 0.9  # "seven" looks back at sieben
    True
    """

    script = "recorded_training"
    step = traitlets.Int(_TRACE["steps"][-1], min=0, max=_TRACE["steps"][-1]).tag(sync=True)
    number = traitlets.Enum([str(n) for n in _TRACE["numbers"]], default_value="97").tag(sync=True)
    _record = traitlets.Dict(_TRACE).tag(sync=True)  # no part of the state: the page only reads it

    def numbers(self) -> dict[str, Any]:
        """Look up the moment and the number; `weights` has a row for each token written."""
        record = self._record
        moment = bisect_right(record["steps"], self.step) - 1
        which = record["numbers"].index(int(self.number))
        written = record["written"][moment][which]
        return {
            "moment": moment,
            "shown": record["steps"][moment],
            "exact": record["exact"][moment],
            "german": record["german"][which],
            "english": record["english"][which],
            "written": written,
            "weights": record["weights"][moment][which],
            "right": written == [*record["english"][which], "<end>"],
        }

    def twin(self) -> plots.Figure:
        n = self.numbers()
        return plots.looks(n["weights"], n["german"], n["written"], self._finding(n))

    def _finding(self, n: dict[str, Any]) -> str:
        words = " ".join(word for word in n["written"] if word != "<end>") or "nothing"
        verdict = "right" if n["right"] else "wrong"
        return f"After {n['shown']} steps {int(self.number):,} comes out as “{words}”: {verdict}"
