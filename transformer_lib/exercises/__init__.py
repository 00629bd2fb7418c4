"""The book's exercises and their checkers: one module a chapter, one sentence an answer."""

from transformer_lib.exercises import (
    chapter_0,
    chapter_1,
    chapter_2,
    chapter_3,
    chapter_4,
    chapter_5,
    chapter_6,
    chapter_7,
    chapter_8,
    chapter_9,
    chapter_10,
    chapter_11,
    chapter_12,
)
from transformer_lib.exercises.registry import EXERCISES, Exercise, Mistake, Verdict, check

__all__ = [
    "EXERCISES",
    "Exercise",
    "Mistake",
    "Verdict",
    "chapter_0",
    "chapter_1",
    "chapter_2",
    "chapter_3",
    "chapter_4",
    "chapter_5",
    "chapter_6",
    "chapter_7",
    "chapter_8",
    "chapter_9",
    "chapter_10",
    "chapter_11",
    "chapter_12",
    "check",
]
