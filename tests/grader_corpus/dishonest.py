"""Attempts to get points without an answer: none gains any, and hidden inputs stay hidden."""

from grader_corpus.case import ALL, case

ALWAYS_EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __sub__(self, other): return 0.0
    def __array__(self, *a, **k): raise TypeError
    def __float__(self): return 0.0
    def __len__(self): return 2
    def __getitem__(self, i): return self
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
"""
PATCH_NUMPY = "np.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
PATCH_LIBRARY = """
from transformer_lib.exercises import judging, registry
judging.same = judging._equal = judging._all_equal = lambda *a, **k: True
registry.Verdict.__init__ = lambda self, *a: None
registry.Verdict.status = "right"
"""
ASK_FOR_ANSWERS = """
import importlib, os, sys
def softmax(x):
    for name in ("assignments", "small_set", "grader.marking", "grader.job"):
        importlib.import_module(name)
"""
SEARCH = """
import os
def softmax(x):
    for folder, _, names in os.walk("/"):
        for name in names:
            if "small_set" in name or name == "assignment.json" or "problem_set" in name:
                import runpy
                return runpy.run_path(os.path.join(folder, name))["softmax"](x)
"""
SEARCH_MEMORY = """
import gc
def softmax(x):
    wanted = ("Check", "Question", "ProblemSet", "Mistake")
    found = [thing for thing in gc.get_objects() if type(thing).__name__ in wanted]
    return found[0].judge
"""
REMEMBER = """
seen = []
def scores(q, k):
    seen.append(k.tolist())
    if len(seen) > 1:
        raise ValueError(f"secret {seen}")
    return np.full((2, 3), 7.0)
"""
AS_NAME = """
def softmax(x):
    raise type(f"Secret_{float(x.max())}_{x.tolist()}".replace(".", "_"), (Exception,), {})(str(x))
"""
AS_VALUE = "def softmax(x):\n    return 'secret', x.tolist(), repr(x)"
AS_GREETING = (
    "def softmax(x):\n    print(x, flush=True)\n    import sys; sys.stderr.write(str(x))\n    return x"
)
STATEFUL = """
answers = []
def softmax(x):
    answers.append(x)
    return [np.ones(1), None, "x", np.zeros((9, 9))][len(answers) % 4]
"""
SUBCLASS = """
class Right(np.ndarray):
    def __eq__(self, other): return True
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return np.zeros((1, 2))
def softmax(x):
    return np.zeros((1, 2)).view(Right)
"""

CASES = [
    case("np.allclose always says yes", first=PATCH_NUMPY, softmax="def softmax(x):\n    return x"),
    case("the checker is patched", first=PATCH_LIBRARY, softmax="def softmax(x):\n    return x"),
    case("an answer equal to everything", first=ALWAYS_EQUAL, total="total = Equal()"),
    case(
        "a function of things equal to all", first=ALWAYS_EQUAL, softmax="def softmax(x):\n    return Equal()"
    ),
    case("a class of things equal to all", first=ALWAYS_EQUAL, counter="Counter = Equal()"),
    case("an array that is a subclass", softmax=SUBCLASS, says="wrong numbers"),
    case("the tests are imported", softmax=ASK_FOR_ANSWERS, says="raised"),
    case("the tests are looked for", softmax=SEARCH),
    case("the tests are looked for in memory", softmax=SEARCH_MEMORY, says="raised"),
    case("hidden inputs in a later error", scores=REMEMBER),
    case("hidden inputs in an error's name", softmax=AS_NAME, says="raised"),
    case("hidden inputs as the value", softmax=AS_VALUE, says="wrong numbers"),
    case("hidden inputs printed", softmax=AS_GREETING, says="wrong numbers"),
    case("another value for each call", softmax=STATEFUL),
    case("a value that is lazy", softmax="def softmax(x):\n    return lambda: x", says="wrong numbers"),
    case("a value that is a type", softmax="def softmax(x):\n    return float", says="wrong numbers"),
    case("a value that is an object array", softmax="def softmax(x):\n    return np.array([object()])"),
    case("a judge instead of an answer", total="def total(answer):\n    return 'right'"),
    case("another student's id set in the notebook", ALL, last="student = 'bob'; __name__ = 'bob'"),
]
