"""Who is who: the rows of a gradebook and the students of a roster."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from grader.gradebooks.table import Table


@dataclass(frozen=True)
class Person:
    """A student: `student` as files are named, the rest as the roster says."""

    student: str
    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Key:
    """What of a row says whose it is: an id or an address in one column, or a name in one or two."""

    title: str
    columns: tuple[int, ...]
    is_name: bool = False

    def value(self, table: Table, row: int) -> str:
        """Give the row's id or name; "Lovelace, Ada" if it stands in two columns."""
        return ", ".join(cell for column in self.columns if (cell := table.cell(row, column)))


@dataclass(frozen=True)
class Match:
    """Whose each row is, by `title` above all.

    `doubled` are students with more than one row, `disputed` rows whose id and name are of two students.
    """

    title: str
    students: Mapping[int, str]
    doubled: tuple[str, ...] = ()
    disputed: tuple[int, ...] = ()


def people(students: Mapping[str, Mapping[str, Any]], submitted: Iterable[str]) -> dict[str, Person]:
    """Gather the roster's students, and those who have handed in where there is no roster."""
    known = {
        student: Person(student, str(one["id"]), str(one["name"]), str(one["email"]))
        for student, one in students.items()
    }
    return known | {student: Person(student) for student in submitted if student not in known}


def keys(table: Table, ids: Sequence[str], names: Sequence[tuple[str, ...]]) -> tuple[Key, ...]:
    """Find the columns that say whose a row is, those that are surest first."""
    found = [Key(title, (at,)) for title in ids if (at := table.column(title)) is not None]
    for titles in names:
        if set(titles) <= set(table.columns):
            columns = tuple(map(table.columns.index, titles))
            found.append(Key(" and ".join(titles), columns, is_name=True))
    return tuple(found)


def match(table: Table, rows: Sequence[int], keys: Sequence[Key], people: Mapping[str, Person]) -> Match:
    """Find each row's student by the column that names most of them, by another where that is empty.

    A row whose id names nobody is nobody's, though its name be that of a student: there may be two.
    So an id is surer than a name, unless names find more than twice as many.
    """
    owners = {False: _owners(people.values(), _ids), True: _owners(people.values(), _names_of)}
    found = {key: dict(_found(table, rows, key, owners[key.is_name])) for key in keys}
    order = sorted(keys, key=lambda key: -len(found[key]) / (2 if key.is_name else 1))
    students, disputed = {}, []
    for row in rows:
        key = next((key for key in order if key.value(table, row)), order[0])
        by_name = {found[name][row] for name in keys if name.is_name and row in found[name]}
        if row in found[key] and by_name <= {found[key][row]}:
            students[row] = found[key][row]
        elif row in found[key]:
            disputed.append(row)
    doubled = [student for student, times in Counter(students.values()).items() if times > 1]
    return Match(order[0].title, students, tuple(doubled), tuple(disputed))


def names(name: str) -> set[str]:
    """Give the ways in which a name is the same name.

    >>> sorted(names("Lovelace, Ada")), sorted(names("Ada  LOVELACE"))
    (['adalovelace', 'lovelaceada'], ['adalovelace'])
    """
    last, comma, first = name.partition(",")
    orders = [first + last, last + first] if comma else [name]
    return {re.sub(r"[\W_]+", "", normalize("NFKC", one).casefold()) for one in orders} - {""}


def _found(
    table: Table, rows: Sequence[int], key: Key, owners: Mapping[str, set[str]]
) -> Iterable[tuple[int, str]]:
    for row in rows:
        value = key.value(table, row)
        spellings = names(value) if key.is_name else {_plain(value)}
        whose = set().union(*(owners.get(one, set()) for one in spellings))
        if len(whose) == 1:
            yield row, whose.pop()


def _owners(people: Iterable[Person], values: Callable[[Person], set[str]]) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = defaultdict(set)
    for person in people:
        for value in values(person) - {""}:
            owners[value].add(person.student)
    return owners


def _ids(person: Person) -> set[str]:
    return {_plain(value) for value in (person.student, person.id, person.email)}


def _names_of(person: Person) -> set[str]:
    return names(person.name) or names(person.student)


def _plain(value: str) -> str:
    return normalize("NFC", value.strip()).casefold()
