"""What every explorer has: its front end, its numbers in Python, and a still twin for paper."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from transformer_lib.explorers.traits import in_words
from transformer_lib.plots import Figure, png
from transformer_lib.shapes import InputError

WEB = Path(__file__).parent / "web"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_LEFT_BEHIND = re.compile(r"^[ \t]*(?://.*\n)?", re.MULTILINE)


class Explorer(anywidget.AnyWidget):
    """An interactive figure whose arithmetic runs in the page, with or without a kernel.

    A subclass names its files in `web/` as `script`, holds its state in synced traits, gives the
    numbers it shows with `numbers` and draws its still twin with `twin`.
    """

    script: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "script" in cls.__dict__:  # anywidget makes further subclasses of its own
            cls._esm, cls._css = cls.front_end(), cls.look()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a trait, from an array too; what the page cannot show is refused in one sentence."""
        plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        try:
            super().__setattr__(name, plain)
        except traitlets.TraitError:
            wanted = in_words(self.traits()[name])
            raise InputError(f"{name} of {type(self).__name__} cannot be {plain!r}: give {wanted}.") from None

    @classmethod
    def front_end(cls) -> str:
        """Join core.js, ui.js and the explorer's own file: its code is one text without imports.

        Indentation and lines of comment stay behind, since every stored explorer carries its code.
        """
        imported = _IMPORT.findall((WEB / f"{cls.script}.js").read_text("utf-8"))  # such as cells
        files = [WEB / f"{name}.js" for name in dict.fromkeys(["core", "ui", *imported, cls.script])]
        code = "\n".join(_IMPORT.sub("", file.read_text("utf-8")) for file in files)
        return _LEFT_BEHIND.sub("", code)

    @classmethod
    def look(cls) -> str:
        """Join the explorers' common style and the explorer's own."""
        files = [WEB / "explorers.css", WEB / f"{cls.script}.css"]
        return "\n".join(file.read_text("utf-8") for file in files)

    def numbers(self) -> dict[str, Any]:
        """Compute in NumPy what the page computes in JavaScript, under the same names."""
        raise NotImplementedError

    def twin(self) -> Figure:
        """Draw the present state as a still figure, for paper and for pages without JavaScript."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(self).__name__)
        return f"Explorer: {title}. Run this cell, or open the book's page, to use it."

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the live widget, and beside it the twin for places that cannot run it."""
        data, metadata = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        image, description = png(self.twin())
        data["image/png"] = b64encode(image).decode("ascii")
        return data, {**metadata, "image/png": description}
