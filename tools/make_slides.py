"""Make slides from chapters: python tools/make_slides.py notebooks/[0-9]*.ipynb --to _build/slides

Each chapter gives one HTML file, beside an index. They need no network and no server.
"""

import argparse
from pathlib import Path

from slides.deck import Writer, copy_what_decks_share

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Read the command line and write the decks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "slides")
    parser.add_argument("--reveal", type=Path, default=ROOT / "node_modules" / "reveal.js")
    parser.add_argument("--katex", type=Path, default=ROOT / "_build" / "vendor" / "katex")
    asked = parser.parse_args()
    decks = Writer(asked.to).write(asked.chapters)
    copy_what_decks_share(asked.to, asked.reveal, asked.katex)
    print(f"{len(decks)} decks; open {asked.to / 'index.html'}")


if __name__ == "__main__":
    main()
