"""Relatives of the files in corpus_cases_text: other names, delimiters and languages."""

# ruff: noqa: E501 - files on one line

from __future__ import annotations

from make import PLAIN, accepted, case, lines, mapping, numbered

case(
    "t01-excel-short-rows-b.csv",
    "Vorname;Nachname;E-Mail;Telefon;Abteilung\r\nUna;Moe;una@r01.example;020 7946 0123;IT\r\nKim;Ness;kim@r01.example\r\n",
    **accepted(
        delimiter=";",
        mapping=mapping(
            department="Abteilung",
            email="E-Mail",
            first_name="Vorname",
            last_name="Nachname",
            phone="Telefon",
        ),
        warnings=["short_row"],
        records=numbered(
            ["Una", "Moe", "una@r01.example", "020 7946 0123", "IT"],
            ["Kim", "Ness", "kim@r01.example"],
        ),
    ),
)
case(
    "t01-excel-short-rows-c.csv",
    "email\tfirst_name\tlast_name\tnotes\nada@r01.example\tAda\tVik\n",
    **accepted(
        delimiter="\t",
        ignored=["notes"],
        warnings=["unknown_column", "short_row"],
        records=numbered(["ada@r01.example", "Ada", "Vik"]),
    ),
)
case(
    "t02-whole-row-in-quotes-b.csv",
    '"email;first_name;last_name"\n"una@r02.example;Una;Moe"\n',
    **accepted(
        delimiter=";",
        warnings=["rows_in_quotes"],
        records=numbered(["una@r02.example", "Una", "Moe"]),
    ),
)
case(
    "t02-whole-row-in-quotes-c.csv",
    '"Email\tFirst name\tLast name\tDepartment"\n"kim@r02.example\tKim\tNess\t""A"" Team"\n',
    **accepted(
        delimiter="\t",
        mapping=mapping(
            department="Department", email="Email", first_name="First name", last_name="Last name"
        ),
        warnings=["rows_in_quotes"],
        records=numbered(["kim@r02.example", "Kim", "Ness", "A Team"]),
        problems=[[2, "", "stray_quote"]],
    ),
)
case(
    "t03-spaces-after-closing-quote-b.csv",
    '"email";"first_name" ;"last_name"\n"una@r03.example" ;"Una";"Moe"  \n',
    **accepted(
        delimiter=";",
        warnings=["blanks_around_quotes"],
        records=numbered(["una@r03.example", "Una", "Moe"]),
    ),
)
case(
    "t03-spaces-after-closing-quote-c.csv",
    '"email"|"first_name"\t|"last_name"\n"kim@r03.example"\t|"Kim, Jr."|"Ness"\n',
    **accepted(
        delimiter="|",
        warnings=["blanks_around_quotes"],
        records=numbered(["kim@r03.example", "Kim, Jr.", "Ness"]),
    ),
)
case(
    "t04-backslash-quotes-b.csv",
    '"email";"first_name";"last_name"\n"una@r04.example";"Una \\"U\\"";"Moe"\n',
    **accepted(
        delimiter=";",
        warnings=["backslash_quotes"],
        records=numbered(["una@r04.example", 'Una "U"', "Moe"]),
    ),
)
case(
    "t04-backslash-quotes-c.csv",
    'email,first_name,last_name,department\nkim@r04.example,Kim,Ness,"C:\\\\ \\"x\\""\n',
    **accepted(
        mapping=PLAIN | mapping(department="department"),
        warnings=["backslash_quotes"],
        records=numbered(["kim@r04.example", "Kim", "Ness", 'C:\\ "x"']),
    ),
)
case(
    "t05a-single-quotes-b.csv",
    "'email';'first_name';'last_name'\n'una@r05.example';'Una';'O''Moe'\n",
    **accepted(
        delimiter=";",
        warnings=["other_quotes"],
        records=numbered(["una@r05.example", "Una", "O'Moe"]),
    ),
)
case(
    "t05a-single-quotes-c.csv",
    "'email'|'first_name'|'last_name'\n'kim@r05.example'|'Kim'|'Ness'\n",
    **accepted(
        delimiter="|",
        warnings=["other_quotes"],
        records=numbered(["kim@r05.example", "Kim", "Ness"]),
    ),
)
case(
    "t06a-curly-quotes-b.csv",
    "„email“;„first_name“;„last_name“\n„una@r06.example“;„Una“;„Moe“\n",
    **accepted(
        delimiter=";",
        warnings=["other_quotes"],
        records=numbered(["una@r06.example", "Una", "Moe"]),
    ),
)
case(
    "t06a-curly-quotes-c.csv",
    "email,first_name,last_name\nkim@r06.example,“Kim”,“Ness”\n",
    **accepted(
        warnings=["quotes_removed", "quotes_removed"],
        records=numbered(["kim@r06.example", "Kim", "Ness"]),
    ),
)
case(
    "t07a-comments-b.csv",
    "email;first_name;last_name\n#una@old.example;Una;Moe\nuna@r07.example;Una;Moe\n",
    **accepted(
        delimiter=";",
        warnings=["comment_skipped"],
        records=numbered(["una@r07.example", "Una", "Moe"], first=3),
    ),
)
case(
    "t07a-comments-c.csv",
    "#,email,first_name,last_name\n#1,kim@r07.example,Kim,Ness\n",
    **accepted(
        ignored=["#"],
        warnings=["unknown_column"],
        records=numbered(["#1", "kim@r07.example", "Kim", "Ness"]),
    ),
)
case(
    "t08-report-footer-b.csv",
    "email;first_name;last_name\nuna@r08.example;Una;Moe\n;Total;1\n",
    **accepted(
        delimiter=";",
        records=numbered(["una@r08.example", "Una", "Moe"], ["", "Total", "1"]),
        errors=[[3, "", "no_address"]],
    ),
)
case(
    "t08-report-footer-c.csv",
    "Team A,,\nemail,first_name,last_name\nkim@r08.example,Kim,Ness\nTeam B,,\n",
    **accepted(
        header_row=2,
        records=numbered(["kim@r08.example", "Kim", "Ness"], ["Team B", "", ""], first=3),
        errors=[[4, "", "no_address"]],
    ),
)
case(
    "t09-name-surname-b.csv",
    "Nome;Surname;Email\nUna;Moe;una@r09.example\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="Email", first_name="Nome", last_name="Surname"),
        records=numbered(["Una", "Moe", "una@r09.example"]),
    ),
)
case(
    "t09-name-surname-c.csv",
    "Email,Family name,Name\nkim@r09.example,Ness,Kim\n",
    **accepted(
        mapping=mapping(email="Email", first_name="Name", last_name="Family name"),
        records=numbered(["kim@r09.example", "Ness", "Kim"]),
    ),
)
case(
    "t11-password-words-b.csv",
    "email,first_name,last_name,legacy\nuna@r11.example,Una,Moe,$2b$12$WApznUPhDubN0oeveSXHpOaOVqN9F8hyq0ygnsIyZ5Jr3ld6JgV6u\n",
    **accepted(warnings=["password_dropped"], records=numbered(["una@r11.example", "Una", "Moe"])),
)
case(
    "t11-password-words-c.csv",
    "E-Mail;Vorname;Nachname;Einmal-PIN\nkim@r11.example;Kim;Ness;4711\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        warnings=["password_dropped"],
        records=numbered(["kim@r11.example", "Kim", "Ness"]),
    ),
)
case(
    "t12a-html-entities-b.csv",
    'email;first_name;last_name\nuna@r12.example;"Un&agrave;";Moe\n',
    **accepted(
        delimiter=";",
        warnings=["html_entity"],
        records=numbered(["una@r12.example", "Un&agrave;", "Moe"]),
    ),
)
case(
    "t12a-html-entities-c.csv",
    "email,first_name,last_name,location\nkim@r12.example,Kim,Ness,K&#xF8;benhavn\n",
    **accepted(
        mapping=PLAIN | mapping(location="location"),
        warnings=["html_entity"],
        records=numbered(["kim@r12.example", "Kim", "Ness", "K&#xF8;benhavn"]),
    ),
)
case(
    "t13-mojibake-b.csv",
    "email;first_name;last_name\nuna@r13.example;FranÃ§ois;Moe\n",
    **accepted(
        delimiter=";",
        warnings=["damaged_text"],
        records=numbered(["una@r13.example", "FranÃ§ois", "Moe"]),
    ),
)
case(
    "t13-mojibake-c.csv",
    "email,first_name,last_name\nkim@r13.example,KÃ\xadm,NÃ¸ss\n",
    **accepted(
        warnings=["damaged_text", "damaged_text"],
        records=numbered(["kim@r13.example", "KÃ\xadm", "NÃ¸ss"]),
        errors=[[2, "first_name", "control_character"]],
    ),
)
case(
    "t15-null-markers-b.csv",
    "email;first_name;last_name;department\nuna@r15.example;Una;Moe;null\nkim@r15.example;Kim;Ness;IT\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(department="department"),
        warnings=["database_null"],
        records=numbered(
            ["una@r15.example", "Una", "Moe", "null"], ["kim@r15.example", "Kim", "Ness", "IT"]
        ),
    ),
)
case(
    "t15-null-markers-c.csv",
    "email\tfirst_name\tlast_name\tphone\nada@r15.example\tAda\tVik\t\\N\n",
    **accepted(
        delimiter="\t",
        mapping=PLAIN | mapping(phone="phone"),
        warnings=["null_emptied"],
        records=numbered(["ada@r15.example", "Ada", "Vik", ""]),
    ),
)
case(
    "t16-equals-quoted-b.csv",
    'email,first_name,last_name,phone\nuna@r16.example,Una,Moe,"=""07700900124"""\n',
    **accepted(
        mapping=PLAIN | mapping(phone="phone"),
        warnings=["formula_unwrapped"],
        records=numbered(["una@r16.example", "Una", "Moe", "07700900124"]),
    ),
)
case(
    "t16-equals-quoted-c.csv",
    '="email"\t="first_name"\t="last_name"\n="kim@r16.example"\t="Kim"\t="Ness"\n',
    **accepted(
        delimiter="\t",
        mapping=mapping(email='="email"', first_name='="first_name"', last_name='="last_name"'),
        warnings=["formula_unwrapped", "formula_unwrapped", "formula_unwrapped"],
        records=numbered(["kim@r16.example", "Kim", "Ness"]),
    ),
)
case(
    "t17-apostrophe-phone-b.csv",
    "email;first_name;last_name;phone\nuna@r17.example;Una;Moe;'020 7946 0127\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(phone="phone"),
        warnings=["apostrophe_removed"],
        records=numbered(["una@r17.example", "Una", "Moe", "020 7946 0127"]),
    ),
)
case(
    "t17-apostrophe-phone-c.csv",
    "email,first_name,last_name,department\nkim@r17.example,Kim,'t Hooft,'007\n",
    **accepted(
        mapping=PLAIN | mapping(department="department"),
        warnings=["apostrophe_removed"],
        records=numbered(["kim@r17.example", "Kim", "'t Hooft", "007"]),
    ),
)
case(
    "t18-bidi-marks-b.csv",
    "email;first_name;last_name;phone\n\ufeffuna@r18.example;Una\u200b;Moe;\u202d020 7946 0126\u202c\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(phone="phone"),
        warnings=["invisible_removed", "invisible_removed", "invisible_removed"],
        records=numbered(["una@r18.example", "Una", "Moe", "020 7946 0126"]),
    ),
)
case(
    "t18-bidi-marks-c.csv",
    "email,first_name,last_name\nkim@r18.example,\u200eKim,Ness\xad\n",
    **accepted(
        warnings=["invisible_removed", "invisible_removed"],
        records=numbered(["kim@r18.example", "Kim", "Ness"]),
    ),
)
case(
    "t21-junk-after-address-b.csv",
    'email;first_name;last_name\n"una@r21.example; ";Una;Moe\n',
    **accepted(
        delimiter=";",
        warnings=["separator_removed"],
        records=numbered(["una@r21.example", "Una", "Moe"]),
    ),
)
case(
    "t21-junk-after-address-c.csv",
    "email,first_name,last_name\nkim@r21.example;,Kim,Ness\n",
    **accepted(
        warnings=["separator_removed"], records=numbered(["kim@r21.example", "Kim", "Ness"])
    ),
)
case(
    "t24-contact-above-header-b.csv",
    "E-Mail;eva@r24.example\nVorname;Nachname;E-Mail\nUna;Moe;una@r24.example\n",
    **accepted(
        delimiter=";",
        header_row=2,
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        records=numbered(["Una", "Moe", "una@r24.example"], first=3),
    ),
)
case(
    "t24-contact-above-header-c.csv",
    "Name,Email list\nEmail,First name,Last name\nkim@r24.example,Kim,Ness\n",
    **accepted(
        header_row=2,
        mapping=mapping(email="Email", first_name="First name", last_name="Last name"),
        records=numbered(["kim@r24.example", "Kim", "Ness"], first=3),
    ),
)
case(
    "t33-decomposed-b.csv",
    "email;first_name;last_name\nrene@r33.example;René;Lefèvre\n",
    **accepted(
        delimiter=";",
        warnings=["letters_composed", "letters_composed"],
        records=numbered(["rene@r33.example", "René", "Lefèvre"]),
    ),
)
case(
    "t33-decomposed-c.csv",
    "email,first_name,last_name\nkim@r33.example,Kim,Ñess\n",
    **accepted(warnings=["letters_composed"], records=numbered(["kim@r33.example", "Kim", "Ñess"])),
)
case(
    "t43-header-repeated-b.csv",
    "E-Mail;Vorname;Nachname\nuna@r43.example;Una;Moe\nE-Mail;Vorname;Nachname\nkim@r43.example;Kim;Ness\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        warnings=["header_repeated"],
        records=[[2, ["una@r43.example", "Una", "Moe"]], [4, ["kim@r43.example", "Kim", "Ness"]]],
    ),
)
case(
    "t43-header-repeated-c.csv",
    "email,first_name,last_name,,\nada@r43.example,Ada,Vik,,\nEMAIL,First_Name,last_name,,\n",
    **accepted(warnings=["header_repeated"], records=numbered(["ada@r43.example", "Ada", "Vik"])),
)
case(
    "t50-inner-spaces-b.csv",
    "email;first_name;last_name\nuna@r50.example;Una   U;Moe\n",
    **accepted(
        delimiter=";",
        warnings=["blanks_merged"],
        records=numbered(["una@r50.example", "Una U", "Moe"]),
    ),
)
case(
    "t50-inner-spaces-c.csv",
    "email,first_name,last_name\nkim@r50.example,Kim\u2003K,Ness\n",
    **accepted(warnings=["blanks_merged"], records=numbered(["kim@r50.example", "Kim K", "Ness"])),
)
case(
    "t54-stray-quote-b.csv",
    'email;first_name;last_name\nuna@r54.example;"Una" U;Moe\nkim@r54.example;Kim;Ness\n',
    **accepted(
        delimiter=";",
        records=numbered(["una@r54.example", "Una U", "Moe"], ["kim@r54.example", "Kim", "Ness"]),
        problems=[[2, "", "stray_quote"]],
    ),
)
case(
    "t54-stray-quote-c.csv",
    'email,first_name,last_name\nada@r54.example,"Ada ""A"" "x,Vik\n',
    **accepted(
        records=numbered(["ada@r54.example", 'Ada "A" x', "Vik"]), problems=[[2, "", "stray_quote"]]
    ),
)
case(
    "t57-suspended-b.csv",
    "email,first_name,last_name,Account Enabled\nuna@r57.example,Una,Moe,FALSE\n",
    **accepted(
        ignored=["Account Enabled"],
        warnings=["unknown_column", "suspended"],
        records=numbered(["una@r57.example", "Una", "Moe", "FALSE"]),
    ),
)
case(
    "t57-suspended-c.csv",
    "E-Mail;Vorname;Nachname;Gesperrt\nkim@r57.example;Kim;Ness;ja\nada@r57.example;Ada;Vik;nein\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        ignored=["Gesperrt"],
        warnings=["unknown_column", "suspended"],
        records=numbered(
            ["kim@r57.example", "Kim", "Ness", "ja"], ["ada@r57.example", "Ada", "Vik", "nein"]
        ),
    ),
)
case(
    "t58a-padded-quotes-b.csv",
    'email; first_name; last_name\nuna@r58.example; "Una" ; "Moe, Jr."\n',
    **accepted(
        delimiter=";",
        warnings=["blanks_around_quotes"],
        records=numbered(["una@r58.example", "Una", "Moe, Jr."]),
    ),
)
case(
    "t58a-padded-quotes-c.csv",
    'email,first_name,last_name\nkim@r58.example,\xa0"Kim"\xa0,"Ness"\n',
    **accepted(
        warnings=["blanks_around_quotes"], records=numbered(["kim@r58.example", "Kim", "Ness"])
    ),
)

# --- x01 in text files: errors that were pasted as values ----------------------------------------

for name, by, errors in (
    ("b", ";", ["#BEZUG!", "#NV", "#NAME?", "#WERT!"]),
    ("c", "\t", ["#¡REF!", "#N/D", "#¿NOMBRE?", "#¡VALOR!"]),
    ("d", "|", ["#ССЫЛКА!", "#Н/Д", "#ИМЯ?", "#ЗНАЧ!"]),
):
    email, last_name, role, phone = errors
    case(
        f"x01-error-texts-{name}.csv",
        lines(
            ["email", "first_name", "last_name", "role", "phone"],
            [email, "Una", last_name, role, phone],
            by=by,
        ),
        **accepted(
            delimiter=by,
            mapping=PLAIN | mapping(role="role", phone="phone"),
            errors=[[2, field, "error_cell"] for field in ("email", "last_name", "role", "phone")],
        ),
    )

# --- further kinds of quotes, totals, nulls and words --------------------------------------------

case(
    "t06a-curly-quotes-d.csv",
    "「email」\t「first_name」\t「last_name」\n「una@r06.example」\t「Una」\t「Moe」\n",
    **accepted(
        delimiter="\t",
        warnings=["other_quotes"],
        records=numbered(["una@r06.example", "Una", "Moe"]),
    ),
)
case(
    "t05a-single-quotes-d.csv",
    "'email';'first_name';'last_name'\n'una@r05.example';'Una';'O\\'Moe'\n",
    **accepted(
        delimiter=";",
        warnings=["other_quotes"],
        records=numbered(["una@r05.example", "Una", "O'Moe"]),
    ),
)
case(
    "t08-report-footer-d.csv",
    "email;first_name;last_name;department\nuna@r08.example;Una;Moe;IT\nSumme:;2;2;2\n"
    "合计;;;1\nИтого;;;1\nSeite 1 von 1\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(department="department"),
        errors=[[row, "", "no_address"] for row in (3, 4, 5, 6)],
    ),
)
case(
    "t08-report-footer-e.csv",
    "email,first_name,last_name\n-----,----------,---------\nuna@r08.example,Una,Moe\n",
    **accepted(records=[[3, ["una@r08.example", "Una", "Moe"]]]),
)
case(
    "t11-password-words-d.csv",
    "email|first_name|last_name|p.w.|temppw|初期パスコード|Парола|misc\n"
    "una@r11.example|Una|Moe|s1|s2|s3|s4|SCRAM-SHA-256$4096:c2FsdA==$aGFzaA==:aGFzaA==\n",
    **accepted(
        delimiter="|",
        warnings=["password_dropped"] * 5,
        records=numbered(["una@r11.example", "Una", "Moe"]),
    ),
)
case(
    "t13-mojibake-d.csv",
    "email\tfirst_name\tlast_name\nuna@r13.example\tAyÅŸe\tFran√ßois\n",
    **accepted(
        delimiter="\t",
        warnings=["damaged_text", "damaged_text"],
        records=numbered(["una@r13.example", "AyÅŸe", "Fran√ßois"]),
    ),
)
case(
    "t15-null-markers-d.csv",
    "email|first_name|last_name|phone|department\nuna@r15.example|Una|Moe|-|(leer)\n"
    "kim@r15.example|Kim|Ness|--|<NULL>\n",
    **accepted(
        delimiter="|",
        mapping=PLAIN | mapping(phone="phone", department="department"),
        warnings=["null_emptied", "null_emptied"],
        records=numbered(
            ["una@r15.example", "Una", "Moe", "", ""], ["kim@r15.example", "Kim", "Ness", "", ""]
        ),
    ),
)
case(
    "t17-apostrophe-phone-d.csv",
    "email;first_name;last_name;role\n'una@r17.example;'Una;'t Hooft;'admin\nkim@r17.example;Kim;Ness;\n",
    **accepted(
        delimiter=";",
        mapping=PLAIN | mapping(role="role"),
        warnings=["apostrophe_removed"] * 3,
        records=numbered(
            ["una@r17.example", "Una", "'t Hooft", "admin"], ["kim@r17.example", "Kim", "Ness", ""]
        ),
    ),
)
case(
    "t43-header-repeated-d.csv",
    "E-Mail;Vorname;Nachname\nuna@r43.example;Una;Moe\nEMAIL;First Name;Last Name\n"
    "E-MAIL;VORNAME;NACHNAME;\nkim@r43.example;Kim;Ness\n",
    **accepted(
        delimiter=";",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        warnings=["header_repeated"],
        records=[[2, ["una@r43.example", "Una", "Moe"]], [5, ["kim@r43.example", "Kim", "Ness"]]],
    ),
)
case(
    "t57-suspended-d.csv",
    "E-Mail\tVorname\tNachname\tStatut\nuna@r57.example\tUna\tMoe\tDésactivée\n",
    **accepted(
        delimiter="\t",
        mapping=mapping(email="E-Mail", first_name="Vorname", last_name="Nachname"),
        ignored=["Statut"],
        warnings=["unknown_column", "suspended"],
    ),
)
