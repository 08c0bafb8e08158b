"""Text files: encodings, delimiters, line ends, blank and ragged rows, quoting, limits."""

from __future__ import annotations

from make import ANN, HEADER, JOERG, PLAIN, accepted, case, lines, mapping, numbered, refused

TWO = lines(HEADER, ANN, JOERG)

# --- encodings --------------------------------------------------------------------------------

case("utf8.csv", TWO, **accepted(records=numbered(ANN, JOERG)))
case("utf8-mark.csv", b"\xef\xbb\xbf" + TWO.encode(), **accepted(records=numbered(ANN, JOERG)))
case(
    "utf8-mark-quoted.csv",
    b"\xef\xbb\xbf" + b'"email","first_name","last_name"\n"ann.lee@example.com","Ann","Lee"\n',
    **accepted(records=numbered(ANN)),
)
for endian, mark in (("le", b"\xff\xfe"), ("be", b"\xfe\xff")):
    case(
        f"utf16-{endian}-mark-tab.txt",  # what Excel saves as "Unicode text"
        mark + lines(HEADER, ANN, JOERG, by="\t", end="\r\n").encode(f"utf-16-{endian}"),
        **accepted(encoding=f"utf-16-{endian}", delimiter="\t", records=numbered(ANN, JOERG)),
    )
    case(
        f"utf16-{endian}-no-mark.csv",
        TWO.encode(f"utf-16-{endian}"),
        **refused("encoding_unknown", facts={"guess": f"utf-16-{endian}"}),
    )
case(
    "utf16-cyrillic-no-mark.csv",
    lines(HEADER, ["i@example.ru", "Иван", "Щукин"], ["o@example.ru", "Ольга", "Жук"]).encode(
        "utf-16-le"
    ),
    **refused("encoding_unknown", facts={"guess": "utf-16-le"}),
)
case(
    "sound.csv",
    b"ID3\x04\x00\xff\xfb\x90\x64" * 30,
    **refused("binary_content", facts={"offset": 4}),
)
case(
    "utf16-no-mark-guessed.csv",
    TWO.encode("utf-16-le"),
    options={"guess_encoding": True},
    **accepted(encoding="utf-16-le", warnings=["encoding_guessed"], records=numbered(ANN, JOERG)),
)
case(
    "utf16-no-mark-named.csv",
    TWO.encode("utf-16-be"),
    options={"encoding": "UTF-16BE"},
    **accepted(encoding="utf-16-be", records=numbered(ANN, JOERG)),
)
case(
    "utf32-le-mark.csv",
    b"\xff\xfe\x00\x00" + TWO.encode("utf-32-le"),
    **accepted(encoding="utf-32-le", records=numbered(ANN, JOERG)),
)
case(
    "utf32-be-named.csv",
    TWO.encode("utf-32-be"),
    options={"encoding": "utf-32be"},
    **accepted(encoding="utf-32-be", records=numbered(ANN, JOERG)),
)

SEMICOLONS = lines(HEADER, ANN, JOERG, by=";", end="\r\n")  # "CSV" of a German Excel
case(
    "windows1252.csv",
    SEMICOLONS.encode("cp1252"),
    # 28 bytes of header, 29 of Ann, 18 of "joerg@example.com;" and "J"
    **refused(
        "encoding_unknown",
        facts={"guess": "windows-1252", "offset": 76, "line": 3},
        says=["0xF6", "windows-1252"],
    ),
)
case(
    "windows1252-guessed.csv",
    SEMICOLONS.encode("cp1252"),
    options={"guess_encoding": True},
    **accepted(
        encoding="windows-1252",
        delimiter=";",
        warnings=["encoding_guessed"],
        records=numbered(ANN, JOERG),
    ),
)
for nickname, codec, name in (
    ("windows-1252", "cp1252", "windows-1252"),
    ("ANSI", "cp1252", "windows-1252"),
    ("latin1", "latin-1", "iso-8859-1"),
    ("ISO-8859-15", "iso8859-15", "iso-8859-15"),
    ("cp850", "cp850", "cp850"),
    ("macroman", "mac-roman", "mac-roman"),
):
    case(
        f"named-{nickname.lower()}.csv",
        SEMICOLONS.encode(codec),
        options={"encoding": nickname},
        **accepted(encoding=name, delimiter=";", records=numbered(ANN, JOERG)),
    )
for name, codec, person in (
    ("windows-1250", "cp1250", ["l@example.pl", "Łukasz", "Żółć"]),
    ("windows-1251", "cp1251", ["i@example.ru", "Иван", "Щукин"]),
    ("koi8-r", "koi8-r", ["i@example.ru", "Иван", "Щукин"]),
    ("shift_jis", "shift_jis", ["t@example.jp", "太郎", "表能"]),  # 表 ends in a backslash byte
    ("euc-kr", "euc_kr", ["k@example.kr", "철수", "김"]),
    ("gb18030", "gb18030", ["w@example.cn", "伟", "王"]),
    ("big5", "big5", ["w@example.tw", "偉", "王"]),
):
    case(
        f"named-{name}.csv",
        lines(HEADER, person).encode(codec),
        options={"encoding": name},
        **accepted(encoding=name, records=numbered(person)),
    )
case(
    "named-encoding-does-not-fit.csv",
    lines(HEADER, JOERG).encode("cp1252"),
    options={"encoding": "shift_jis"},
    # F6 begins no character there: 27 bytes of header, 18 of the e-mail address, "J"
    **refused("undecodable", facts={"encoding": "shift_jis", "offset": 46, "line": 2}),
)
case(
    "named-encoding-is-none.csv",
    TWO,
    options={"encoding": "rot13"},
    **refused("unknown_encoding", says=["rot13"]),
)
case(
    "mark-overrules-name.csv",
    b"\xef\xbb\xbf" + TWO.encode(),
    options={"encoding": "windows-1252"},
    **accepted(warnings=["encoding_mark"], records=numbered(ANN, JOERG)),
)
case(
    "mark-and-a-byte-that-does-not-fit.csv",
    b"\xef\xbb\xbf" + lines(HEADER, JOERG).encode("cp1252"),
    **refused("undecodable", facts={"encoding": "utf-8", "offset": 49}, says=["mark"]),
)
case(
    "bad-byte-late.csv",
    lines(HEADER, *[ANN] * 3000).encode() + b"x@example.com,M\xfcller,X\n",
    # 27 bytes of header, 3000 rows of 28, "x@example.com,M"
    **refused("encoding_unknown", facts={"offset": 84_042, "line": 3002}),
)

# --- delimiters -------------------------------------------------------------------------------

for name, by in (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|")):
    case(
        f"delimiter-{name}.csv",
        lines(HEADER, ANN, JOERG, by=by),
        **accepted(delimiter=by, records=numbered(ANN, JOERG)),
    )
case(
    "delimiter-semicolon-commas-in-cells.csv",
    "email;last_name;first_name;location\na@example.com;Lee, Jr., MD;Ann;Bonn, DE, EU\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(location="location"),
        records=numbered(["a@example.com", "Lee, Jr., MD", "Ann", "Bonn, DE, EU"]),
    ),
)
case(
    "delimiter-tab-semicolons-in-title.csv",
    "Users; active; 2024\nemail\tfirst_name\tlast_name\nann.lee@example.com\tAnn\tLee\n",
    **accepted(delimiter="\t", header_row=2, records=numbered(ANN, first=3)),
)
case(
    "delimiter-named.csv",
    "email;first,name;last_name\nann.lee@example.com;Ann;Lee\n",
    options={"delimiter": "semicolon"},
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(first_name="first,name"),
        records=numbered(ANN),
    ),
)
case(
    "delimiter-named-wrongly.csv",
    TWO,
    options={"delimiter": ";"},
    # its one column is called "email,first_name,last_name"
    **refused(
        "missing_column",
        facts={"missing": ["email", "first_name", "last_name"]},
        says=["delimiter"],
    ),
)
case(
    "delimiter-unknown.csv",
    TWO,
    options={"delimiter": "#"},
    **refused("unknown_delimiter", says=["semicolon"]),
)
case(
    "sep-line.csv",
    "sep=;\r\nemail;first_name;last_name\r\nann.lee@example.com;Ann;Lee\r\n",
    **accepted(delimiter=";", records=numbered(ANN)),
)
case(
    "sep-line-unknown.csv",
    "sep=^\nemail^first_name^last_name\nann.lee@example.com^Ann^Lee\n",
    **refused("unknown_delimiter", says=["^"]),
)
case(
    "sep-line-overruled.csv",
    "sep=,\nemail;first_name;last_name\nann.lee@example.com;Ann;Lee\n",
    options={"delimiter": "semicolon"},
    **accepted(delimiter=";", records=numbered(ANN)),
)
case(
    "sep-line-mark-quoted-title.csv",
    b"\xef\xbb\xbf"
    + b'"sep=\t"\nUsers\nemail\tfirst_name\tlast_name\nann.lee@example.com\tAnn\tLee\n',
    **accepted(delimiter="\t", header_row=2, records=numbered(ANN, first=3)),
)

# --- line ends and blank lines ----------------------------------------------------------------

for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
    case(
        f"line-ends-{name}.csv",
        lines(HEADER, ANN, JOERG, end=end),
        **accepted(records=numbered(ANN, JOERG)),
    )
    case(
        f"line-ends-{name}-in-cells.csv",
        f'email,first_name,last_name{end}a@example.com,"An{end}na",Lee{end}b@example.com,B,C{end}',
        **accepted(
            records=numbered(["a@example.com", f"An{end}na", "Lee"], ["b@example.com", "B", "C"])
        ),
    )
case(
    "line-ends-mixed.csv",
    "email,first_name,last_name\ra@example.com,A,A\r\nb@example.com,B,B\n\rc@example.com,C,C",
    **accepted(
        records=[
            [2, ["a@example.com", "A", "A"]],
            [3, ["b@example.com", "B", "B"]],
            [5, ["c@example.com", "C", "C"]],
        ]
    ),
)
case(
    "line-end-missing-at-the-end.csv",
    TWO.removesuffix("\n"),
    **accepted(records=numbered(ANN, JOERG)),
)
case(
    "line-separators-are-no-line-ends.csv",
    "email,first_name,last_name\na@example.com,A\u2028B\x0bC\x85D,Lee\n",
    **accepted(records=numbered(["a@example.com", "A\u2028B\x0bC\x85D", "Lee"])),
)
case(
    "ctrl-z-at-the-end.csv",
    TWO + "\x1a",
    **accepted(records=numbered(ANN, JOERG)),
)
case(
    "blank-lines.csv",
    "\n\nemail,first_name,last_name\n\nann.lee@example.com,Ann,Lee\n,,\n \n\t, ,\xa0\n"
    "joerg@example.com,Jörg,Müßig\n\n\n",
    **accepted(header_row=3, records=[[5, ANN], [9, JOERG]]),
)
case(
    "trailing-delimiters.csv",
    "email,first_name,last_name,,,\nann.lee@example.com,Ann,Lee,,,\n,,,,,\n"
    "joerg@example.com,Jörg,Müßig,,,\n",
    **accepted(records=[[2, ANN], [4, JOERG]]),
)
case(
    "ragged.csv",
    "email,first_name,last_name,phone\na@example.com,A\nb@example.com,B,C,,\n"
    "c@example.com,C,D,1,2,\nd@example.com,D,E,\n",
    **accepted(
        mapping=PLAIN | mapping(phone="phone"),
        records=numbered(
            ["a@example.com", "A"],
            ["b@example.com", "B", "C", ""],
            ["c@example.com", "C", "D", "1", "2"],
            ["d@example.com", "D", "E", ""],
        ),
    ),
)
case(
    "spaces-are-kept.csv",
    "email , first_name,\tlast_name\n ann.lee@example.com ,  Ann, Lee \n",
    **accepted(records=numbered([" ann.lee@example.com ", "  Ann", " Lee "])),
)

# --- quoting ----------------------------------------------------------------------------------

case(
    "quotes-everywhere.csv",
    '"email","first_name","last_name"\n"ann.lee@example.com","Ann","Lee"\n"","",""\n'
    '"joerg@example.com","Jörg","Müßig"\n',
    **accepted(records=[[2, ANN], [4, JOERG]]),
)
case(
    "quotes-around-delimiters.csv",
    'email;first_name;last_name\na@example.com;"A; B";"C"\n',
    **accepted(delimiter=";", records=numbered(["a@example.com", "A; B", "C"])),
)
case(
    "quotes-after-spaces.csv",
    'email, first_name, last_name\na@example.com, "Ann", "Lee, Jr."\nb@example.com,  Bo,Ek\n',
    **accepted(
        warnings=["blanks_around_quotes"],
        records=[[2, ["a@example.com", "Ann", "Lee, Jr."]], [3, ["b@example.com", "  Bo", "Ek"]]],
    ),
)
case(
    "quotes-after-a-quoted-space.csv",
    'email,first_name,last_name\na@example.com," ""Ann""", Lee\n',
    **accepted(warnings=["quotes_removed"], records=numbered(["a@example.com", "Ann", " Lee"])),
)
case(
    "quotes-doubled.csv",
    'email,first_name,last_name\na@example.com,"Ann ""Annie""",""""\n',
    **accepted(records=numbered(["a@example.com", 'Ann "Annie"', '"'])),
)
case(
    "quotes-inside-an-unquoted-cell.csv",
    'email,first_name,last_name\na@example.com,5" Ann,O"Hara"\n',
    **accepted(records=numbered(["a@example.com", '5" Ann', 'O"Hara"'])),
)
case(
    "quotes-in-the-header.csv",
    '"e-mail\naddress","first ""given"" name",last_name\na@example.com,A,B\nc@example.com,C,D\n',
    **refused("missing_column", facts={"missing": ["first_name"]}),
)
case(
    "quotes-in-the-header-lines.csv",
    '"e-mail\naddress","First\r\nName",last_name\na@example.com,A,B\n',
    **accepted(
        mapping=mapping(email="e-mail address", first_name="First Name", last_name="last_name"),
        records=numbered(["a@example.com", "A", "B"]),
    ),
)
case(
    "quote-unclosed.csv",
    lines(HEADER, ANN) + 'b@example.com,"Bob,Builder\n' + lines(*[ANN] * 3_000),
    **refused("csv_syntax", facts={"row": 3, "line": 3}, says=["not closed"]),
)
case(
    "quote-unclosed-before-a-quoted-cell.csv",
    lines(HEADER) + 'b@example.com,"Bob,Builder\nc@example.com,"C, D",E\n',
    **refused("csv_syntax", facts={"row": 2, "line": 2}, says=["not closed"]),
)
case(
    "quote-unclosed-at-the-end.csv",
    TWO + 'c@example.com,C,"D\n',
    **refused("csv_syntax", facts={"row": 4, "line": 4}),
)
case(
    "quote-unclosed-after-lines-in-cells.csv",
    'sep=,\nemail,first_name,last_name\na@example.com,"A\nB\nC",D\n"b@example.com,B,C\n',
    **refused("csv_syntax", facts={"row": 3, "line": 6}),
)
case(
    "quote-followed-by-text.csv",
    lines(HEADER, ANN) + 'b@example.com,"Bob" B,Builder\n',
    **accepted(
        problems=[[3, "", "stray_quote"]],
        records=numbered(ANN, ["b@example.com", "Bob B", "Builder"]),
    ),
)
case(
    "cell-too-long.csv",
    lines(HEADER, ANN, ["b@example.com", "B" * 10_001, "C"]),
    **refused("cell_too_long", facts={"row": 3, "column": 2}, says=["B3", "10,001", "10,000"]),
)
case(
    "cell-of-the-most-characters.csv",
    lines(HEADER, ["b@example.com", "B" * 10_000, "C"]),
    **accepted(records=numbered(["b@example.com", "B" * 10_000, "C"])),
)
case(
    "columns-too-many.csv",
    lines([*HEADER, *[f"c{i}" for i in range(198)]], ANN),
    **refused("too_many_columns", says=["201", "200"]),
)
case(
    "columns-too-many-in-a-row.csv",
    lines(HEADER, ANN, ["x"] * 201),
    **refused("too_many_columns", facts={"row": 3}, says=["201"]),
)
case(
    "header-too-large.csv",
    lines([*HEADER, *["y" * 9_000] * 9], ANN),
    **refused("header_too_large", says=["64 KiB"]),
)
