"""Learning: one loop, the schedules of its learning rate, its losses and its checkpoints.

The loop sets no seed. Batches are drawn from a `torch.Generator`, which a checkpoint keeps. Initial
weights are drawn when a model is made, from torch's own generator: make it inside `seeded`.
"""

from transformer_lib.training.checkpoint import load, load_model, save
from transformer_lib.training.history import History
from transformer_lib.training.loop import adam, seeded, train
from transformer_lib.training.losses import next_token_loss, token_losses, translation_loss
from transformer_lib.training.schedules import inverse_root, linear_decay, steady

__all__ = [
    "History",
    "adam",
    "inverse_root",
    "linear_decay",
    "load",
    "load_model",
    "next_token_loss",
    "save",
    "seeded",
    "steady",
    "token_losses",
    "train",
    "translation_loss",
]
