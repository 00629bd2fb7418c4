"""The callable that all decoding asks, and what is checked before and after each question."""

from collections.abc import Callable

from torch import Tensor

from transformer_lib.shapes import InputError, ShapeError

NextLogits = Callable[[Tensor], Tensor]  # tokens (B, T) -> logits (B, V)


def ask(next_token: NextLogits, tokens: Tensor) -> Tensor:
    """Give next_token's logits (B, V), or say why there is nothing to choose from."""
    logits = next_token(tokens)
    if logits.ndim != 2 or len(logits) != len(tokens):
        raise ShapeError(
            f"next_token gave logits of shape {tuple(logits.shape)} for {len(tokens)} rows of tokens: "
            f"it must give the last position's alone, ({len(tokens)}, vocabulary)."
        )
    if not logits.amax(-1).isfinite().all():
        raise InputError(
            "next_token gave a row of logits with NaN or ∞, or with nothing but −∞: "
            "look for a network that diverged, or a mask that hides every token."
        )
    return logits


def check_start(tokens: Tensor, n_new: int) -> None:
    """Raise InputError unless there are tokens (B, T) to begin with and a number of new ones."""
    if tokens.ndim != 2 or 0 in tokens.shape:
        raise ShapeError(
            f"tokens has shape {tuple(tokens.shape)}: give (rows, positions), with one token at least."
        )
    if tokens.is_floating_point():
        raise InputError(f"tokens holds {tokens.dtype}: token ids are whole numbers, so give torch.long.")
    if n_new < 0:
        raise InputError(f"n_new is {n_new}: give how many tokens to add, 0 or more.")
