"""Offer on the home page what can be taken along: python tools/downloads.py [FOLDER OF THE BUILT BOOK].

`make pdf` and `make zip` put their files into the built book; the home page names those that are there.
"""

import re
import sys
from pathlib import Path

NAME = "transformer-number-by-number"
OFFERS = {
    f"{NAME}.pdf": "the course as a PDF",
    f"{NAME}.zip": "the site as one archive",
}
PLACE = "<!-- downloads -->"  # in book/index.md
HOME = "book/index.html"


def offer(html: Path) -> None:
    """Write the line of downloads into the home page."""
    page = html / HOME
    text = page.read_text("utf-8")
    if PLACE not in text:
        sys.exit(f"The home page has no place for downloads: write {PLACE} into book/index.md.")
    page.write_text(withdraw(text).replace(PLACE, PLACE + line(html), 1), "utf-8")


def line(html: Path) -> str:
    """Write the line, or nothing where there is nothing to take along."""
    there = [
        f'<a href="../{name}">{words}</a> ({(html / name).stat().st_size / 1e6:.0f} MB)'
        for name, words in OFFERS.items()
        if (html / name).exists()
    ]
    return f'<p class="downloads">Take it with you: {" · ".join(there)}.</p>' if there else ""


def withdraw(text: str) -> str:
    """Take the line out of the home page again.

    >>> withdraw('<!-- downloads --><p class="downloads">Take it.</p><p>Next.</p>')
    '<!-- downloads --><p>Next.</p>'
    """
    return re.sub(rf'{PLACE}<p class="downloads">.*?</p>', PLACE, text)


if __name__ == "__main__":
    offer(Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html"))
