"""Chapter 16: heads set by hand over a text of your own; what they copy, and what is lost without them."""

from string import ascii_lowercase
from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import Number
from transformer_lib.shapes import Array
from transformer_lib.steps import embed_letters, hand_set, induction_by_hand, look_by_hand, read_letters
from transformer_lib.steps.hand_set import START

_ONE_LAYER = {"previous": "one back", "first": "first place", "same": "same letter", "uniform": "uniform"}


class HeadGallery(Explorer):
    """A head set by hand looks over a text: its map, what it moves, and which letter is read off.

    Letters are numbers from 1 to 26; 0 is no letter. The text begins with the mark ^, whose value is 0.

    >>> gallery = HeadGallery()
    >>> gallery.text(), gallery.numbers()["reads"]
    ('^catca', [0, 0, 0, 0, 1, 20])
    >>> HeadGallery(layer_1=False).numbers()["reads"]
    [0, 0, 0, 0, 0, 0]
    """

    script = "head_gallery"
    head = traitlets.Enum([*_ONE_LAYER, "induction"], default_value="induction").tag(sync=True)
    letters = traitlets.List(traitlets.Int(min=0, max=26), [3, 1, 20, 3, 1, 0, 0, 0], minlen=8, maxlen=8).tag(
        sync=True
    )
    moves = traitlets.Enum(["letter", "next"], default_value="letter").tag(sync=True)  # what OV does
    sharpness = Number(10.0, min=0, max=10).tag(sync=True)  # the score of a match
    layer_1 = traitlets.Bool(True).tag(sync=True)  # what is off brings 0
    layer_2 = traitlets.Bool(True).tag(sync=True)  # only induction has one
    row = traitlets.Int(6, min=1, max=9).tag(sync=True)  # the position in view

    def text(self) -> str:
        """Write the letters as a text, the mark first."""
        return START + "".join(ascii_lowercase[n - 1] for n in self.letters if n)

    def numbers(self) -> dict[str, Any]:
        """Compute the maps, what arrives at each position of each letter, and which one is read off."""
        text = self.text()
        if self.head == "induction":
            steps = induction_by_hand(text, ascii_lowercase, self.sharpness, first=self.layer_1)
            maps, output, on = [steps.first.weights, steps.second.weights], steps.second.output, self.layer_2
        else:
            only = look_by_hand(
                embed_letters(text, ascii_lowercase), hand_set(self.head, 26, len(text), self.sharpness)
            )
            maps, output, on = [only.weights], only.output, self.layer_1
        output = self._moved(output) * on
        reads = [
            ascii_lowercase.index(letter) + 1 if letter else 0
            for letter in read_letters(output, ascii_lowercase)
        ]
        follows = [ascii_lowercase.index(letter) + 1 for letter in text[1:]]
        return {
            "maps": [weights.tolist() for weights in maps],
            "output": output.tolist(),
            "arrives": output.sum(axis=1).tolist(),
            "reads": reads,
            "right": int(np.sum([one == other for one, other in zip(reads, follows, strict=False)])),
        }

    def _moved(self, output: Array) -> Array:
        return np.roll(output, 1, axis=1) if self.moves == "next" else output

    def twin(self) -> plots.Figure:
        n, text = self.numbers(), self.text()
        names = (
            ["layer 1: one back", "layer 2: induction"]
            if self.head == "induction"
            else [_ONE_LAYER[self.head]]
        )
        on = [self.layer_1, self.layer_2]
        maps = {
            name + ("" if is_on else " (off)"): weights
            for name, weights, is_on in zip(names, n["maps"], on, strict=False)
        }
        letters = [ascii_lowercase[k - 1] if k else "" for k in n["reads"]]
        return plots.letter_maps(maps, text, self._finding(n, text), reads=letters)

    def _finding(self, n: dict[str, Any], text: str) -> str:
        i = min(self.row, len(text)) - 1
        weights = n["maps"][-1][i]
        j = int(np.argmax(weights))
        looks = f"Place {i + 1}, {text[i]}, gives {weights[j]:.2f} to {text[j]} at place {j + 1}"
        read_off = ascii_lowercase[n["reads"][i] - 1] if n["reads"][i] else "nothing"
        return f"{looks}, and {read_off} is read off"
