"""Rows of text files: read in blocks, numbered correctly, and with strict quoting."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest

from imports import files
from imports.errors import MixedDelimiters
from imports.files.text import BLOCK_BYTES
from tests.imports.files.helpers import HEADER, LARGE_LIMITS, ROW, open_file, refusal_of, rows_of


def test_records_start_over_at_each_call_and_can_be_interleaved() -> None:
    reading = open_file(HEADER + "".join(f"u{i}@example.com,A,B\n" for i in range(20_000)))
    one, other = reading.records(), reading.records()
    both = [(next(one), next(other)) for _ in range(15_000)]
    assert all(a == b for a, b in both)
    assert len(list(reading.records())) == 20_000


def test_a_file_is_read_in_blocks() -> None:
    reads: list[int] = []

    class RecordingFile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            reads.append(size or -1)
            return super().read(size)

    file = RecordingFile((HEADER + ROW * 50_000).encode())
    reading = files.read(file, filename="u.csv", limits=LARGE_LIMITS)
    assert sum(reads) <= 4 * BLOCK_BYTES
    assert sum(1 for _ in reading.records()) == 50_000
    assert max(reads) <= BLOCK_BYTES
    assert min(reads) > 0


@pytest.mark.parametrize(
    "row",
    [
        "ann.lee@example.com,Ann,Lee\n",
        'ann.lee@example.com,Ann,"L, ee"\n',
        # nearly every block ends inside such a row
        'ann.lee@example.com,Ann,"' + "some text\n" * 300 + '"\n',
    ],
)
def test_memory_does_not_grow_with_the_file(row: str) -> None:
    def peak(size: int) -> int:
        file = io.BytesIO((HEADER + row * (size // len(row))).encode())
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for _ in files.read(file, filename="u.csv", limits=LARGE_LIMITS).records():
                pass
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    assert peak(2_500_000) < peak(500_000) + 1_500_000


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_that_cross_block_ends_are_complete(quote: str, end: str) -> None:
    # rows of every length from 40 on: each kind of boundary falls on the end of a block somewhere
    rows = [[f"u{i}@example.com", "ä" * (i % 23), "b" * (i % 17)] for i in range(6_000)]
    text = "".join(",".join(f"{quote}{c}{quote}" for c in cells) + end for cells in rows)
    assert rows_of(HEADER + text) == list(enumerate(rows, 2))


@pytest.mark.parametrize("shift", range(24))
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_crlf_across_a_block_end_is_one_line_end(quote: str, shift: int) -> None:
    rows = [["x" * shift, "A", "B"], *[["a@example.com", "A", "B"]] * 4_000]
    lines = (",".join(f"{quote}{cell}{quote}" for cell in cells) for cells in rows)
    found = rows_of(HEADER + "".join(f"{line}\r\n" for line in lines))
    assert [row for row, _ in found] == list(range(2, 4_003))


@pytest.mark.parametrize("filler", range(BLOCK_BYTES - 160, BLOCK_BYTES - 20, 20))
def test_an_escaped_cell_that_crosses_a_block_end_is_unescaped(filler: int) -> None:
    start = HEADER + "a@example.com,A," + "B" * 500 + "\n"
    lines = (filler - len(start)) // 28
    text = start + ROW * lines + "e@example.com,\"'=A\n" + "x\n" * 80 + '",C\n' + ROW * 5
    rows = dict(rows_of(text))
    assert rows[lines + 3][1].startswith("=A\n")


def test_cells_with_line_breaks_that_cross_block_ends_are_complete() -> None:
    rows = [[f"u{i}@example.com", "x\ny\r\nz\r" * (i % 40), "b"] for i in range(3_000)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    assert rows_of(HEADER + text.getvalue()) == list(enumerate(rows, 2))


def test_row_numbers_are_right_after_a_block_with_quotes() -> None:
    text = HEADER + ROW * 5_000 + 'b@example.com,"B\nB",C\n' + ROW * 5_000 + "\n\n" + ROW
    rows = rows_of(text)
    assert rows[5_000] == (5_002, ["b@example.com", "B\nB", "C"])
    assert [row for row, _ in rows[-2:]] == [10_002, 10_005]


def test_blank_rows_are_numbered_but_left_out() -> None:
    rows = rows_of(HEADER + "\n" * 200_000 + ROW + ",,\n" * 1_000 + ROW)
    assert [row for row, _ in rows] == [200_002, 201_003]


def test_many_blank_lines_above_the_header_are_skipped() -> None:
    reading = open_file("\n" * 300_000 + HEADER + ROW)
    assert reading.header_row == 300_001
    assert [row for row, _ in reading.records()] == [300_002]


@pytest.mark.parametrize("row", [2, 3, 4_999])
def test_an_unclosed_quote_is_refused_with_its_row(row: int) -> None:
    rows = [ROW] * 10_000
    rows[row - 2] = 'bad@example.com,"Bob,Builder\n'
    refusal = refusal_of(HEADER + "".join(rows))
    assert (refusal.code, refusal.facts) == ("csv_syntax", {"row": row, "line": row})


def test_an_unclosed_quote_is_found_after_cells_with_line_breaks() -> None:
    refusal = refusal_of(HEADER + 'a@example.com,"A\n\nB",C\nb@example.com,"B\nC","D\n')
    # row 3 begins in line 5, its last quote is opened in line 6
    assert refusal.facts == {"row": 3, "line": 6}


def test_text_after_a_closing_quote_spoils_its_row_only() -> None:
    reading = open_file(HEADER + ROW + 'a@example.com,"Ann" Lee,B\n' + '"c@example.com",C,D\n')
    assert [row for row, _ in reading.records()] == [2, 3, 4]
    [problem] = reading.problems[3]
    assert problem.code == "stray_quote"
    assert '"Ann" Lee' in problem.value


@pytest.mark.parametrize(
    "row",
    [
        'a@example.com,"Ann" Lee\n',  # too few cells: where they end is not known
        'a@example.com,"Ann" Lee,B,"C\n',  # ends within quotes
        'a@example.com,"Ann\nMarie" Lee,B\n',  # two lines
    ],
)
def test_text_after_a_closing_quote_refuses_the_file_where_the_rest_is_not_sound(row: str) -> None:
    refusal = refusal_of(HEADER + ROW + row + ROW)
    assert (refusal.code, refusal.facts["row"]) == ("csv_syntax", 3)


def test_a_file_with_many_stray_quotes_is_refused() -> None:
    assert refusal_of(HEADER + 'a@example.com,"Ann" Lee,B\n' * 101).code == "csv_syntax"


def test_a_misplaced_quote_above_the_header_is_refused() -> None:
    refusal = refusal_of('Report\n\n\n"Created by "me"\n' + HEADER + ROW)
    assert (refusal.code, refusal.facts) == ("csv_syntax", {"row": 4, "line": 4})


@pytest.mark.parametrize(
    ("in_header", "in_rows"), [(",", ";"), (";", "\t"), ("\t", ","), ("|", ";")]
)
def test_a_header_with_another_delimiter_than_the_rows(in_header: str, in_rows: str) -> None:
    header = ["email", "first_name", "last_name", "department"]
    rows = [["ida@x.example", "Ida", "Holm", "Sales"], ["per@x.example", "Per", "Lund", "Finance"]]
    content = "\n".join([in_header.join(header), *map(in_rows.join, rows), ""]).encode()
    with pytest.raises(MixedDelimiters) as refused:
        files.read(io.BytesIO(content), filename="u.csv", limits=LARGE_LIMITS)
    named = str(refused.value.facts["delimiter"])
    reading = files.read(
        io.BytesIO(content), filename="u.csv", limits=LARGE_LIMITS, delimiter=named
    )
    assert reading.columns.headers == tuple(header)
    assert list(reading.records()) == [(2, rows[0]), (3, rows[1])]
