"""Honest students' mistakes: each costs its question, and no other."""

from grader_corpus.case import ALL, SET, Case, case, cell, honest_cells, notebook

STUB = "def softmax(x):\n    ..."
RIGHT = honest_cells()
SETUP = cell(SET.setup)


def arranged(name: str, *cells: dict, score: int = ALL, note: str = "", says: dict[str, str] | None = None):
    return Case(name, notebook([SETUP, *cells]), score, says or {}, note=note)


CASES = [
    arranged("everything right", *RIGHT.values()),
    arranged("the cells in another order", *reversed(RIGHT.values())),
    arranged(
        "a cell that needs a later one",
        cell("helper(1)"),
        *RIGHT.values(),
        cell("def helper(x):\n    return x"),
    ),
    arranged(
        "a copy of the stub after the answer",
        *RIGHT.values(),
        cell(f"# Question 3 · Softmax\n{STUB}", "softmax"),
        note="Question 3 has 2 cells",
    ),
    arranged(
        "a cell that is missing",
        *(RIGHT[name] for name in ("total", "scores", "counter")),
        score=6,
        note="The cell of question 3 is missing",
        says={"softmax": "not defined"},
    ),
    case("the stub as it was", softmax=STUB, says="gives nothing"),
    case("numbers not filled in", total="total = ...", says="not tried"),
    case("a function under another name", softmax="def my_softmax(x):\n    return x", says="not defined"),
    case("a syntax error", softmax="def softmax(x)\n    return x", says="not defined", note="SyntaxError"),
    case("a cell that raises", ALL, last="1 / 0", note="Code cell 6 raises ZeroDivisionError"),
    case(
        "a cell that raises in the midst", softmax="1 / 0\ndef softmax(x):\n    return x", says="not defined"
    ),
    case("sys.exit in a cell", ALL, first="import sys\nsys.exit(1)", note="Code cell 2 raises SystemExit"),
    case("os._exit in a cell", ALL, first="import os\nos._exit(0)", note="Code cell 2 ends the process"),
    case("os._exit in a function", softmax="def softmax(x):\n    import os\n    os._exit(0)", says="stopped"),
    case("exit() in a function", softmax="def softmax(x):\n    raise SystemExit", says="raised"),
    case("an endless loop in a cell", ALL, first="while True:\n    pass", note="Code cell 2 does not end"),
    case("an endless loop in a function", softmax="def softmax(x):\n    while True: pass", says="no end"),
    case(
        "a function that sleeps", softmax="import time\ndef softmax(x):\n    time.sleep(999)", says="no end"
    ),
    case("an endless recursion", softmax="def softmax(x):\n    return softmax(x)", says="raised"),
    case("input() in a cell", ALL, first="name = input('Your name? ')", note="Code cell 2 raises EOFError"),
    case("magics in a cell", ALL, first="%matplotlib inline\n!ls\nx = 1\nx?\nget_ipython().magic('time')"),
    case("display in a cell", ALL, first="display(1)"),
    case("100 MB of output", ALL, first="for _ in range(100):\n    print('x' * 2**20)"),
    case("NaN", softmax="def softmax(x):\n    return x * np.nan", says="not finite"),
    case("overflow", softmax="def softmax(x):\n    e = np.exp(x)\n    return e / e.sum()", says="not finite"),
    case("a wrong shape", softmax="def softmax(x):\n    return np.ones(3)", says="wrong shape"),
    case("wrong numbers", softmax="def softmax(x):\n    return x", says="wrong numbers"),
    case("a known mistake", scores="def scores(q, k):\n    return q @ k.T", says="mistake"),
    case("wrong arguments", softmax="def softmax():\n    return 1", says="raised"),
    case("no function but a number", softmax="softmax = 0.5", says="wrong numbers"),
    case("a generator", softmax="def softmax(x):\n    yield 1", says="wrong numbers"),
    case("a class that lacks a method", counter="class Counter:\n    def __init__(self, n): pass"),
    case(
        "torch where NumPy is asked",
        ALL,
        softmax="import torch\ndef softmax(x):\n    return torch.softmax(torch.as_tensor(x), -1)",
    ),
    case(
        "the setup cell is gone",
        ALL,
        scores="import numpy as np\ndef scores(q, k):\n    return q @ k.T / np.sqrt(k.shape[1])",
    ),
    case(
        "a memory bomb in a cell", ALL, first="x = bytearray(10**11)", note="Code cell 2 raises MemoryError"
    ),
    case("a memory bomb in a function", softmax="def softmax(x):\n    return np.ones(10**11)", says="raised"),
    case(
        "a list that grows for ever", softmax="def softmax(x):\n    while True: L.append([0] * 10**6)\nL = []"
    ),
    case(
        "an array too large to send", softmax="def softmax(x):\n    return np.ones(10**7)", says="unreadable"
    ),
    case("a list too long to send", softmax="def softmax(x):\n    return [0.0] * 10**6", says="unreadable"),
    case("a text too long to send", total="total = '1' * 10**6", says="unreadable"),
    case("an integer too long to send", total="total = 10**10000", says="unreadable"),
    case(
        "a list nested too deeply", total="total = []\nfor _ in range(99): total = [total]", says="unreadable"
    ),
    case("a list that holds itself", total="total = []\ntotal.append(total)", says="unreadable"),
    case("a number of 10^9 digits, as text", total="total = '1e999999999'", says="not finite"),
    case(
        "twenty detached processes",
        ALL,
        last="import subprocess as s\nfor _ in range(20):\n"
        "    s.Popen(['sleep', '54321'], start_new_session=True)",
        note="Code cell 6 raises",
    ),
]
