"""A CSV file can be filled in, and every byte that was not filled in stays."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.gradebooks.table import Table, read_table

# csv leaves a bare \r out of quotes, where it cannot be told from the end of a line.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)


@st.composite
def files(draw):
    """A file as csv writes it: cells of any text, in any of the dialects, and the bytes."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    header = [f"column {n}" for n in range(columns)]
    cells = [header, *([draw(TEXT) for _ in range(columns)] for _ in range(rows))]
    ending = draw(st.sampled_from(["\r\n", "\n"]))
    written = io.StringIO(newline="")
    csv.writer(
        written,
        delimiter=draw(st.sampled_from(",;\t")),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        lineterminator=ending,
    ).writerows(cells)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    whole = written.getvalue()
    text = whole.removesuffix(ending) if draw(st.booleans()) else whole
    return cells, text.encode(encoding)


def table_of(folder, content: bytes) -> Table:
    path = folder / "EXPORT.csv"
    path.write_bytes(content)
    return read_table(path)


def held(table):
    return [[table.cell(row, at) for at in range(len(cells))] for row, cells in enumerate(table.rows)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@given(files())
def test_a_file_that_is_not_filled_in_comes_back_to_the_byte(folder, file):
    _, content = file

    assert bytes(table_of(folder, content)) == content


@given(files())
def test_cells_are_those_that_csv_has_written(folder, file):
    cells, content = file

    assert held(table_of(folder, content)) == [[cell.strip() for cell in row] for row in cells]


@given(files(), st.data())
def test_one_cell_is_filled_in_and_no_other(folder, file, data):
    cells, content = file
    row, column = data.draw(st.integers(1, len(cells) - 1)), data.draw(st.integers(0, len(cells[0]) - 1))
    table = table_of(folder, content)

    table.fill(row, column, "7,5")

    expected = [[cell.strip() for cell in row] for row in cells]
    expected[row][column] = "7,5"
    assert held(table_of(folder, bytes(table))) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\r1,2\r",
        b"a;b\n\n1;2\n\n",
        b"a,b\n1\n1,2,3\n",
        "name;grade\nZoë;\n".encode("cp1252"),
        b'a,b\n"x\r\ny",2\n',
        b"a,b",
        b"a,",
    ],
)
def test_odd_files_come_back_to_the_byte(folder, content):
    assert bytes(table_of(folder, content)) == content


def test_windows_1252_is_read_where_it_is_no_utf_8(folder):
    table = table_of(folder, "name;grade\nZoë Ångström;\n".encode("cp1252"))

    assert table.cell(1, 0) == "Zoë Ångström"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: export it again"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"PK\x03\x04" + bytes(30), "is no CSV text"),
        (b"a,b\n\0\n", "is no CSV text"),
        (b"a,b\n\x81,1\n", "is no CSV text"),
        (b'a,b\n1,2\n"x,2\n', "line 3: a quotation mark is out of place"),
        (b'a,b\n"x"y,2\n', "line 2: a quotation mark"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(folder, content, said):
    with pytest.raises(ValueError, match=said):
        table_of(folder, content)


def test_a_file_that_is_not_there_is_spoken_of(folder):
    with pytest.raises(ValueError, match=r"nowhere\.csv cannot be read: No such file"):
        read_table(folder / "nowhere.csv")
