"""Property-based tests: written rows are read back unchanged, and any input is read or refused."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imports import files
from imports.errors import FileRefused
from imports.files.header.header_row import is_blank
from imports.schema.columns import Columns, match_headers
from tests.imports.files.helpers import open_file
from tests.paths import ROOT

HEADER = ["email", "first_name", "last_name", "note"]
LIMITS = files.Limits(max_rows=1_000, max_bytes=2_000_000, max_workbook_cells=100_000)

# any text without NUL and without halves of surrogate pairs
cells = st.text(
    st.one_of(
        st.sampled_from("ab ,;\t|\"'\r\n=+-@\u00e4\u2028\x0b\x1c\x85\ufeff\x1a"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)
rows_of_cells = st.lists(
    st.lists(cells, min_size=1, max_size=6).filter(lambda row: not is_blank(row)),
    min_size=1,
    max_size=12,
)
codecs = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark"])
quotings = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])


def written(rows: list[list[str]], delimiter: str, quoting: Any, end: str) -> str:
    """Rows as a spreadsheet writes them: every cell that needs quotes has them."""
    lines = []
    for row in rows:
        line = [
            '"' + cell.replace('"', '""') + '"'
            if quoting != csv.QUOTE_MINIMAL or set(cell) & set(f'{delimiter}"\r\n')
            else cell
            for cell in row
        ]
        lines.append(delimiter.join(line) + end)
    return "".join(lines)


def encoded(text: str, codec: str) -> bytes:
    """Text in an encoding, with its byte-order mark."""
    if codec == "utf-16-le-mark":
        return b"\xff\xfe" + text.encode("utf-16-le")
    if codec == "utf-16-be-mark":
        return b"\xfe\xff" + text.encode("utf-16-be")
    return text.encode(codec)


def expected_records(rows: list[list[str]], width: int) -> list[tuple[int, list[str]]]:
    """What `records` gives for rows: unescaped, without empty cells beyond the header."""
    records = []
    for number, row in enumerate(rows, start=2):
        kept = list(row)
        while len(kept) > width and not kept[-1].strip():
            kept.pop()
        records.append((number, [files.unescape_cell(cell) for cell in kept]))
    return records


@given(
    rows=rows_of_cells,
    delimiter=st.sampled_from(",;\t|"),
    quoting=quotings,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    codec=codecs,
    named=st.booleans(),
)
@settings(max_examples=400, deadline=None)
@example([["\r", "a"]], ",", csv.QUOTE_MINIMAL, "\r\n", "utf-8", False)
@example([["a\x1a"]], ",", csv.QUOTE_ALL, "\n", "utf-8", False)
def test_rows_are_read_back_unchanged_in_any_dialect(
    rows: list[list[str]], delimiter: str, quoting: int, end: str, codec: str, named: bool
) -> None:
    rows = [["x@example.com", *row[1:]] for row in rows]
    text = written([HEADER, *rows], delimiter, quoting, end)
    options = {"delimiter": delimiter} if named else {}
    reading = open_file(encoded(text, codec), limits=LIMITS, **options)
    assert reading.delimiter == delimiter
    width = len(reading.columns.headers)
    found = list(reading.records())
    if text.endswith("\x1a"):  # the reader removes a Ctrl-Z at the very end
        return
    assert_unchanged(reading, found, expected_records(rows, width))


@given(rows=rows_of_cells)
@settings(max_examples=200, deadline=None)
def test_rows_of_csv_writer_are_read_back_unchanged(rows: list[list[str]]) -> None:
    rows = [["x@example.com", *[c.replace("\r", "") for c in row[1:]]] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *rows])
    reading = open_file(text.getvalue(), limits=LIMITS)
    expected = expected_records(rows, len(reading.columns.headers))
    assert_unchanged(reading, list(reading.records()), expected)


def assert_unchanged(reading: files.Reading, found: list[Any], expected: list[Any]) -> None:
    """The rows are as expected, except for changes that the reading warns of."""
    codes = {warning.code for warning in reading.warnings}
    if codes & {"header_repeated", "comment_skipped"}:
        return
    if codes & CHANGES:
        assert [(row, len(cells)) for row, cells in found] == [
            (row, len(cells)) for row, cells in expected
        ]
    else:
        assert found == expected


CHANGES = {
    *("invisible_removed", "formula_unwrapped", "quotes_removed", "apostrophe_removed"),
    *("letters_composed", "blanks_merged", "separator_removed", "null_emptied"),
    *("blanks_around_quotes",),
}


records_with_gaps = st.lists(
    st.tuples(st.integers(1, 4), st.lists(cells, min_size=1, max_size=5)), max_size=20
)


@given(steps=records_with_gaps, first_row=st.integers(1, 10_000))
@settings(max_examples=300, deadline=None)
@example([(1, [""]), (3, ["\r"]), (1, ['"'])], 2)
def test_records_survive_a_chunk(steps: list[tuple[int, list[str]]], first_row: int) -> None:
    records, row = [], first_row - 1
    for step, row_cells in steps:
        row += step
        records.append((row, row_cells))
    content = files.encode_chunk(records, first_row)
    assert list(files.decode_chunk(content, first_row)) == records
    plain = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert [row_cells for row_cells in plain if row_cells] == [c for _, c in records]


@given(cell=st.text())
@settings(max_examples=500)
@example("'=")
@example("''-")
@example("'\r")
def test_a_cell_survives_escaping_and_unescaping(cell: str) -> None:
    assert files.unescape_cell(files.escape_cell(cell)) == cell
    assert files.escape_cell(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


def check_outcome(data: bytes, **options: Any) -> None:
    """Reads data to its end. Fails for anything but rows or a refusal with a code and a message."""
    refusal = None
    try:
        for _ in open_file(data, limits=LIMITS, **options).records():
            pass
    except FileRefused as caught:
        refusal = caught
    if refusal:
        assert refusal.code != "file_refused"
        assert refusal.detail.isprintable()
        assert len(refusal.detail) < 6_000


SEEDS = [
    b"email,first_name,last_name\na@example.com,Ann,Lee\n",
    'email;first_name;last_name\r\n"a@example.com";"Ann\n";"Lé"\r\n'.encode(),
    b"sep=|\nReport\n\nemail|first_name|last_name|password\na|b|c|d\n'=|x|y|z|\n",
    "\ufeffemail\tfirst_name\tlast_name\r\n'a@example.com\tÄ\tß\r\n".encode("utf-16"),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with a few bytes changed, removed, repeated or inserted."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        piece = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"\r", b"\0", b"\xff"]))
        )
        data[at : at + draw(st.integers(0, 4))] = piece * draw(st.integers(1, 5))
    return bytes(data)


@given(
    data=st.one_of(st.binary(max_size=300), mutated()),
    encoding=st.sampled_from([None, "windows-1252", "utf-16", "utf-8", "gb18030", "hz", "cp037"]),
    delimiter=st.sampled_from([None, ";", "tab"]),
    preview=st.booleans(),
    mapping=st.sampled_from([None, {"email": "email"}, {"full_name": "first_name"}, {"email": ""}]),
)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(b"\xff\xfe\x00\xd8", None, None, True, None)
@example(b"\x0b", None, None, False, None)
@example(b",,\n", None, None, False, None)
@example(b"\x85\x85", "cp037", None, False, None)
def test_any_bytes_are_read_or_refused(
    data: bytes, encoding: str | None, delimiter: str | None, preview: bool, mapping: Any
) -> None:
    check_outcome(data, encoding=encoding, delimiter=delimiter, preview=preview, mapping=mapping)


@given(name=st.text(max_size=30), data=st.sampled_from(SEEDS))
@settings(max_examples=300, deadline=None)
def test_any_name_is_accepted_or_refused(name: str, data: bytes) -> None:
    check_outcome(data, filename=name)
    check_outcome(data, encoding=name)
    check_outcome(data, delimiter=name)
    check_outcome(data, mapping={"email": name})
    check_outcome(data, mapping={name: "email"})


WORKBOOK = (ROOT / "tests" / "data" / "workbook-values.xlsx").read_bytes()
PARTS = zipfile.ZipFile(io.BytesIO(WORKBOOK)).namelist()


@given(
    part=st.sampled_from(PARTS),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=3)), min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_workbook_with_a_changed_part_is_read_or_refused(
    part: str, changes: list[tuple[float, bytes]]
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(file, "w") as new:
        for name in PARTS:
            data = bytearray(old.read(name))
            for place, piece in changes if name == part else []:
                at = int(place * len(data))
                data[at : at + len(piece)] = piece
            new.writestr(name, bytes(data))
    check_outcome(file.getvalue())


@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=3)), max_size=5))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_workbook_with_changed_bytes_is_read_or_refused(
    places: list[tuple[float, bytes]],
) -> None:
    data = bytearray(WORKBOOK)
    for place, piece in places:
        at = int(place * len(data))
        data[at : at + len(piece)] = piece
    check_outcome(bytes(data))


@given(headers=st.lists(st.text(max_size=40), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_headers_are_matched_or_refused(headers: list[str]) -> None:
    try:
        match = match_headers([*headers, "email", "first_name", "last_name"])
    except FileRefused:
        return
    columns = match.columns
    assert len(columns.headers) + len(match.dropped) == len(headers) + 3
    assert all(0 <= index < len(columns.headers) for index in columns.positions.values())
    assert Columns.from_json(columns.as_json()) == columns
    assert all(header.isprintable() and header for header in columns.headers)
