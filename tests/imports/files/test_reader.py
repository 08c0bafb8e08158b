"""The reader: what it finds out, what it streams, what it refuses and how fast it does so."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest

from imports import files
from imports.errors import FileRefused
from imports.files.messages import column_letter
from imports.files.text import BLOCK_BYTES
from tests.imports.files.helpers import HEADER, LARGE_LIMITS, open_file, refusal_of, rows_of

ROW = "ann.lee@example.com,Ann,Lee\n"


# --- streaming --------------------------------------------------------------------------------


def test_records_start_over_at_each_call_and_may_run_side_by_side() -> None:
    reading = open_file(HEADER + "".join(f"u{i}@example.com,A,B\n" for i in range(20_000)))
    one, other = reading.records(), reading.records()
    both = [(next(one), next(other)) for _ in range(15_000)]
    assert all(a == b for a, b in both)
    assert len(list(reading.records())) == 20_000


def test_the_file_is_read_in_blocks() -> None:
    reads: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            reads.append(size or -1)
            return super().read(size)

    file = Watched((HEADER + ROW * 50_000).encode())
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
def test_memory_does_not_depend_on_the_file(row: str) -> None:
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
def test_rows_and_line_ends_across_the_ends_of_blocks_are_whole(quote: str, end: str) -> None:
    # rows of every length from 40 on: each kind of boundary falls on the end of a block somewhere
    rows = [[f"u{i}@example.com", "ä" * (i % 23), "b" * (i % 17)] for i in range(6_000)]
    text = "".join(",".join(f"{quote}{c}{quote}" for c in cells) + end for cells in rows)
    assert rows_of(HEADER + text) == list(enumerate(rows, 2))


@pytest.mark.parametrize("shift", range(24))
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_line_end_of_two_characters_across_the_end_of_a_block_is_one(
    quote: str, shift: int
) -> None:
    rows = [["x" * shift, "A", "B"], *[["a@example.com", "A", "B"]] * 4_000]
    lines = (",".join(f"{quote}{cell}{quote}" for cell in cells) for cells in rows)
    found = rows_of(HEADER + "".join(f"{line}\r\n" for line in lines))
    assert [row for row, _ in found] == list(range(2, 4_003))


@pytest.mark.parametrize("filler", range(BLOCK_BYTES - 160, BLOCK_BYTES - 20, 20))
def test_a_cell_is_unescaped_that_goes_on_in_the_next_block(filler: int) -> None:
    start = HEADER + "a@example.com,A," + "B" * 500 + "\n"
    lines = (filler - len(start)) // 28
    text = start + ROW * lines + "e@example.com,\"'=A\n" + "x\n" * 80 + '",C\n' + ROW * 5
    rows = dict(rows_of(text))
    assert rows[lines + 3][1].startswith("=A\n")


def test_cells_with_line_breaks_across_the_ends_of_blocks_are_whole() -> None:
    rows = [[f"u{i}@example.com", "x\ny\r\nz\r" * (i % 40), "b"] for i in range(3_000)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    assert rows_of(HEADER + text.getvalue()) == list(enumerate(rows, 2))


def test_a_quoted_block_after_plain_ones_keeps_the_row_numbers() -> None:
    text = HEADER + ROW * 5_000 + 'b@example.com,"B\nB",C\n' + ROW * 5_000 + "\n\n" + ROW
    rows = rows_of(text)
    assert rows[5_000] == (5_002, ["b@example.com", "B\nB", "C"])
    assert [row for row, _ in rows[-2:]] == [10_002, 10_005]


def test_blank_rows_count_in_the_numbers_and_nowhere_else() -> None:
    rows = rows_of(HEADER + "\n" * 200_000 + ROW + ",,\n" * 1_000 + ROW)
    assert [row for row, _ in rows] == [200_002, 201_003]


def test_very_many_blank_lines_above_the_header_are_stepped_over() -> None:
    reading = open_file("\n" * 300_000 + HEADER + ROW)
    assert reading.header_row == 300_001
    assert [row for row, _ in reading.records()] == [300_002]


# --- what is found out ------------------------------------------------------------------------


def test_what_was_detected_can_be_shown() -> None:
    reading = open_file("Users\nE-Mail;Vorname;Name;Hobby\na@example.com;A;B;Chess\n")
    assert (reading.kind, reading.encoding, reading.delimiter) == ("csv", "utf-8", ";")
    assert (reading.sheet, reading.header_row) == (None, 2)
    assert reading.columns.mapping == {
        "email": "E-Mail",
        "first_name": "Vorname",
        "last_name": "Name",
    }
    assert reading.columns.headers == ("E-Mail", "Vorname", "Name", "Hobby")


@pytest.mark.parametrize("name", ["comma", "Semicolon", "TAB", "pipe", ",", ";", "\t", "|", "\\t"])
def test_a_delimiter_is_named_by_its_character_or_its_word(name: str) -> None:
    char = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}.get(
        name.lower(), name
    )
    reading = open_file((HEADER + ROW).replace(",", char), delimiter=name)
    assert reading.delimiter == char


def test_the_header_decides_on_the_delimiter_not_the_number_of_commas() -> None:
    text = "email|first_name|last_name|location\n" + "a@example.com|A|B|x,y,z;1;2;3;4\n" * 20
    assert open_file(text).delimiter == "|"


@pytest.mark.parametrize(
    "name",
    [
        "rot13",
        "base64",
        "hex",
        "zlib",
        "idna",
        "punycode",
        "unicode_escape",
        "utf-7",
        "undefined",
        "raw_unicode_escape",
        "mbcs",
        "nonsense",
        "../x",
        "os",
        "utf-8\0",
        "аnsi",
        "x" * 999,
    ],
)
def test_what_is_no_character_encoding_is_refused_by_its_name(name: str) -> None:
    refusal = refusal_of(HEADER + ROW, encoding=name)
    assert refusal.code == "unknown_encoding"
    assert len(refusal.detail) < 300
    assert "windows-1252" in refusal.detail


def test_an_encoding_can_be_named_as_the_refusal_names_it() -> None:
    data = (HEADER + "j@example.com,Jürgen,Groß\n" * 30).encode("cp1252")
    guess = refusal_of(data).facts["guess"]
    assert rows_of(data, encoding=guess)[0][1][1] == "Jürgen"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "windows-1252", "cp500"])
def test_the_name_that_is_shown_is_accepted(encoding: str) -> None:
    data = (HEADER + "a@example.com,A,B\n").encode(encoding)
    reading = open_file(data, encoding=encoding)
    assert open_file(data, encoding=reading.encoding).encoding == reading.encoding


def test_no_encoding_that_is_accepted_gives_characters_that_cannot_be_stored() -> None:
    import encodings.aliases

    from imports.files.encoding import named_encoding
    from imports.files.text import DecodeError, decode_blocks

    noise = bytes(range(256)) * 8 + b"+2AA-\\ud800\xed\xa0\x80\xed\xb0\x80"
    for name in sorted(set(encodings.aliases.aliases.values())):
        try:
            encoding = named_encoding(name)
        except FileRefused:
            continue
        for start in range(0, len(noise), 7):
            try:
                "".join(decode_blocks(io.BytesIO(noise[start:]), encoding)).encode()
            except DecodeError:
                continue


@pytest.mark.parametrize("at", [30, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 5])
def test_a_bad_byte_is_found_wherever_it_stands(at: int) -> None:
    text = (HEADER + ROW * 10_000).encode()
    refusal = refusal_of(text[:at] + b"\xe4" + text[at:])
    assert (refusal.code, refusal.facts["offset"]) == ("encoding_unknown", at)
    assert refusal.facts["line"] == text[:at].count(b"\n") + 1
    assert refusal.facts["guess"]
    guessed = open_file(text[:at] + b"\xe4" + text[at:], preview=True)
    assert [warning.code for warning in guessed.warnings] == ["encoding_guessed"]


@pytest.mark.parametrize("encoding", [None, "windows-1252", "utf-16"])
def test_a_nul_is_found_wherever_it_stands(encoding: str | None) -> None:
    codec = "utf-16-le" if encoding == "utf-16" else (encoding or "utf-8")
    before = (HEADER + ROW * 5_000).encode(codec)
    data = before + "\0".encode(codec) + (ROW * 5_000).encode(codec)
    refusal = refusal_of(data, encoding=encoding)
    assert (refusal.code, refusal.facts["offset"]) == ("binary_content", len(before))


def test_a_character_cut_in_two_at_the_end_is_a_fault() -> None:
    assert refusal_of((HEADER + "a@example.com,A,Gro").encode() + b"\xc3").facts["offset"] == 46
    assert refusal_of(b"\xff\xfe" + (HEADER + ROW).encode("utf-16-le") + b"a").code == "undecodable"


# --- limits -----------------------------------------------------------------------------------


def test_a_file_of_the_most_bytes_passes_and_one_more_does_not() -> None:
    data = (HEADER + ROW).encode()
    assert rows_of(data, limits=files.Limits(max_bytes=len(data)))
    refusal = refusal_of(data, limits=files.Limits(max_bytes=len(data) - 1))
    assert (refusal.code, refusal.status) == ("file_too_large", 413)


def test_a_file_that_is_too_large_is_told_so_in_megabytes() -> None:
    refusal = refusal_of(b"x" * 11_534_336, limits=files.Limits())
    assert "11.0 MB" in refusal.detail
    assert "10 MB" in refusal.detail


@pytest.mark.parametrize("row", [ROW, ROW.replace("Ann", '"Ann"')])
def test_the_most_rows_pass_and_one_more_does_not(row: str) -> None:
    limits = files.Limits(max_rows=5_000)
    assert len(rows_of(HEADER + (row + "\n") * 5_000, limits=limits)) == 5_000
    refusal = refusal_of(HEADER + (row + "\n") * 7_777, limits=limits)
    assert refusal.facts == {"rows": 7_777, "limit": 5_000}
    assert "7,777" in refusal.detail
    assert "5,000" in refusal.detail


def test_too_many_rows_with_a_fault_behind_them_are_still_too_many_rows() -> None:
    refusal = refusal_of(HEADER + ROW * 9_000 + '"', limits=files.Limits(max_rows=10))
    assert refusal.code == "too_many_rows"
    assert "at least 9,000" in refusal.detail


def test_a_row_of_very_many_lines_is_refused() -> None:
    limits = files.Limits(max_rows=10, max_columns=10_000)
    refusal = refusal_of(HEADER + '"\n",' * 500_000, limits=limits)
    assert refusal.code == "record_too_long"
    assert "256 KB" in refusal.detail


@pytest.mark.parametrize(
    "endless", ['"\n",' * 500_000, '"' + "x\n" * 1_000_000, "x" * 2_000_000, "," * 2_000_000]
)
def test_a_row_without_end_is_refused_before_the_file_ends(endless: str) -> None:
    furthest = 0

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal furthest
            data = super().read(size)
            furthest = max(furthest, self.tell())
            return data

    with pytest.raises(FileRefused):
        list(files.read(Watched((HEADER + endless).encode()), filename="", limits=LARGE_LIMITS).records())
    assert furthest < 500_000


def test_a_cell_of_many_short_lines_is_too_long_all_the_same() -> None:
    refusal = refusal_of(HEADER + 'a@example.com,A,"' + "some text\n" * 1_001 + '"\n')
    assert refusal.facts == {"row": 2, "column": 3, "limit": 10_000}
    assert "10,010" in refusal.detail


def test_limits_that_the_reader_cannot_keep_are_refused() -> None:
    with pytest.raises(ValueError, match="max_cell_chars"):
        files.Limits(max_cell_chars=200_000)
    with pytest.raises(ValueError, match="max_record_bytes"):
        files.Limits(max_record_bytes=100)


def test_the_limit_of_the_csv_module_is_left_alone() -> None:
    before = csv.field_size_limit()
    refusal_of(HEADER + 'a@example.com,"' + "x\n" * 200_000)
    assert csv.field_size_limit() == before


# --- quotes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [2, 3, 4_999])
def test_an_unclosed_quote_swallows_nothing(row: int) -> None:
    rows = [ROW] * 10_000
    rows[row - 2] = 'bad@example.com,"Bob,Builder\n'
    refusal = refusal_of(HEADER + "".join(rows))
    assert (refusal.code, refusal.facts) == ("csv_syntax", {"row": row, "line": row})


def test_an_unclosed_quote_is_found_behind_cells_with_line_breaks() -> None:
    refusal = refusal_of(HEADER + 'a@example.com,"A\n\nB",C\nb@example.com,"B\nC","D\n')
    # row 3 begins in line 5, its last quote is opened in line 6
    assert refusal.facts == {"row": 3, "line": 6}


def test_text_after_a_closing_quote_is_shown() -> None:
    refusal = refusal_of(HEADER + ROW + 'a@example.com,"Ann" Lee,B\n')
    assert refusal.facts == {"row": 3, "line": 3}
    assert '"Ann" Lee' in refusal.detail


def test_a_broken_quote_above_the_header_is_found() -> None:
    refusal = refusal_of('Report\n\n\n"Created by "me"\n' + HEADER + ROW)
    assert (refusal.code, refusal.facts) == ("csv_syntax", {"row": 4, "line": 4})


# --- apostrophes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44", "-", "@x", "\tx", "\rx", "\nx", "＝1", "'=x", "''@"]
)
def test_what_a_spreadsheet_would_run_is_escaped_and_comes_back(cell: str) -> None:
    assert files.escape_cell(cell) == f"'{cell}"
    assert files.unescape_cell(f"'{cell}") == cell


@pytest.mark.parametrize("cell", ["", "'", "''", "O'Hara", "'t Hooft", "a=b", "'quoted'", " =x"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert files.escape_cell(cell) == cell
    assert files.unescape_cell(cell) == cell


def test_apostrophes_before_every_address_are_those_of_an_export() -> None:
    text = HEADER + "'a@example.com,'Ann,'t\n'b@example.com,'Bo,''t Hooft\n"
    reading = open_file(text)
    assert [cells for _, cells in reading.records()] == [
        ["a@example.com", "Ann", "t"],
        ["b@example.com", "Bo", "'t Hooft"],
    ]
    assert [w.code for w in reading.warnings] == ["apostrophes_removed"]


@pytest.mark.parametrize("other", ["b@example.com,'Bo,'Ek", "'b@example.com,Bo,'Ek"])
def test_an_apostrophe_before_some_cells_is_left_to_the_check_of_rows(other: str) -> None:
    text = f"{HEADER}'a@example.com,'Ann,'t Hooft\n{other}\n"
    assert rows_of(text)[0][1] == ["'a@example.com", "'Ann", "'t Hooft"]


def test_an_error_report_of_escaped_cells_only_keeps_its_other_apostrophes() -> None:
    text = "email,first_name,last_name,department\n'=1+1,'@A,'-B,'t Hooft\n"
    assert rows_of(text) == [(2, ["=1+1", "@A", "-B", "'t Hooft"])]


# --- passwords --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Doe, John,j@example.com,s3cret",  # an unquoted comma moved everything
        "John,j@example.com,s3cret",
        "x,John,j@example.com,s3cret,viewer",
        "j@example.com,s3cret",
        "s3cret",
        "John,j@example.com,viewer,s3cret,extra,extra2",
        "John,a,b,s3cret",
    ],
)
def test_a_password_never_leaves_the_reader_wherever_it_slipped(line: str) -> None:
    text = "full,email,password,first_name,last_name\n" + line + "\n"
    for _, cells in rows_of(text):
        if len(line.split(",")) != 5:
            assert "s3cret" not in cells or abs(line.split(",").index("s3cret") - 2) > abs(
                len(line.split(",")) - 5
            )


def test_a_row_with_the_right_number_of_cells_only_loses_its_password() -> None:
    text = "password,email,pwd,first_name,last_name\np1,a@example.com,p2,Ann,Lee\n"
    assert rows_of(text) == [(2, ["a@example.com", "Ann", "Lee"])]


# --- chunks -----------------------------------------------------------------------------------


def test_a_chunk_is_canonical_csv_with_blank_lines_for_the_gaps() -> None:
    records = [(4, ["a", "b,c"]), (5, ['d"', ""]), (8, ["e\nf", "g\rh"])]
    content = files.encode_chunk(records, 2)
    assert content == b'\n\na,"b,c"\n"d""",\n\n\n"e\nf","g\rh"\n'
    assert list(files.decode_chunk(content, 2)) == records


def test_chunks_can_be_put_one_after_the_other() -> None:
    records = [(n, [f"{n}", "x" if n % 3 else 'y"\r']) for n in range(2, 100) if n % 7]
    cut = 40
    first_row = records[cut - 1][0] + 1
    content = files.encode_chunk(records[:cut], 2) + files.encode_chunk(records[cut:], first_row)
    assert list(files.decode_chunk(content, 2)) == records


def test_an_empty_chunk_is_empty() -> None:
    assert files.encode_chunk([], 7) == b""
    assert list(files.decode_chunk(b"", 7)) == []


# --- sentences --------------------------------------------------------------------------------


def test_a_refusal_shows_a_short_printable_piece_of_the_file_at_most() -> None:
    for text in (
        HEADER + 'a,"b\x1b[31m\u202e' + "secret" * 400 + "\nx\n",
        HEADER + 'a,"b" \x07' + "secret" * 400,
        HEADER + "secret" * 3000 + ",b,c\n",
        "secret" * 3000 + "\nx\n",
    ):
        refusal = refusal_of(text)
        assert refusal.detail.count("secret") <= 40
        assert refusal.detail.isprintable()


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ")])
def test_columns_are_named_as_in_a_spreadsheet(index: int, letters: str) -> None:
    assert column_letter(index) == letters


@pytest.mark.parametrize("name", ["users.CSV ", "users", "a.b/users.TSV", "users.csv (1)", ""])
def test_a_name_that_says_nothing_against_it_is_no_hindrance(name: str) -> None:
    assert rows_of(HEADER + ROW, filename=name)


@pytest.mark.parametrize("name", ["users.exe", "users.csv.php", "users.svg", "users.pdf "])
def test_a_name_of_another_kind_of_file_is_refused(name: str) -> None:
    assert refusal_of(HEADER + ROW, filename=name).code == "not_csv"
