"""What a run of training leaves behind: its loss, its learning rate and its scores."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class History:
    """The course of a training: an entry a step, and the scores by the step they were measured at.

    Examples
    --------
    >>> history = History(loss=[2.5, 1.5], learning_rate=[0.1, 0.1], scores={2: 0.75})
    >>> history.step, history.score
    (2, 0.75)
    >>> History.from_json(history.to_json()) == history
    True
    """

    loss: list[float] = field(default_factory=list)  # the mean over the batch's tokens, at least 0
    learning_rate: list[float] = field(default_factory=list)
    scores: dict[int, float] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return len(self.loss)

    @property
    def score(self) -> float | None:
        """The score measured last, if one was."""
        return next(reversed(self.scores.values()), None)

    def add(self, loss: float, learning_rate: float) -> None:
        """Note one more step."""
        self.loss.append(loss)
        self.learning_rate.append(learning_rate)

    def reached(self, bar: float | None) -> bool:
        """Say whether the last score is at least `bar`; without a bar it never is."""
        return bar is not None and self.score is not None and self.score >= bar

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON can hold it: each number comes back to the last bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "History":
        """Read what `to_json` gave; JSON has made text of the steps."""
        scores = {int(step): score for step, score in stored["scores"].items()}
        return cls(stored["loss"], stored["learning_rate"], scores)
