"""Property-based tests of how people and programs write tables: remarks, blanks, quotes, gaps."""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import is_normalized

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imports.schema.fields import FIELDS
from imports.schema.header_names import LANGUAGES, normalise
from imports.schema.headers import KNOWN_NAMES, recognise
from tests.imports.files.helpers import open_file

DELIMITERS = st.sampled_from(",;\t|")
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
REQUIRED = ("email", "first_name", "last_name")
OPTIONAL = ("department", "location", "phone", "role")
# Letters of several scripts that no cleaning step changes.
_letters = st.characters(categories=["Lu", "Ll"], exclude_characters="ªº")
_NULLS = ("null", "nan", "none", "nil", "undefined", "na")  # a column of them counts as empty
words = st.text(_letters, min_size=1, max_size=8).filter(
    lambda word: is_normalized("NFC", word) and word.casefold() not in _NULLS
)
BRACKETS = st.sampled_from(["()", "[]", "{}", "<>", "（）", "［］", "【】", "〔〕"])
BLANKS = st.text(st.sampled_from(" \xa0\u3000"), max_size=3)


class Person(NamedTuple):
    """The cells of a row: those of REQUIRED, then some of OPTIONAL."""

    name: str
    others: tuple[str, str, str]

    def cells(self, number: int) -> list[str]:
        """The person as the row with this number."""
        first, last, department = self.name, *self.others[:2]
        return [f"p{number}@x.example", first, last, department, self.others[2]]


people = st.lists(st.builds(Person, words, st.tuples(words, words, words)), min_size=1, max_size=6)
HEADER = ["email", "first_name", "last_name", "department", "location"]
NAMES = [
    (field, word)
    for code, kinds in LANGUAGES.items()
    if code != "other"
    for field in FIELDS
    for word in kinds.get(field, ())
    if (match := recognise(word)) and match.field == field
]


@given(
    names=st.permutations(REQUIRED + OPTIONAL),
    remarks=st.lists(st.text("abc /|,.:0-9äöü必", max_size=12), min_size=7, max_size=7),
    brackets=BRACKETS,
    delimiter=DELIMITERS,
    end=LINE_ENDS,
    person=st.builds(Person, words, st.tuples(words, words, words)),
)
@settings(max_examples=60, deadline=None)
def test_remarks_in_brackets_behind_the_names_of_columns_change_nothing(
    names: list[str],
    remarks: list[str],
    brackets: str,
    delimiter: str,
    end: str,
    person: Person,
) -> None:
    headers = [
        f'"{name} {brackets[0]}{remark}{brackets[1]}"'
        for name, remark in zip(names, remarks, strict=True)
    ]
    row = ["p@x.example" if name == "email" else person.name for name in names]
    reading = open_file(delimiter.join(headers) + end + delimiter.join(row) + end)
    assert reading.delimiter == delimiter
    assert reading.columns.positions == {name: at for at, name in enumerate(names)}
    assert [len(cells) for _, cells in reading.records()] == [len(names)]


@given(name=st.sampled_from(NAMES), remark=words, brackets=BRACKETS)
@settings(max_examples=300, deadline=None)
def test_a_remark_behind_a_name_in_any_language(
    name: tuple[str, str], remark: str, brackets: str
) -> None:
    field, word = name
    assume(recognise(remark) is None)  # [email] names the field
    joined = KNOWN_NAMES.get(normalise(f"{word}{remark}"))  # and so does nom(bre)
    assume(joined is None or joined.field == field)
    match = recognise(f"{word} {brackets[0]}{remark}{brackets[1]}")
    assert match is not None
    assert match.field == field


def test_a_letter_in_brackets_belongs_to_no_other_name() -> None:
    assert recognise("Nome") == recognise("first_name")._replace(rank=1)  # type: ignore[union-attr]
    assert recognise("Nom (E)") == recognise("Nom [e]") == recognise("nom")


@given(
    people=people,
    blanks=st.lists(st.tuples(BLANKS, BLANKS), min_size=1, max_size=5),
    delimiter=DELIMITERS,
    end=LINE_ENDS,
    tabs=st.booleans(),
    plain=st.integers(0, 200),
)
@settings(max_examples=60, deadline=None)
def test_blanks_around_quoted_cells_are_no_content_in_any_row(
    people: list[Person],
    blanks: list[tuple[str, str]],
    delimiter: str,
    end: str,
    tabs: bool,
    plain: int,
) -> None:
    if tabs and delimiter != "\t":
        blanks = [(before + "\t", after + "\t") for before, after in blanks]
    wanted = [Person("A", ("B", "C", "D")).cells(number) for number in range(plain)]
    lines = [delimiter.join(cells) for cells in [HEADER, *wanted]]
    for number, person in enumerate(people, plain):
        wanted.append(person.cells(number))
        padded = []
        for index, cell in enumerate(wanted[-1]):
            before, after = blanks[index % len(blanks)]
            padded.append(f'{before}"{cell}"{after}')
        lines.append(delimiter.join(padded))
    reading = open_file(end.join(lines) + end)
    assert [cells for _, cells in reading.records()] == wanted
    padded_rows = len(people) if any(before or after for before, after in blanks[:5]) else 0
    found = [w.count for w in reading.warnings if w.code == "blanks_around_quotes"]
    assert found == ([padded_rows] if padded_rows else [])


@given(
    people=people,
    lengths=st.lists(st.integers(3, 5), min_size=6, max_size=6),
    delimiter=DELIMITERS,
    end=LINE_ENDS,
    quote=st.sampled_from(["", '"']),
)
@settings(max_examples=60, deadline=None)
def test_rows_without_their_last_optional_cells_are_read_with_one_warning(
    people: list[Person], lengths: list[int], delimiter: str, end: str, quote: str
) -> None:
    rows = [p.cells(n)[: lengths[n]] for n, p in enumerate(people)]
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in [HEADER, *rows]]
    reading = open_file(end.join(lines) + end)
    assert reading.delimiter == delimiter
    assert [cells for _, cells in reading.records()] == rows
    short = sum(len(row) < len(HEADER) for row in rows)
    assert [w.count for w in reading.warnings if w.code == "short_row"] == [short] * bool(short)


@given(
    people=people,
    quotes=st.sampled_from(["''", "“”", "„“", "‘’", "«»", "‹›", "「」", "`´"]),
    delimiter=DELIMITERS,
    end=LINE_ENDS,
)
@settings(max_examples=60, deadline=None)
def test_quotes_of_another_kind_around_every_cell_are_taken_off(
    people: list[Person], quotes: str, delimiter: str, end: str
) -> None:
    rows = [person.cells(number) for number, person in enumerate(people)]
    lines = [delimiter.join(f"{quotes[0]}{c}{quotes[1]}" for c in row) for row in [HEADER, *rows]]
    reading = open_file(end.join(lines) + end)
    assert reading.delimiter == delimiter
    assert [cells for _, cells in reading.records()] == rows
    assert "other_quotes" in [warning.code for warning in reading.warnings]
