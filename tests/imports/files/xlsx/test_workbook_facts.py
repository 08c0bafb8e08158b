"""What a workbook says about its cells beside their values."""

from __future__ import annotations

import pytest

from imports import files
from imports.files.xlsx.facts.cells import may_have_facts
from imports.files.xlsx.facts.formats import parse_format, shown_number
from imports.schema.error_values import is_error_value
from tests.imports.files.helpers import open_file, refusal_of
from tests.imports.files.xlsx.workbook_builder import (
    DATA,
    MAIN,
    STRINGS,
    packed,
    parts_of,
    row_xml,
    with_rows,
    with_strings,
)

LANGUAGES = """
#N/A #NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED!
#NV #WERT! #BEZUG! #ZAHL! #ÜBERLAUF! #NUL! #VALEUR! #NOM? #NOMBRE! #¡NULO! #¡DIV/0! #¿NOMBRE?
#N/D #¡NUM! #NÚM! #RIF! #LEEG! #DEEL/0! #N/B #SKÄRNING! #DIVISION/0! #I/T #TYHJÄ! #PUUTTUU!
#DZIEL/0! #N/D! #DĚLENÍ_NULOU! #NENÍ_K_DISPOZICI #ZÉRÓOSZTÓ! #HIÁNYZIK #ПУСТО! #ДЕЛ/0! #Н/Д #YOK
#SAYI/0! #AD?
""".split()  # noqa: SIM905


@pytest.mark.parametrize("text", LANGUAGES)
def test_an_error_value_is_recognised_in_any_language(text: str) -> None:
    assert is_error_value(text)


@pytest.mark.parametrize(
    "text", ["#1", "#Sales!", "#sales", "# NOTE!", "#", "#!", "N/A", "#A B!", "#" + "A" * 40 + "!"]
)
def test_other_texts_are_no_error_values(text: str) -> None:
    assert not is_error_value(text)


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0000", 42.0, "0042"),
        ("0000", 123456.0, "123456"),
        ('"+"0', 442079460123.0, "+442079460123"),
        ("000-00", 12345.0, "123-45"),
        ("000-00", 1.0, "000-01"),
        ("[Red]00", 7.0, "07"),
        ("[$-409]00", 7.0, "07"),
        ("00_)", 7.0, "07"),
        ("00;-00;", 7.0, "07"),
        ('0#" "##" "##" "##" "##', 123456789.0, "01 23 45 67 89"),
        ("00\\ 00\\ 00\\ 00\\ 00", 123456789.0, "01 23 45 67 89"),
        ("[<=9999999]###-####;(###) ###-####", 5550123.0, "555-0123"),
        ("[<=9999999]###-####;(###) ###-####", 4155550123.0, "(415) 555-0123"),
        ("[<=9999999]###-####;(###) ###-####", 123.0, None),
        ("[>999]00000;000", 42.0, "042"),
        ("[>999]00000;General", 42.0, "42"),
        ('"+"General', 442079460123.0, "+442079460123"),
        ('"+"#', 442079460123.0, "+442079460123"),
        ('"+"@', 442079460123.0, "+442079460123"),
        ("\\+0", 442079460123.0, "+442079460123"),
        ("+#", 442079460123.0, "+442079460123"),
        ("##000", 7.0, "007"),
        ("#-000", 7.0, None),
        ("0000", 1.5, None),
        ("0000", -1.0, None),
        ("#,##0", 1234.0, None),
        ("00/00", 1234.0, None),
        ('"a"', 1.0, None),
    ],
)
def test_a_number_is_shown_in_a_format_of_zeros(code: str, value: float, shown: str | None) -> None:
    format_ = parse_format(code)
    assert format_ is not None
    assert shown_number(value, format_) == shown


@pytest.mark.parametrize(
    "code", ["General", "0", "@", "#", "####", "GENERAL", "##0", "General;-General"]
)
def test_a_format_that_shows_the_digits_does_not_matter(code: str) -> None:
    assert parse_format(code) is None


@pytest.mark.parametrize("code", ["d-mmm", "yyyy", "[h]:mm", 'mm"00"', "[$-F800]dddd", "h AM/PM"])
def test_a_format_of_dates_is_recognised(code: str) -> None:
    format_ = parse_format(code)
    assert format_ is not None
    assert format_.kind == "date"


# --- where the parser must not be left out -------------------------------------------------------


@pytest.mark.parametrize("length", range(262_000, 262_300, 11))
def test_an_error_is_found_wherever_pieces_end(length: int) -> None:
    digits = "".join(str(n) for n in range(60_000))  # a long text of one letter looks like a bomb
    filler = f"<!--{digits[:length]}-->"
    reading = open_file(with_rows(row_xml(2, "y") + filler + row_xml(3, "#N/A", "e")))
    assert [row for row, _ in reading.records()] == [2, 3]
    assert list(reading.problems) == [3]


@pytest.mark.parametrize("length", range(261_600, 262_200))
def test_a_mark_is_found_wherever_pieces_end(length: int) -> None:
    sheet = b"<worksheet>" + b"y" * length + b'<row r="9" hidden="1"><c/></row></worksheet>'
    pieces = [sheet[at : at + 262_000] for at in range(0, len(sheet), 262_000)]
    assert may_have_facts(pieces, {})


def test_a_number_format_is_found_in_single_quotes() -> None:
    rows = "<row r='2'><c r='A2'><v>12345678</v></c><c r='B2' s='1'><v>7</v></c></row>"
    xf = '<xf numFmtId="0"/><xf numFmtId="164"/>'
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="000"/></numFmts>'
        f"<cellXfs>{xf}</cellXfs></styleSheet>"
    )
    reading = open_file(with_rows(rows, **{"xl/styles.xml": styles.encode()}))
    assert list(reading.records()) == [(2, ["12345678", "007", ""])]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2" t="e"><v>#N/A</v></c>',
        "<c r='A2' t='e'><v>#N/A</v></c>",
        '<c t = "e" r = "A2"><v>#N/A</v></c>',
        '<c t="e"><v>#N/A</v></c>',
        '<c r="A2" t="str"><v>#N/A</v></c>',
    ],
)
def test_an_error_is_found_in_any_notation(cell: str) -> None:
    reading = open_file(with_rows(f'<row r="2">{cell}<c r="B2"><v>7</v></c></row>'))
    assert [cells[0] for _, cells in reading.records()] == ["#N/A"]
    assert [problem.code for problem in reading.problems[2]] == ["error_cell"]


@pytest.mark.parametrize("index", ["x", "-2", "1.5", "1e0", "+1", "1 2"])
def test_a_text_that_is_not_there_is_an_error_of_its_row(index: str) -> None:
    rows = f'<row r="2"><c r="A2" t="s"><v>{index}</v></c><c r="B2" t="s"><v>0</v></c></row>'
    reading = open_file(with_strings(["Ann", "Lee"], rows))
    assert list(reading.records()) == [(2, ["", "Ann", ""])]
    [problem] = reading.problems[2]
    assert (problem.code, problem.value) == ("broken_cell", index)
    assert "A2" in problem.message


def test_formulas_without_values_beyond_the_cells_of_the_library_are_found() -> None:
    row = '<row r="{0}"><c r="A{0}"><f>Data!A{0}</f></c></row>'
    reading = open_file(with_rows(row_xml(2, "a") + row.format(3) + row.format(9)))
    assert [row for row, _ in reading.records()] == [2, 3, 9]
    assert list(reading.problems) == [3, 9]


def test_the_facts_are_the_same_in_each_pass() -> None:
    reading = open_file((DATA / "x01-error-cells.xlsx").read_bytes())
    passes = []
    for _ in range(2):
        records = list(reading.records())
        passes.append((records, dict(reading.problems), reading.warnings))
    assert passes[0] == passes[1]


def test_many_facts_arrive_with_their_rows() -> None:
    rows = "".join(row_xml(n, "#N/A", "e") for n in range(2, 4_002))
    reading = open_file(with_rows(rows))
    seen: list[int] = []
    for block in reading.blocks():
        seen += [row for row, _ in block]
        assert set(seen) == set(reading.problems)
    assert len(seen) == 4_000


def test_blocks_of_merged_cells_take_no_memory_beyond_the_table() -> None:
    parts = parts_of()
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>",
        b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:XFD1048576"/>' * 50 + b"</mergeCells>",
    )
    limits = files.Limits(workbook_memory_bytes=192 * 1_048_576)
    assert list(open_file(packed(parts), limits=limits).records())


def test_the_shared_texts_of_a_rebuilt_workbook_have_the_same_limit() -> None:
    parts = parts_of()
    links = parts["xl/_rels/workbook.xml.rels"].replace(b"sharedStrings.xml", b"texts.xml")
    parts["xl/_rels/workbook.xml.rels"] = links
    parts["xl/texts.xml"] = parts.pop(STRINGS).replace(b"</sst>", b"<si/>" * 3_000 + b"</sst>")
    limits = files.Limits(max_workbook_cells=1_000)
    assert refusal_of(packed(parts), limits=limits).code == "uncompressed_too_large"
