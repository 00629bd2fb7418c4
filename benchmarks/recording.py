"""The command line of scripts that keep a record: `--quick` tries them out and writes nothing."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

RECORDS = Path(__file__).parents[1] / "transformer_lib" / "records"


def record(
    name: str,
    about: str,
    measure: Callable[[], object],
    try_out: Callable[[], object],
    indent: int | None = None,
) -> None:
    """Measure, and store the result as the record `name`; with `--quick`, try out alone."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, in seconds; writes nothing")
    if parser.parse_args().quick:
        try_out()
        return
    text = json.dumps(measure(), indent=indent, ensure_ascii=False)
    (RECORDS / f"{name}.json").write_text(text + "\n", "utf-8")
    print(f"wrote {name}.json")
