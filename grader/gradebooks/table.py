"""A CSV file as it came: cells can be filled in, and every other byte stays."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.store import write

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
DELIMITERS = (",", ";", "\t")
END = re.compile(r"\r\n|\r|\n")


@dataclass
class Table:
    """Rows of cells as the file writes them, quotes and all; the first row names the columns."""

    name: str
    bom: bytes
    encoding: str
    delimiter: str
    rows: list[list[str]]
    ends: list[str]  # of the lines

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [_value(cell).strip() for cell in self.rows[0]]

    def column(self, name: str) -> int | None:
        """Give the place of a column, if there is one of that name."""
        return self.columns.index(name) if name in self.columns else None

    def cell(self, row: int, column: int) -> str:
        """Give what a cell holds; nothing where a row is short."""
        cells = self.rows[row]
        return _value(cells[column]).strip() if column < len(cells) else ""

    def fill(self, row: int, column: int, value: str) -> None:
        """Put a number into a cell, in quotes where it stood in quotes or holds the delimiter."""
        cells = self.rows[row]
        quoted = cells[column].startswith('"') or self.delimiter in value
        cells[column] = f'"{value}"' if quoted else value

    def __bytes__(self) -> bytes:
        lines = (self.delimiter.join(cells) + end for cells, end in zip(self.rows, self.ends, strict=True))
        return self.bom + "".join(lines).encode(self.encoding)

    def save(self, path: Path) -> None:
        """Write the file, in the encoding that it came in."""
        write(path, bytes(self))


def read_table(path: Path) -> Table:
    """Read a CSV file: UTF-8, UTF-16 with its mark, or Windows-1252; commas, semicolons or tabs.

    Raises
    ------
    ValueError
        The file is not there, empty, or no CSV. The sentence says what to do.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    bom, encoding, text = _decoded(path, content)
    if not text.strip():
        raise ValueError(f"{path} is empty: export it again.")
    delimiter = _delimiter(text)
    rows, ends = zip(*_rows(path, text, delimiter), strict=True)
    return Table(path.name, bom, encoding, delimiter, list(rows), list(ends))


def _decoded(path: Path, content: bytes) -> tuple[bytes, str, str]:
    bom = next((mark for mark in BOMS if content.startswith(mark)), b"")
    for encoding in (BOMS[bom],) if bom else ("utf-8", "cp1252"):
        try:
            text = content[len(bom) :].decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and not text.startswith("PK\3\4"):
            return bom, encoding, text
    raise ValueError(f"{path} is no CSV text: export it as CSV, in UTF-8.")


def _delimiter(text: str) -> str:
    """Find what parts the names of the columns, outside of quotes."""
    header = re.match(r'(?:"[^"]*+"|[^"\r\n])*+', text)
    bare = re.sub(r'"[^"]*+"', "", header[0] if header else "")
    return max(DELIMITERS, key=bare.count)


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Give each row's cells and what ends its line."""
    quoted, bare = r'"[^"]*+(?:""[^"]*+)*+"', rf'[^"\r\n{delimiter}][^\r\n{delimiter}]*+'
    pattern = re.compile(rf"({quoted}|{bare}|)({delimiter}|\r\n|\r|\n|\Z)")
    at, cells = 0, []
    while at < len(text) or cells:
        cell = pattern.match(text, at)
        if cell is None:
            line = len(END.findall(text, 0, at)) + 1
            raise ValueError(f"{path}, line {line}: a quotation mark is out of place. Export the file anew.")
        at = cell.end()
        cells.append(cell[1])
        if cell[2] != delimiter:
            yield cells, cell[2]
            cells = []


def _value(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell
