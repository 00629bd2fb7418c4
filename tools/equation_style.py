"""Write KaTeX's style: python tools/equation_style.py node_modules/katex/dist _build/vendor/katex

The fonts of nearly every formula stand in the style itself, so that no line moves when they come.
The others are files, of the one kind that all browsers read, fetched where a formula needs them.
"""

import base64
import re
import shutil
import sys
from pathlib import Path

IN_THE_STYLE = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")


def write(source: Path, target: Path) -> None:
    """Copy style and fonts."""
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    style = (source / "katex.min.css").read_text("utf-8")
    style = re.sub(r',url\([^)]*\) format\("(woff|truetype)"\)', "", style)
    for font in sorted(source.glob("fonts/*.woff2")):
        if font.stem in IN_THE_STYLE:
            data = base64.b64encode(font.read_bytes()).decode()
            style = style.replace(f"fonts/{font.name}", f"data:font/woff2;base64,{data}")
        else:
            shutil.copy(font, target / "fonts")
    (target / "katex.css").write_text(style, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
