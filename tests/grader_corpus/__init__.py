"""Broken and hostile submissions to the small set, with the score that each deserves."""

from grader_corpus import broken_files, dishonest, forged, harmful, mistaken

CASES = [*broken_files.CASES, *mistaken.CASES, *dishonest.CASES, *forged.CASES, *harmful.CASES]
