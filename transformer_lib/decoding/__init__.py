"""From next-token logits to text, for any callable that gives logits.

`next_token` takes all tokens so far, (B, T), and gives the logits of the next one, (B, V): a model
behind `NextToken`, or a table of bigrams. Every row is a text of its own; after its `end` it is
filled with padding, 0.
"""

from transformer_lib.decoding.beam import Beams, beam, beams
from transformer_lib.decoding.logits import NextLogits
from transformer_lib.decoding.restrict import restrict
from transformer_lib.decoding.write import greedy, sample

__all__ = ["Beams", "NextLogits", "beam", "beams", "greedy", "restrict", "sample"]
