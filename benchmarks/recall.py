"""Recall of one marked value in noise: what four kinds of network learn, and what one step costs.

    python benchmarks/recall.py            # about 20 minutes on one thread; writes the record
    python benchmarks/recall.py --quick    # seconds, to see that it runs; writes nothing

The task: a sequence of noise tokens hides one value token, and the last position must name it.
Each network sees the same batches, until it has learned or its steps are used up. Accuracy is told
by distance, the number of positions from the value to the end; a guess is right once in 16. Times
are CPU times of one forward and one backward pass as ratios to PyTorch's fused LSTM, the least of
several rounds taken in turn, so that they mean the same on a slower or busier machine.
"""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from recording import record
from torch import Generator, Tensor, nn

COMMAND = "python benchmarks/recall.py"

N_VALUES, N_NOISE = 16, 16  # tokens 0 to 15 are values, 16 to 31 are noise
WIDTH, N_HEADS = 64, 4
BATCH, LEARNING_RATE, MAX_NORM = 64, 3e-3, 1.0
N_TEST, TEST_BATCH = 4000, 500
LEARNED = 0.99  # training ends when the running accuracy is above this
FAR_ENDS = (8, 16, 32, 64, 128, 256)  # distances are told in bins that end here
TIMED_BATCH = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to run."""

    seeds: tuple[int, ...] = (0, 1, 2)
    steps: tuple[tuple[int, int], ...] = ((32, 600), (128, 600), (256, 400))  # (length, at most)
    timed_lengths: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 2048)
    rounds: int = 7


QUICK = Plan(seeds=(0,), steps=((32, 5),), timed_lengths=(32, 64), rounds=2)


class Recurrent(nn.Module):
    """An LSTM or a GRU of PyTorch: all steps in one fused call. Its last state answers."""

    def __init__(self, layer: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.embed = nn.Embedding(N_VALUES + N_NOISE, WIDTH)
        self.layer = layer(WIDTH, WIDTH, batch_first=True)
        self.answer = nn.Linear(WIDTH, N_VALUES)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) tokens -> (B, N_VALUES) logits."""
        states, _ = self.layer(self.embed(tokens))  # (B, T, WIDTH)
        return self.answer(states[:, -1])


class SteppedLSTM(nn.Module):
    """The same LSTM as a loop over positions in Python: each step waits for the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(N_VALUES + N_NOISE, WIDTH)
        self.cell = nn.LSTMCell(WIDTH, WIDTH)
        self.answer = nn.Linear(WIDTH, N_VALUES)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) tokens -> (B, N_VALUES) logits."""
        x = self.embed(tokens)  # (B, T, WIDTH)
        h, c = self.cell(x[:, 0])
        for t in range(1, tokens.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
        return self.answer(h)


class Convolutional(nn.Module):
    """Four layers of kernel 5, each added to its input: the last output sees 4·4 + 1 = 17 tokens."""

    KERNEL, N_LAYERS = 5, 4

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(N_VALUES + N_NOISE, WIDTH)
        self.layers = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, self.KERNEL) for _ in range(self.N_LAYERS))
        self.answer = nn.Linear(WIDTH, N_VALUES)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) tokens -> (B, N_VALUES) logits."""
        x = self.embed(tokens).transpose(1, 2)  # (B, WIDTH, T)
        for layer in self.layers:
            past = F.pad(x, (self.KERNEL - 1, 0))  # position t reads t−4 … t
            x = x + F.relu(layer(past))
        return self.answer(x[:, :, -1])


class Attentive(nn.Module):
    """One layer of self-attention with four heads and learned positions; every position asks."""

    def __init__(self, max_len: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(N_VALUES + N_NOISE, WIDTH)
        self.positions = nn.Parameter(0.02 * torch.randn(max_len, WIDTH))
        self.w_qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.w_o = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.answer = nn.Linear(WIDTH, N_VALUES)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) tokens -> (B, N_VALUES) logits."""
        x = self.embed(tokens) + self.positions  # (B, T, WIDTH)
        heads = self.w_qkv(x).unflatten(-1, (3, N_HEADS, -1))  # (B, T, 3, H, d_head)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (B, H, T, d_head)
        output = F.scaled_dot_product_attention(q, k, v)
        output = output.transpose(1, 2).flatten(-2)  # (B, T, WIDTH)
        return self.answer(self.norm(x + self.w_o(output))[:, -1])


TRAINED: tuple[str, ...] = ("LSTM", "GRU", "CNN", "attention")
TIMED: tuple[str, ...] = (*TRAINED, "LSTM, step by step")


def build(name: str, length: int) -> nn.Module:
    """Make the network of that name for sequences of that length."""
    if name == "attention":
        return Attentive(length)
    if name == "CNN":
        return Convolutional()
    if name == "LSTM, step by step":
        return SteppedLSTM()
    return Recurrent({"LSTM": nn.LSTM, "GRU": nn.GRU}[name])


def make_batch(n: int, length: int, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw n sequences: tokens (n, length), the hidden values (n,) and their distances to the end (n,)."""
    tokens = torch.randint(N_VALUES, N_VALUES + N_NOISE, (n, length), generator=rng)
    places = torch.randint(0, length - 1, (n,), generator=rng)  # never the last position
    values = torch.randint(0, N_VALUES, (n,), generator=rng)
    tokens[torch.arange(n), places] = values
    return tokens, values, length - 1 - places


def train(model: nn.Module, length: int, at_most: int, rng: Generator) -> int:
    """Train until the running accuracy is above LEARNED, or for `at_most` steps; give the steps taken."""
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    running, step = 0.0, 0
    while running <= LEARNED and step < at_most:
        tokens, values, _ = make_batch(BATCH, length, rng)
        logits = model(tokens)
        loss = F.cross_entropy(logits, values)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimiser.step()
        running = 0.95 * running + 0.05 * (logits.argmax(-1) == values).float().mean().item()
        step += 1
    return step


def bins(length: int) -> list[tuple[int, int]]:
    """Split the distances 1 to length − 1 into bins; each end belongs to its bin."""
    ends = [end for end in FAR_ENDS if end < length - 1] + [length - 1]
    starts = [1] + [end + 1 for end in ends[:-1]]
    return list(zip(starts, ends, strict=True))


@torch.inference_mode()
def measure(model: nn.Module, length: int, rng: Generator) -> tuple[float, list[float]]:
    """Give the accuracy on fresh sequences, over all and for each bin of distances."""
    right, distances = [], []
    for _ in range(N_TEST // TEST_BATCH):
        tokens, values, away = make_batch(TEST_BATCH, length, rng)
        right.append(model(tokens).argmax(-1) == values)
        distances.append(away)
    hits, away = torch.cat(right).float(), torch.cat(distances)
    by_bin = [hits[(away >= near) & (away <= far)].mean().item() for near, far in bins(length)]
    return round(hits.mean().item(), 3), [round(x, 3) for x in by_bin]


def learn(name: str, length: int, at_most: int, seed: int) -> dict[str, Any]:
    """Train one network from one seed and say how well it recalls."""
    torch.manual_seed(seed)
    rng = Generator().manual_seed(seed)
    model = build(name, length)
    start = time.process_time()
    steps = train(model, length, at_most, rng)
    seconds = time.process_time() - start
    accuracy, by_distance = measure(model, length, rng)
    print(f"{length:5d}  {name:<10} seed {seed}: {accuracy:.3f} after {steps} steps, {seconds:.0f} s")
    print(f"{'':18}by distance {by_distance}", flush=True)
    return {
        "seed": seed,
        "steps": steps,
        "accuracy": accuracy,
        "by_distance": by_distance,
        "cpu_seconds": round(seconds),
    }


def time_lengths(lengths: Sequence[int], rounds: int) -> dict[str, list[float]]:
    """Time a forward and a backward pass of each network, as ratios to the fused LSTM."""
    ratios: dict[str, list[float]] = {name: [] for name in TIMED}
    for length in lengths:
        torch.manual_seed(0)
        models = {name: build(name, length) for name in TIMED}
        tokens, values, _ = make_batch(TIMED_BATCH, length, Generator().manual_seed(0))
        least = dict.fromkeys(TIMED, float("inf"))
        for _ in range(rounds):
            for name, model in models.items():  # in turn, so that a busy moment hits all alike
                start = time.process_time()
                F.cross_entropy(model(tokens), values).backward()
                least[name] = min(least[name], time.process_time() - start)
        for name in TIMED:
            ratios[name].append(round(least[name] / least["LSTM"], 2))
        print(f"{length:5d}  " + "  ".join(f"{name} {ratios[name][-1]}" for name in TIMED), flush=True)
    return ratios


def n_parameters(name: str) -> int:
    """Count the weights, the table of positions left out, which grows with the length."""
    named = build(name, 1).named_parameters()
    return sum(weight.numel() for part, weight in named if part != "positions")


def run(plan: Plan) -> dict[str, Any]:
    """Train and time everything; give the record."""
    torch.set_num_threads(1)
    recall = [
        {
            "length": length,
            "at_most": steps,
            "distances": bins(length),
            "networks": {name: [learn(name, length, steps, s) for s in plan.seeds] for name in TRAINED},
        }
        for length, steps in plan.steps
    ]
    return {
        "about": "Recall of one marked value in noise: accuracy by distance, and time by length.",
        "command": COMMAND,
        "machine": "2 cores, one thread used, no GPU",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "chance": 1 / N_VALUES,
        "settings": {
            "width": WIDTH,
            "batch": BATCH,
            "optimiser": f"Adam, learning rate {LEARNING_RATE}, gradient norm at most {MAX_NORM}",
            "test_sequences": N_TEST,
            "ends": f"when the running accuracy is above {LEARNED}, or after `at_most` steps",
        },
        "seeds": plan.seeds,
        "parameters": {name: n_parameters(name) for name in TRAINED},
        "recall": recall,
        "time": {
            "what": "CPU time of one forward and backward pass, divided by the fused LSTM's",
            "batch": TIMED_BATCH,
            "rounds": plan.rounds,
            "lengths": plan.timed_lengths,
            "ratio": time_lengths(plan.timed_lengths, plan.rounds),
        },
    }


def main() -> None:
    """Run from the command line."""
    record(
        "recall", "Recall of one marked value in noise.", lambda: run(Plan()), lambda: run(QUICK), indent=1
    )


if __name__ == "__main__":
    main()
