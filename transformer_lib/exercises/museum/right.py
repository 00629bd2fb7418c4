"""The right half of the bug museum: twelve small functions, each as it should be.

`buggy` has the same twelve with one mistake each. All take arrays or lists.
"""

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array
from transformer_lib.steps import causal, sinusoidal, softmax


def add_positions(x: ArrayLike) -> Array:
    """Add to each vector of x (B, N, d_model) the mark of its position."""
    x = np.asarray(x, dtype=float)
    _, n, d_model = x.shape
    return x + sinusoidal(n, d_model)  # (N, d_model), the same for each sentence


def head_weights(x: ArrayLike, n_heads: int) -> Array:
    """Cut the vectors of x (N, d_model) into heads that ask themselves: weights (n_heads, N, N)."""
    x = np.asarray(x, dtype=float)
    parts = split_heads(x, n_heads)  # (n_heads, N, d_head)
    scores = parts @ parts.swapaxes(-2, -1)  # (n_heads, N, N)
    return softmax(scores / np.sqrt(parts.shape[-1]))


def split_heads(x: ArrayLike, n_heads: int) -> Array:
    """Cut the vectors of x (N, d_model) into heads: (n_heads, N, d_head)."""
    x = np.asarray(x, dtype=float)
    return x.reshape(len(x), n_heads, -1).swapaxes(0, 1)


def causal_weights(scores: ArrayLike) -> Array:
    """Hide what comes later, and take the softmax of scores (N, N)."""
    scores = np.asarray(scores, dtype=float)
    allowed = np.tri(len(scores), dtype=bool)
    return softmax(np.where(allowed, scores, -np.inf))


def hide_padding(scores: ArrayLike, n_words: int) -> Array:
    """Give the weights of one query over n_words words and the padding behind them."""
    scores = np.asarray(scores, dtype=float)
    padding = np.arange(len(scores)) >= n_words
    return softmax(np.where(padding, -np.inf, scores))


def decoder_weights(tokens: ArrayLike) -> Array:
    """Give weights (N, N) from equal scores; later positions and padding, token 0, are hidden."""
    tokens = np.asarray(tokens)
    allowed = causal(len(tokens)) & (tokens != 0)
    return softmax(np.where(allowed, 0.0, -np.inf))  # refuses a row without a key


def layer_norm(x: ArrayLike) -> Array:
    """Give x (d_model,) mean 0 and standard deviation 1."""
    x = np.asarray(x, dtype=float)
    centred = x - x.mean()
    variance = (centred**2).sum() / len(x)
    return centred / np.sqrt(variance + 1e-5)


def query_weights(scores: ArrayLike) -> Array:
    """Turn scores (T, S), a row a query, into weights."""
    return softmax(scores, axis=1)


def copycat_score(tokens: ArrayLike) -> float:
    """Give the share of next tokens that a copycat guesses, who repeats the token it reads."""
    tokens = np.asarray(tokens)
    read, to_guess = tokens[:-1], tokens[1:]
    return float((read == to_guess).mean())


def masked_weights(scores: ArrayLike, allowed: ArrayLike) -> Array:
    """Give the weights of one query, which may look where allowed (N,) is True."""
    allowed = np.asarray(allowed, dtype=bool)
    return softmax(np.where(allowed, scores, -np.inf))


def after_one_step(gradients: ArrayLike) -> Array:
    """Make a layer for each gradient, all with the weight 1, and let each take its own step."""
    gradients = np.asarray(gradients, dtype=float)
    layers = [np.ones(1) for _ in gradients]
    for weight, gradient in zip(layers, gradients, strict=True):
        weight -= 0.1 * gradient
    return np.concatenate(layers)


def is_causal(weights: ArrayLike) -> bool:
    """Say whether no query of weights (N, N) looks at a later key."""
    weights = np.asarray(weights)
    n = len(weights)
    return all(weights[i, j] == 0 for i in range(n) for j in range(i + 1, n))
