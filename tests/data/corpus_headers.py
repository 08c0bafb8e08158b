"""Text files: headers, titles above them, mappings, and files that are no tables."""

from __future__ import annotations

from make import ANN, HEADER, JOERG, JOSE, PLAIN, accepted, case, lines, mapping, numbered, refused

TWO = lines(HEADER, ANN, JOERG)

# --- apostrophes ------------------------------------------------------------------------------

case(
    "apostrophes-of-an-error-report.csv",
    "email,first_name,last_name,phone\na@example.com,'=1+1,'-,'+44 20 7946 0123\n"
    "b@example.com,''=x,'t Hooft,'\nc@example.com,'@c,\"'\t\",O'Hara\n",
    **accepted(
        mapping=PLAIN | mapping(phone="phone"),
        warnings=["apostrophe_removed"],
        records=numbered(
            ["a@example.com", "=1+1", "-", "+44 20 7946 0123"],
            ["b@example.com", "'=x", "'t Hooft", "'"],
            ["c@example.com", "@c", "\t", "O'Hara"],
        ),
    ),
)

# --- headers ----------------------------------------------------------------------------------

case(
    "header-spellings.csv",
    "\ufeffE-MAIL,\xa0First-Name ,LASTNAME\nann.lee@example.com,Ann,Lee\n",
    **accepted(
        mapping=mapping(email="E-MAIL", first_name="First-Name", last_name="LASTNAME"),
        records=numbered(ANN),
    ),
)
case(
    "header-exact-name-outranks-alias.csv",
    "Surname,last_name,Given Name,email,Work Email\nX,Lee,Ann,ann.lee@example.com,y@example.com\n",
    **accepted(
        mapping=mapping(email="email", first_name="Given Name", last_name="last_name"),
        ignored=["Surname", "Work Email"],
        warnings=["unused_column", "unused_column"],
        records=numbered(["X", "Lee", "Ann", "ann.lee@example.com", "y@example.com"]),
    ),
)
case(
    "header-doubled.csv",
    "email,first_name,last_name,Email \na@example.com,A,B,c@example.com\n",
    **refused("duplicate_column", facts={"field": "email"}, says=["column 1", "column 4"]),
)
case(
    "header-two-aliases.csv",
    "email,Given Name,Forename,last_name\na@example.com,A,B,C\n",
    **refused("duplicate_column", facts={"field": "first_name"}, says=["Given Name", "Forename"]),
)
case(
    "header-forbidden.csv",
    "email,first_name,last_name,Is Superuser,Organization-ID\na@example.com,A,B,1,2\n",
    **refused("forbidden_column", facts={"columns": ["Is Superuser", "Organization-ID"]}),
)
case(
    "header-unknown.csv",
    "email,first_name,last_name,Shoe Size,,Notes\na@example.com,A,B,42,x,y\n",
    **accepted(
        ignored=["Shoe Size", "(column 5)", "Notes"],
        warnings=["unknown_column"] * 3,
        records=numbered(["a@example.com", "A", "B", "42", "x", "y"]),
    ),
)
case(
    "header-unnamed-at-the-end.csv",
    "email,first_name,last_name,\na@example.com,A,B,\nb@example.com,B,C,note\n",
    **accepted(
        ignored=["(column 4)"],
        warnings=["unknown_column"],
        records=numbered(["a@example.com", "A", "B", ""], ["b@example.com", "B", "C", "note"]),
    ),
)
case(
    "header-missing-email.csv",
    "Kontakt,first_name,last_name\na@example.com,A,B\n",
    **refused("missing_column", facts={"missing": ["email"]}, says=["Kontakt"]),
)
case(
    "header-misspelt.csv",
    "emial,frist_name,last_name\na@example.com,A,B\n",
    **refused(
        "missing_column",
        facts={
            "missing": ["email", "first_name"],
            "closest": {"email": "emial", "first_name": "frist_name"},
        },
    ),
)
case("header-none.csv", lines(ANN, JOERG), **refused("no_header", facts={"row": 1}))
case("header-only.csv", lines(HEADER), **refused("no_rows"))
case("header-only-blank-rows.csv", lines(HEADER) + ",,\n\n  \n", **refused("no_rows"))
case(
    "title-rows.csv",
    'User report\nCreated,2024-01-05\n\n"Department: ""Sales""",x,y\n'
    "E-mail Address,First Name,Last Name\nann.lee@example.com,Ann,Lee\n",
    **accepted(
        header_row=5,
        mapping=mapping(email="E-mail Address", first_name="First Name", last_name="Last Name"),
        records=numbered(ANN, first=6),
    ),
)
case(
    "title-rows-that-name-fields.csv",
    "Department,Sales,Location,Berlin\n\nemail,first_name,last_name\nann.lee@example.com,Ann,Lee\n",
    **accepted(header_row=3, records=numbered(ANN, first=4)),
)
case(
    "title-rows-too-many.csv",
    "".join(f"title {i}\n" for i in range(40)) + TWO,
    **refused("missing_column"),
)
case(
    "passwords.csv",
    "email,Password,first_name,Password Hash,last_name\na@example.com,secret,A,abc,B\n"
    "b@example.com,secret2,B\n",
    **accepted(
        warnings=["password_dropped", "password_dropped"],
        # two cells are missing: every cell that may hold a shifted password is emptied
        records=numbered(["a@example.com", "A", "B"], ["", ""]),
    ),
)

# --- mapping ----------------------------------------------------------------------------------

case(
    "mapping.csv",
    "Login;Email;Nom;Prénom\njose@example.com;other@example.com;Núñez;José\n",
    options={"mapping": {"email": "login"}},
    **accepted(
        delimiter=";",
        mapping=mapping(email="Login", first_name="Prénom", last_name="Nom"),
        ignored=["Email"],
        warnings=["unused_column"],
        records=numbered([JOSE[0], "other@example.com", JOSE[2], JOSE[1]]),
    ),
)
case(
    "mapping-finds-the-header.csv",
    "Staff list\nAdresse mail pro,Nom usuel,Petit nom\njose@example.com,Núñez,José\n",
    options={
        "mapping": {
            "email": "Adresse mail pro",
            "last_name": "nom usuel",
            "first_name": "Petit nom",
        }
    },
    **accepted(
        header_row=2,
        mapping=mapping(email="Adresse mail pro", last_name="Nom usuel", first_name="Petit nom"),
        records=numbered([JOSE[0], JOSE[2], JOSE[1]], first=3),
    ),
)
case(
    "mapping-ignores-a-field.csv",
    "email,first_name,last_name,role\na@example.com,A,B,Chief\n",
    options={"mapping": {"role": ""}},
    **accepted(
        ignored=["role"],
        warnings=["unknown_column"],
        records=numbered(["a@example.com", "A", "B", "Chief"]),
    ),
)
case(
    "mapping-unknown-field.csv",
    TWO,
    options={"mapping": {"shoe_size": "email"}},
    **refused("unknown_mapping", says=["shoe_size"]),
)
case(
    "mapping-unknown-header.csv",
    TWO,
    options={"mapping": {"phone": "Fon"}},
    **refused("unknown_mapping", says=["Fon", "last_name"]),
)
case(
    "mapping-of-a-password.csv",
    "email,first_name,last_name,password\na@example.com,A,B,secret\n",
    options={"mapping": {"department": "password"}},
    **refused("unknown_mapping", says=["Passwords"]),
)

# --- files that are no tables -----------------------------------------------------------------

case("empty.csv", b"", **refused("file_empty"))
case("empty-mark.csv", b"\xef\xbb\xbf", **refused("file_empty"))
case("empty-mark-utf16.csv", b"\xff\xfe", **refused("file_empty"))
case("empty-whitespace.csv", " \r\n\t\n\n", **refused("file_empty"))
case("nul.csv", TWO.encode() + b"a\x00@example.com,A,B\n", **refused("binary_content"))
case(
    "picture.csv",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    **refused("not_csv", says=["PNG picture"]),
)
case("document.csv", b"%PDF-1.7\n", **refused("not_csv", says=["PDF"]))
case(
    "packed.csv",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\xcd",
    **refused("not_csv", says=["gzip"]),
)
case(
    "old-excel.xls",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504,
    **refused("not_csv", says=[".xlsx", "password"]),
)
case(
    "web-page.xls",
    "<html><body><table><tr><td>email</td></tr></table></body></html>",
    **refused("not_csv", says=["HTML"]),
)
case(
    "tabs-called.xls",
    lines(HEADER, ANN, by="\t"),
    **accepted(delimiter="\t", records=numbered(ANN)),
)
case(
    "users.json.csv",
    '[{"email": "ann.lee@example.com"}]',
    **refused("not_csv", says=["JSON"]),
)
case("program.php", TWO, **refused("not_csv", says=[".php"]))
case(
    "prose.txt",
    "Dear colleagues,\n\nplease find attached the list of users.\n\nBest\nAnn\n",
    **refused("missing_column", facts={"missing": ["email", "first_name", "last_name"]}),
)
