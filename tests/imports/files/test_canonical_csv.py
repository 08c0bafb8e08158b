"""The canonical CSV in which staged files are stored."""

from __future__ import annotations

from imports import files


def test_a_chunk_has_a_blank_line_for_every_blank_row() -> None:
    records = [(4, ["a", "b,c"]), (5, ['d"', ""]), (8, ["e\nf", "g\rh"])]
    content = files.encode_chunk(records, 2)
    assert content == b'\n\na,"b,c"\n"d""",\n\n\n"e\nf","g\rh"\n'
    assert list(files.decode_chunk(content, 2)) == records


def test_chunks_can_be_concatenated() -> None:
    records = [(n, [f"{n}", "x" if n % 3 else 'y"\r']) for n in range(2, 100) if n % 7]
    cut = 40
    first_row = records[cut - 1][0] + 1
    content = files.encode_chunk(records[:cut], 2) + files.encode_chunk(records[cut:], first_row)
    assert list(files.decode_chunk(content, 2)) == records


def test_a_chunk_without_records_is_empty() -> None:
    assert files.encode_chunk([], 7) == b""
    assert list(files.decode_chunk(b"", 7)) == []
