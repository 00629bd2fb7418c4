"""The page a student gets: the points, and of each check what may be told. Markdown, and HTML from it."""

import re

from assignments.problem_set import ProblemSet, Written
from grader.marking import Result

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #ccc; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top }}
td:nth-child(2) {{ white-space: nowrap }}
@media (prefers-color-scheme: dark) {{ body {{ background: #121212; color: #eee }} }}
</style>
{body}
</html>
"""


def markdown(result: Result, problem_set: ProblemSet) -> str:
    """Write a student's page.

    >>> from assignments.problem_set import ProblemSet
    >>> empty = ProblemSet(name="x", title="By hand", student="ada", text="", setup="", questions=())
    >>> print(markdown({"student": "ada", "score": 0, "points": 0, "questions": {}, "notes": []}, empty))
    # By hand · ada
    <BLANKLINE>
    **0 of 0 points** from the checks.
    <BLANKLINE>
    """
    lines = [f"# {plain(problem_set.title)} · {plain(result['student'])}", ""]
    lines += [f"**{result['score']} of {result['points']} points** {_from(result)}.", ""]
    lines += [f"* {plain(note)}" for note in result["notes"]] + [""] * bool(result["notes"])
    for number, question in enumerate(problem_set.questions, 1):
        marks = result["questions"][question.id]
        lines += [f"## Question {number} · {plain(question.title)}", ""]
        if isinstance(question, Written):
            lines += [_read(marks), ""]
            continue
        lines += ["| check | points | remark |", "| --- | --- | --- |"]
        lines += [_row(check) for check in marks["checks"]] + [""]
    return "\n".join(lines)


def html(page: str) -> str:
    """Make a web page of a student's page; nothing in it is markup of the student's."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(page)
    title = re.sub(r"\\(.)", r"\1", page.partition("\n")[0].removeprefix("# "))
    return PAGE.format(title=title.replace("&", "&amp;").replace("<", "&lt;"), body=body)


def plain(text: str) -> str:
    r"""Escape what Markdown would read as markup.

    >>> print(plain("<b>a|b*</b>"))
    \<b\>a\|b\*\</b\>
    """
    return re.sub(r"([\\`*_{}\[\]<>#|!$~&])", r"\\\1", " ".join(text.split()))


def _from(result: Result) -> str:
    read = any(not one["checks"] and one["score"] is not None for one in result["questions"].values())
    return "from the checks and your instructor" if read else "from the checks"


def _read(marks: dict[str, object]) -> str:
    if marks["score"] is None:
        return f"Your instructor reads this one: {marks['points']} points."
    return f"Your instructor has read this one: {marks['score']} of {marks['points']} points."


def _row(check: dict[str, object]) -> str:
    sign = "✓" if check["score"] == check["points"] else "✗"
    cells = (plain(str(check["name"])), f"{sign} {check['score']} of {check['points']}")
    return f"| {' | '.join(cells)} | {plain(str(check['sentence']))} |"
