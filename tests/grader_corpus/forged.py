"""Replies written straight to the pipe: whatever is sent, it is read as plain data or not at all."""

from grader_corpus.case import ALL, NOTHING, case

# Finds the pipe of replies among the open files, and writes to it whatever `reply` is.
FORGE = """
import json, os, struct
def pipes():
    for number in range(3, 64):
        try:
            os.stat(number)
        except OSError:
            continue
        yield number
def forge(reply, length=None):
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    for number in pipes():
        try:
            os.write(number, struct.pack(">I", len(body) if length is None else length) + body)
        except OSError:
            pass
"""

TRICKLE = """
import time
def softmax(x):
    while True:
        time.sleep(0.2)
        for pipe in pipes():
            try:
                os.write(pipe, bytes(1))
            except OSError:
                pass
"""


def forged(name: str, reply: str, length: str = "None", says: str = ""):
    """A function that sends a reply of its own before the worker's."""
    function = f"def softmax(x):\n    for n in range(200): forge({reply}, {length})\n    return x"
    return case(f"a reply with {name}", first=FORGE, softmax=function, says=says)


def value(name: str, data: str):
    """A reply to each request that might come next, with a value that is no plain data."""
    function = f"def softmax(x):\n    for n in range(200): forge({{'id': n, 'value': {data}}})\n    return x"
    return case(f"a value that is {name}", first=FORGE, softmax=function, says="unreadable")


CASES = [
    case(
        "a verdict sent instead of a reply", first=FORGE + "forge({'id': 2, 'value': 'right'})", score=NOTHING
    ),
    forged("a verdict", "{'id': n, 'status': 'right', 'score': 2, 'value': 'right'}"),
    forged("another id", "{'id': 10**6, 'value': 1}", says="unreadable"),
    forged("an id that is a list", "{'id': [n], 'value': 1}", says="unreadable"),
    forged("a length of 4 GB", "{'id': n}", "2**32 - 1", says="unreadable"),
    forged("a length that is too short", "{'id': n, 'value': 1}", "3", says="unreadable"),
    forged("a length that is never sent", "b'{'", "10**6"),
    forged("no JSON", "b'\\x80\\x04pickle'", says="unreadable"),
    forged("a list instead of an object", "[1, 2]", says="unreadable"),
    forged("100,000 brackets", "b'[' * 100000", says="unreadable"),
    forged("a fault of its own making", "{'id': n, 'fault': 'secret 271.828182'}"),
    forged("a fault that is a list", "{'id': n, 'fault': []}"),
    forged("an error's name of its own making", "{'id': n, 'fault': 'raised', 'type': 'secret 271.828182'}"),
    value("an array that declares a huge shape", "{'array': ['<f8', [10**9, 10**9], '']}"),
    value("an array of more bytes than its shape", "{'array': ['<f8', [1], 'AAAAAAAAAAAAAAAAAAAAAA==']}"),
    value("an array of objects", "{'array': ['|O', [1], 'AAAAAAAAAAA=']}"),
    value("an array of no dtype", "{'array': [['a', 'b'], [1], '']}"),
    value("an array with a negative size", "{'array': ['<f8', [-1, -1], 'AAAAAAAAAAA=']}"),
    value("an array of 100 axes", "{'array': ['<f8', [1] * 100, 'AAAAAAAAAAA=']}"),
    value("an array of no bytes", "{'array': ['<f8', [1], 7]}"),
    value("an array of text that is not base64", "{'array': ['<f8', [1], 'é']}"),
    value("a fraction with denominator 0", "{'fraction': [1, 0]}"),
    value("a dictionary with a list as key", "{'dict': [[[1], 2]]}"),
    value("of an unknown kind", "{'pickle': 'gASVAAAA'}"),
    value("of two kinds", "{'tuple': [], 'dict': []}"),
    value("500,000 empty lists", "[[]] * 500000"),
    value("nested twenty deep", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]"),
    case(
        "replies without end",
        first=FORGE,
        softmax="def softmax(x):\n    while True: forge({'id': 0, 'value': [0] * 1000})",
        says="unreadable",
    ),
    case(
        "a reply one byte at a time, for ever",
        first=FORGE,
        softmax=TRICKLE,
    ),
    case(
        "the pipes closed",
        first=FORGE,
        softmax="def softmax(x):\n    for p in pipes(): os.close(p)",
        says="stopped",
    ),
    case(
        "the worker's wire patched",
        NOTHING,
        first="from grader import wire\nwire.encode = lambda *a: {'x': 1}",
    ),
    case(
        "json patched", ALL, first="import json\njson.dumps = lambda *a, **k: '{}'\njson.loads = json.dumps"
    ),
    case(
        "builtins patched",
        ALL,
        first="import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.type = lambda *a: int",
    ),
    case(
        "no module left",
        6,  # softmax needs NumPy's own modules as it is called
        last="import sys\nfor name in list(sys.modules):\n    if name != 'builtins': del sys.modules[name]",
    ),
]
