"""Formulas as text, written as the book writes them within a line: b₁, α′, √d_k, QKᵀ."""

import re

GREEK = {
    **{"alpha": "α", "beta": "β", "delta": "δ", "varepsilon": "ε", "theta": "θ", "mu": "μ", "pi": "π"},
    **{"sigma": "σ", "tau": "τ", "omega": "ω", "Phi": "Φ", "Pi": "Π", "Omega": "Ω"},
}
SIGNS = {
    **{"sqrt": "√", "top": "ᵀ", "cdot": "·", "times": "×", "odot": "⊙", "otimes": "⊗", "sum": "∑"},
    **{"partial": "∂", "infty": "∞", "le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "to": "→"},
    **{"leftarrow": "←", "dots": "…", "ldots": "…", "vdots": "…", "langle": "⟨", "rangle": "⟩"},
    **{"lVert": "‖", "rVert": "‖", "|": "‖", "\\": "; ", "quad": " ", "qquad": " "},
    **dict.fromkeys(" ,;", " "),
}
NAMES = ("cos", "exp", "ln", "log", "max", "min", "sin", "tanh")
COMMANDS = GREEK | SIGNS | {name: name for name in NAMES}
BRACKETS = {r"\begin{pmatrix}": "(", r"\end{pmatrix}": ")"}
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(tex: str) -> str:
    r"""Write a formula as text.

    >>> plain(r"b_1 = (0.2,\ 1.7)"), plain(r"\sqrt{d_k}"), plain(r"\alpha'_{1,2}")
    ('b₁ = (0.2, 1.7)', '√d_k', 'α′₁,₂')
    >>> plain(r"\tfrac12 Q K^\top"), plain(r"W^q"), plain(r"\frac{2^3}{\sum_n 2^{n}}")
    ('1/2 QKᵀ', 'W^q', '2³/∑_n 2^n')
    """
    for bracket, sign in BRACKETS.items():
        tex = tex.replace(bracket, sign)
    tex = re.sub(r"\\(begin|end)\{\w+\}|&", " ", tex)
    tex = re.sub(r"\\t?frac(\d)(\d)", r"\1/\2", tex).replace("}{", "}/{")
    tex = re.sub(r"\\([a-zA-Z]+|.)", lambda found: COMMANDS.get(found[1], ""), tex)
    tex = re.sub(r"\^\{?ᵀ\}?", "ᵀ", tex.replace("'", "′").replace("-", "−").replace("√ ", "√"))
    tex = re.sub(r"_(\d)|_\{(\d+(?:,\d+)*)\}", lambda found: (found[1] or found[2]).translate(LOWERED), tex)
    tex = re.sub(r"\^(\d)|\^\{(\d+)\}", lambda found: (found[1] or found[2]).translate(RAISED), tex)
    tex = re.sub(r"(?<=\b[A-Z]) (?=[A-Z]ᵀ)", "", tex)  # a product of two matrices, set close
    return re.sub(r"\s+(?=[\s;])|[{}]", "", tex.replace("\n", " ")).strip()
