"""The bug museum: functions as they should be (`right`) and with one mistake each (`buggy`)."""

from transformer_lib.exercises.museum import buggy, right

__all__ = ["buggy", "right"]
