"""The script that records the translation runs, and what it gives is complete."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "translation.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    assert "no mask" in done.stdout
    assert "wrote" not in done.stdout
