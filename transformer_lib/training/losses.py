"""How far a model is from the right next token: cross-entropy, one number a token."""

import torch.nn.functional as F
from torch import Tensor, nn

from transformer_lib.shapes import ShapeError


def token_losses(logits: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    r"""Give −ln p(right token) for each token that is not padding.

    Parameters
    ----------
    logits : Tensor (..., vocab_size)
    target : Tensor of int (...)
        The right tokens; 0 is padding and left out.
    label_smoothing : float
        ε: the right token should get 1 − ε of the probability, and all tokens share the rest.

    Returns
    -------
    Tensor (n_tokens,), in nats, each at least 0: not yet averaged, so that a batch can be shared
    between processes.

    Raises
    ------
    ShapeError
        Another number of logits than of targets.

    Notes
    -----
    Source: Vaswani et al. (2017), section 5.4; Szegedy et al. (2016), "Rethinking the Inception
    Architecture", section 7.

    Examples
    --------
    >>> import torch
    >>> token_losses(torch.zeros(1, 3, 4), torch.tensor([[1, 2, 0]]))  # two tokens, each ln 4
    tensor([1.3863, 1.3863])
    """
    if logits.shape[:-1] != target.shape:
        raise ShapeError(
            f"logits has shape {tuple(logits.shape)} and target {tuple(target.shape)}: "
            "give a row of logits to each target."
        )
    real = target != 0
    return F.cross_entropy(logits[real], target[real], reduction="none", label_smoothing=label_smoothing)


def translation_loss(model: nn.Module, batch: tuple[Tensor, Tensor], label_smoothing: float = 0.1) -> Tensor:
    """Read the source (B, S) and target (B, T), and guess each target token after the first: (n_tokens,)."""
    source, target = batch
    return token_losses(model(source, target[:, :-1]), target[:, 1:], label_smoothing)


def next_token_loss(model: nn.Module, tokens: Tensor) -> Tensor:
    """Read tokens (B, T) and guess each after the first from those before it: (n_tokens,)."""
    return token_losses(model(tokens[:, :-1]), tokens[:, 1:])
