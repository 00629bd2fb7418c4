"""Pack the built book into one archive that is read from a folder: python tools/archive.py [FOLDER].

The same book gives the same bytes: names are sorted, times are fixed.
"""

import shutil
import sys
import zipfile
from pathlib import Path

from downloads import HOME, NAME, OFFERS, offer, withdraw

ROOT = Path(__file__).parents[1]
LONG_AGO = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o644 << 16
README = f"""The Transformer, number by number

Unpack this archive, then open {HOME} in a browser.
Everything works without a network: figures you can change, equations, search.
The notebooks are in _sources/notebooks; _sources/book/how_to_use.md says how to run them.
"""

# What serves other sites, caches and debuggers; icons and translations that no page loads.
UNUSED = (".buildinfo", "objects.inv", ".map", "fontawesome.js", *OFFERS)
UNUSED_FOLDERS = {"fontawesome", "locales"}


def pack(html: Path, target: Path) -> None:
    """Write the archive of one built book."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _add(archive, "README.txt", README.encode())
        for path in sorted(path for path in html.rglob("*") if path.is_file() and is_used(path)):
            name = path.relative_to(html).as_posix()
            data = path.read_bytes()
            _add(archive, name, withdraw(data.decode()).encode() if name == HOME else data)


def is_used(path: Path) -> bool:
    """Tell whether a file of the built book is needed to read it from a folder."""
    return not path.name.endswith(UNUSED) and UNUSED_FOLDERS.isdisjoint(path.parts)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(f"{NAME}/{name}", LONG_AGO)
    entry.external_attr, entry.compress_type = PLAIN_FILE, zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


if __name__ == "__main__":
    built = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_build" / "html")
    if not (built / "index.html").exists():
        sys.exit(f"There is no book in {built}: run `make html` first.")
    made = ROOT / "_build" / "zip" / f"{NAME}.zip"
    pack(built, made)
    shutil.copy(made, built / made.name)
    offer(built)
    print(f"{made.relative_to(ROOT)}: {made.stat().st_size / 1e6:.1f} MB")
