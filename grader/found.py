"""Which notebook is whose: in a folder of files, of folders, or of an LMS's zips.

A student is known by the path: by a part of it that is the student's id, or holds it between
separators as the names that LMSs make do. What a notebook says of itself is not asked.
Nothing is unpacked to disk and no link is followed.
"""

import io
import os
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from grader.submission import UnreadableError

LARGEST = 21 * 2**20  # bytes read of a file; a notebook that long is refused
LARGEST_ZIP = 200 * 2**20  # bytes of a zip within a zip
MOST_MEMBERS = 20_000  # files in a zip
DEEPEST = 2  # an LMS's zip of students' zips
IGNORED = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store"}
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
CANVAS = re.compile(r"([^_]+)_(?:LATE_)?\d+_\d+_")  # lovelaceada_LATE_123_456_ada.ipynb
MOODLE = re.compile(r"(.+)_\d+_assignsubmission_file")  # Ada Lovelace_123_assignsubmission_file/ada.ipynb


@dataclass(frozen=True)
class Found:
    """A student's file, or the sentence that says why there is none to read."""

    student: str
    path: str
    read: Callable[[], bytes]
    problem: str = ""

    def content(self) -> bytes:
        """Give the file's bytes, or raise UnreadableError with the sentence."""
        if self.problem:
            raise UnreadableError(self.problem)
        try:
            return self.read()
        except DAMAGED:
            raise UnreadableError("The file cannot be unpacked: hand in the notebook itself.") from None


@dataclass(frozen=True)
class _File:
    path: PurePosixPath
    read: Callable[[], bytes]
    problem: str = ""


def find(folder: Path, names: Mapping[str, str]) -> tuple[list[Found], list[str]]:
    """Give each student's notebook, by student, and a sentence for each file that is nobody's.

    `names` gives the student for each name that a path may hold: an id, or the name an LMS writes.
    Without any, a student is whoever the path names.
    """
    known = {normalize("NFC", name): student for name, student in names.items() if name}
    by_student: dict[str, list[_File]] = defaultdict(list)
    strays = []
    for file in _files(folder):
        student = _student(file.path, known) if known else _named_by(file.path)
        if student is None:
            strays.append(f"{file.path} belongs to no student of the roster; rename it to STUDENT.ipynb.")
        else:
            by_student[student].append(file)
    return [_one(student, files) for student, files in sorted(by_student.items())], strays


def _one(student: str, files: list[_File]) -> Found:
    """Choose a student's one notebook; two are none, because no one but the student can choose."""
    notebooks = [file for file in files if file.path.suffix.lower() == ".ipynb" and not file.problem]
    if len(notebooks) == 1:
        return Found(student, str(notebooks[0].path), notebooks[0].read)
    names = " and ".join(sorted(str(file.path) for file in notebooks)[:3])
    problem = (
        f"There are {len(notebooks)} notebooks, {names}: hand in one." if notebooks else _why_none(files)
    )
    return Found(student, str(files[0].path), bytes, problem)


def _why_none(files: list[_File]) -> str:
    said = [file.problem for file in files if file.problem]
    return said[0] if said else "There is no notebook: hand in a file that ends in .ipynb."


def _student(path: PurePosixPath, known: dict[str, str]) -> str | None:
    """Find the student in a path, the innermost part first; of several names the longest counts."""
    for part in reversed((*path.parts[:-1], path.stem)):
        bare = normalize("NFC", part).removesuffix(".zip")
        if bare in known:
            return known[bare]
        within = {name for name in known if re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", bare)}
        longest = {known[name] for name in within if len(name) == max(map(len, within))}
        if len(longest) == 1:
            return longest.pop()
    return None


def _named_by(path: PurePosixPath) -> str:
    """Read the student from the first part of the path that is not an LMS's zip."""
    first, *rest = path.parts
    part = normalize("NFC", rest[0] if rest and first.endswith(".zip") else first)
    lms = CANVAS.match(part) or MOODLE.match(part)
    return lms[1] if lms else part.removesuffix(path.suffix).removesuffix(".zip")


def _files(folder: Path) -> Iterator[_File]:
    if folder.is_file():
        yield from _opened(_printable(folder.name), _reader(folder), depth=0)
    for parent, folders, names in os.walk(folder):  # does not follow links to folders
        folders.sort()
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for path in (Path(parent, name) for name in sorted([*names, *links])):
            name = _printable(path.relative_to(folder).as_posix())
            if IGNORED & set(name.parts):
                continue
            if path.is_symlink() or not path.is_file():
                yield _File(
                    name, bytes, "This is a link or a device, not a file: hand in the notebook itself."
                )
            else:
                yield from _opened(name, _reader(path), depth=0)


def _printable(name: str) -> PurePosixPath:
    """Give a path that can be written in any file and shown on any page, without steps upwards."""
    parts = name.encode("utf-8", "replace").decode().replace("\\", "/").split("/")
    kept = ["".join(c if c.isprintable() else "_" for c in part)[-100:] for part in parts]
    return PurePosixPath(*(part for part in kept if part not in ("", ".", "..")))


def _opened(name: PurePosixPath, read: Callable[[], bytes], depth: int) -> Iterator[_File]:
    """Give a file, or those within it if it is a zip."""
    if name.suffix.lower() != ".zip":
        yield _File(name, read)
    elif depth == DEEPEST:
        yield _File(name, read, "The notebook lies in a zip in a zip: hand in the notebook itself.")
    else:
        try:
            yield from _members(name, zipfile.ZipFile(io.BytesIO(read())), depth)
        except DAMAGED:
            yield _File(name, read, "The zip is damaged: hand in the notebook itself.")


def _members(name: PurePosixPath, archive: zipfile.ZipFile, depth: int) -> Iterator[_File]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        yield _File(
            name, bytes, f"The zip holds more than {MOST_MEMBERS:,} files: hand in the notebook itself."
        )
        return
    for member in members:
        inner = _printable(member.filename)
        if not inner.parts or IGNORED & set(inner.parts):
            continue
        if inner.suffix.lower() == ".zip" and member.file_size > 10 * member.compress_size + 1000:
            yield _File(
                name / inner, bytes, "The zip is not as large as it says: hand in the notebook itself."
            )
        else:
            yield from _opened(name / inner, _member_reader(archive, member), depth + 1)


def _reader(path: Path) -> Callable[[], bytes]:
    largest = None if path.suffix.lower() == ".zip" else LARGEST

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(largest)

    return read


def _member_reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    """Read so much and no more: what the zip says of the size is a claim."""
    largest = LARGEST_ZIP if member.filename.lower().endswith(".zip") else LARGEST

    def read() -> bytes:
        with archive.open(member) as file:
            return file.read(largest)

    return read
