"""A class after grading, and the files of an LMS, for tests of what comes after."""

import small_set

from grader.classbook import Entry
from grader.gradebooks.people import Person
from grader.marking import result
from grader.submission import Submission

SET = small_set.make("ada", 0)
PEOPLE = {
    "ada": Person("ada", "ada", "Ada Lovelace", "ada@example.org"),
    "bob": Person("bob", "bob", "Bob Æ. Řehoř", "bob@example.org"),
    "eve": Person("eve", "eve", "Eve Stone", "eve@example.org"),
    "zoe": Person("zoe", "zoe", "Zoe Stone", "zoe@example.org"),
}
UNSCALED = "The scores are not divided by √d_k."

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework (10),A small set (11),Final Score\r\n"
    ",,,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,10,11,(read only)\r\n"
    '"Lovelace, Ada",901,u1,ada,"A, ""x""",7,,"55.50"\r\n'
    '"Řehoř, Bob Æ.",902,u2,BOB,A,EX,"",55.5\r\n'
    '"Stone, Eve",903,u3,eve,A,,,\r\n'
    '"Stone, Zoe",904,u4,zoe,A,,,\r\n'
    '"Student, Test",999,,f3ab,A,,,\r\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (submission),Feedback\n"
    'Participant 1,Ada Lovelace,ada@example.org,Submitted,,11.00,"Monday, 30 November 2026, 11:58 PM",\n'
    'Participant 2,Bob,bob@example.org,Submitted - 2 hours late,,11.00,"Tuesday, 1 December 2026, 2:00 AM",\n'
    "Participant 3,Eve,eve@example.org,No submission - overdue by: 5 days,,11.00,-,\n"
)


def marks(score):
    """The mark of one check of three questions, in words of the grader."""
    return {
        ("total", "sum"): mark(1),
        ("scores", "a small case"): mark(1 if score > 1 else 0, "unscaled", UNSCALED),
        ("scores", "other inputs"): mark(2 if score > 2 else 0, "unscaled", UNSCALED),
    }


def mark(score, mistake=None, sentence="Right."):
    if score:
        return {"score": score, "status": "right", "mistake": None, "sentence": "Right."}
    return {"score": 0, "status": "mistake", "mistake": mistake, "sentence": sentence}


def graded(student, score=4, status="graded", notes=()):
    """A result of 4, 2 or 1 of 8 points; 3 more wait for a person."""
    return result(Submission(student, "digest"), SET, status, marks(score), list(notes))


def entry(student, score=4, late="", **changed):
    return Entry(person=PEOPLE[student], result=graded(student, score, **changed), late=late)


def absent(student):
    return Entry(person=PEOPLE[student])
