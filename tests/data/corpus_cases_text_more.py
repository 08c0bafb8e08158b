"""Relatives of the files in corpus_cases_text: other names, delimiters and languages."""

# ruff: noqa: E501 - files on one line

from __future__ import annotations

from make import case

case(
    "t01-excel-short-rows-b.csv",
    "Vorname;Nachname;E-Mail;Telefon;Abteilung\r\nUna;Moe;una@r01.example;020 7946 0123;IT\r\nKim;Ness;kim@r01.example\r\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {
            "department": "Abteilung",
            "email": "E-Mail",
            "first_name": "Vorname",
            "last_name": "Nachname",
            "phone": "Telefon",
        },
        "records": [
            [2, ["Una", "Moe", "una@r01.example", "020 7946 0123", "IT"]],
            [3, ["Kim", "Ness", "kim@r01.example"]],
        ],
        "warnings": ["short_row"],
    },
)
case(
    "t01-excel-short-rows-c.csv",
    "email\tfirst_name\tlast_name\tnotes\nada@r01.example\tAda\tVik\n",
    **{
        "delimiter": "\t",
        "header_row": 1,
        "ignored": ["notes"],
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["ada@r01.example", "Ada", "Vik"]]],
        "warnings": ["unknown_column", "short_row"],
    },
)
case(
    "t02-whole-row-in-quotes-b.csv",
    '"email;first_name;last_name"\n"una@r02.example;Una;Moe"\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r02.example", "Una", "Moe"]]],
        "warnings": ["rows_in_quotes"],
    },
)
case(
    "t02-whole-row-in-quotes-c.csv",
    '"Email\tFirst name\tLast name\tDepartment"\n"kim@r02.example\tKim\tNess\t""A"" Team"\n',
    **{
        "delimiter": "\t",
        "header_row": 1,
        "mapping": {
            "department": "Department",
            "email": "Email",
            "first_name": "First name",
            "last_name": "Last name",
        },
        "problems": [[2, "", "stray_quote"]],
        "records": [[2, ["kim@r02.example", "Kim", "Ness", "A Team"]]],
        "warnings": ["rows_in_quotes"],
    },
)
case(
    "t03-spaces-after-closing-quote-b.csv",
    '"email";"first_name" ;"last_name"\n"una@r03.example" ;"Una";"Moe"  \n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r03.example", "Una", "Moe"]]],
        "warnings": ["blanks_around_quotes"],
    },
)
case(
    "t03-spaces-after-closing-quote-c.csv",
    '"email"|"first_name"\t|"last_name"\n"kim@r03.example"\t|"Kim, Jr."|"Ness"\n',
    **{
        "delimiter": "|",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r03.example", "Kim, Jr.", "Ness"]]],
        "warnings": ["blanks_around_quotes"],
    },
)
case(
    "t04-backslash-quotes-b.csv",
    '"email";"first_name";"last_name"\n"una@r04.example";"Una \\"U\\"";"Moe"\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r04.example", 'Una "U"', "Moe"]]],
        "warnings": ["backslash_quotes"],
    },
)
case(
    "t04-backslash-quotes-c.csv",
    'email,first_name,last_name,department\nkim@r04.example,Kim,Ness,"C:\\\\ \\"x\\""\n',
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {
            "department": "department",
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
        },
        "records": [[2, ["kim@r04.example", "Kim", "Ness", 'C:\\ "x"']]],
        "warnings": ["backslash_quotes"],
    },
)
case(
    "t05a-single-quotes-b.csv",
    "'email';'first_name';'last_name'\n'una@r05.example';'Una';'O''Moe'\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r05.example", "Una", "O'Moe"]]],
        "warnings": ["other_quotes"],
    },
)
case(
    "t05a-single-quotes-c.csv",
    "'email'|'first_name'|'last_name'\n'kim@r05.example'|'Kim'|'Ness'\n",
    **{
        "delimiter": "|",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r05.example", "Kim", "Ness"]]],
        "warnings": ["other_quotes"],
    },
)
case(
    "t06a-curly-quotes-b.csv",
    "„email“;„first_name“;„last_name“\n„una@r06.example“;„Una“;„Moe“\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r06.example", "Una", "Moe"]]],
        "warnings": ["other_quotes"],
    },
)
case(
    "t06a-curly-quotes-c.csv",
    "email,first_name,last_name\nkim@r06.example,“Kim”,“Ness”\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r06.example", "Kim", "Ness"]]],
        "warnings": ["quotes_removed", "quotes_removed"],
    },
)
case(
    "t07a-comments-b.csv",
    "email;first_name;last_name\n#una@old.example;Una;Moe\nuna@r07.example;Una;Moe\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[3, ["una@r07.example", "Una", "Moe"]]],
        "warnings": ["comment_skipped"],
    },
)
case(
    "t07a-comments-c.csv",
    "#,email,first_name,last_name\n#1,kim@r07.example,Kim,Ness\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "ignored": ["#"],
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["#1", "kim@r07.example", "Kim", "Ness"]]],
        "warnings": ["unknown_column"],
    },
)
case(
    "t08-report-footer-b.csv",
    "email;first_name;last_name\nuna@r08.example;Una;Moe\n;Total;1\n",
    **{
        "delimiter": ";",
        "errors": [[3, "", "no_address"]],
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r08.example", "Una", "Moe"]], [3, ["", "Total", "1"]]],
        "warnings": [],
    },
)
case(
    "t08-report-footer-c.csv",
    "Team A,,\nemail,first_name,last_name\nkim@r08.example,Kim,Ness\nTeam B,,\n",
    **{
        "delimiter": ",",
        "errors": [[4, "", "no_address"]],
        "header_row": 2,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[3, ["kim@r08.example", "Kim", "Ness"]], [4, ["Team B", "", ""]]],
        "warnings": [],
    },
)
case(
    "t09-name-surname-b.csv",
    "Nome;Surname;Email\nUna;Moe;una@r09.example\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "Email", "first_name": "Nome", "last_name": "Surname"},
        "records": [[2, ["Una", "Moe", "una@r09.example"]]],
        "warnings": [],
    },
)
case(
    "t09-name-surname-c.csv",
    "Email,Family name,Name\nkim@r09.example,Ness,Kim\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "Email", "first_name": "Name", "last_name": "Family name"},
        "records": [[2, ["kim@r09.example", "Ness", "Kim"]]],
        "warnings": [],
    },
)
case(
    "t11-password-words-b.csv",
    "email,first_name,last_name,legacy\nuna@r11.example,Una,Moe,$2b$12$WApznUPhDubN0oeveSXHpOaOVqN9F8hyq0ygnsIyZ5Jr3ld6JgV6u\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r11.example", "Una", "Moe"]]],
        "warnings": ["password_dropped"],
    },
)
case(
    "t11-password-words-c.csv",
    "E-Mail;Vorname;Nachname;Einmal-PIN\nkim@r11.example;Kim;Ness;4711\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "E-Mail", "first_name": "Vorname", "last_name": "Nachname"},
        "records": [[2, ["kim@r11.example", "Kim", "Ness"]]],
        "warnings": ["password_dropped"],
    },
)
case(
    "t12a-html-entities-b.csv",
    'email;first_name;last_name\nuna@r12.example;"Un&agrave;";Moe\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r12.example", "Un&agrave;", "Moe"]]],
        "warnings": ["html_entity"],
    },
)
case(
    "t12a-html-entities-c.csv",
    "email,first_name,last_name,location\nkim@r12.example,Kim,Ness,K&#xF8;benhavn\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "location": "location",
        },
        "records": [[2, ["kim@r12.example", "Kim", "Ness", "K&#xF8;benhavn"]]],
        "warnings": ["html_entity"],
    },
)
case(
    "t13-mojibake-b.csv",
    "email;first_name;last_name\nuna@r13.example;FranÃ§ois;Moe\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r13.example", "FranÃ§ois", "Moe"]]],
        "warnings": ["damaged_text"],
    },
)
case(
    "t13-mojibake-c.csv",
    "email,first_name,last_name\nkim@r13.example,KÃ\xadm,NÃ¸ss\n",
    **{
        "delimiter": ",",
        "errors": [[2, "first_name", "control_character"]],
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r13.example", "KÃ\xadm", "NÃ¸ss"]]],
        "warnings": ["damaged_text", "damaged_text"],
    },
)
case(
    "t15-null-markers-b.csv",
    "email;first_name;last_name;department\nuna@r15.example;Una;Moe;null\nkim@r15.example;Kim;Ness;IT\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {
            "department": "department",
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
        },
        "records": [
            [2, ["una@r15.example", "Una", "Moe", "null"]],
            [3, ["kim@r15.example", "Kim", "Ness", "IT"]],
        ],
        "warnings": ["database_null"],
    },
)
case(
    "t15-null-markers-c.csv",
    "email\tfirst_name\tlast_name\tphone\nada@r15.example\tAda\tVik\t\\N\n",
    **{
        "delimiter": "\t",
        "header_row": 1,
        "mapping": {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "phone": "phone",
        },
        "records": [[2, ["ada@r15.example", "Ada", "Vik", ""]]],
        "warnings": ["null_emptied"],
    },
)
case(
    "t16-equals-quoted-b.csv",
    'email,first_name,last_name,phone\nuna@r16.example,Una,Moe,"=""07700900124"""\n',
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "phone": "phone",
        },
        "records": [[2, ["una@r16.example", "Una", "Moe", "07700900124"]]],
        "warnings": ["formula_unwrapped"],
    },
)
case(
    "t16-equals-quoted-c.csv",
    '="email"\t="first_name"\t="last_name"\n="kim@r16.example"\t="Kim"\t="Ness"\n',
    **{
        "delimiter": "\t",
        "header_row": 1,
        "mapping": {
            "email": '="email"',
            "first_name": '="first_name"',
            "last_name": '="last_name"',
        },
        "records": [[2, ["kim@r16.example", "Kim", "Ness"]]],
        "warnings": ["formula_unwrapped", "formula_unwrapped", "formula_unwrapped"],
    },
)
case(
    "t17-apostrophe-phone-b.csv",
    "email;first_name;last_name;phone\nuna@r17.example;Una;Moe;'020 7946 0127\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "phone": "phone",
        },
        "records": [[2, ["una@r17.example", "Una", "Moe", "020 7946 0127"]]],
        "warnings": ["apostrophe_removed"],
    },
)
case(
    "t17-apostrophe-phone-c.csv",
    "email,first_name,last_name,department\nkim@r17.example,Kim,'t Hooft,'007\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {
            "department": "department",
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
        },
        "records": [[2, ["kim@r17.example", "Kim", "'t Hooft", "007"]]],
        "warnings": ["apostrophe_removed"],
    },
)
case(
    "t18-bidi-marks-b.csv",
    "email;first_name;last_name;phone\n\ufeffuna@r18.example;Una\u200b;Moe;\u202d020 7946 0126\u202c\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "phone": "phone",
        },
        "records": [[2, ["una@r18.example", "Una", "Moe", "020 7946 0126"]]],
        "warnings": ["invisible_removed", "invisible_removed", "invisible_removed"],
    },
)
case(
    "t18-bidi-marks-c.csv",
    "email,first_name,last_name\nkim@r18.example,\u200eKim,Ness\xad\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r18.example", "Kim", "Ness"]]],
        "warnings": ["invisible_removed", "invisible_removed"],
    },
)
case(
    "t21-junk-after-address-b.csv",
    'email;first_name;last_name\n"una@r21.example; ";Una;Moe\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r21.example", "Una", "Moe"]]],
        "warnings": ["separator_removed"],
    },
)
case(
    "t21-junk-after-address-c.csv",
    "email,first_name,last_name\nkim@r21.example;,Kim,Ness\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r21.example", "Kim", "Ness"]]],
        "warnings": ["separator_removed"],
    },
)
case(
    "t24-contact-above-header-b.csv",
    "E-Mail;eva@r24.example\nVorname;Nachname;E-Mail\nUna;Moe;una@r24.example\n",
    **{
        "delimiter": ";",
        "header_row": 2,
        "mapping": {"email": "E-Mail", "first_name": "Vorname", "last_name": "Nachname"},
        "records": [[3, ["Una", "Moe", "una@r24.example"]]],
        "warnings": [],
    },
)
case(
    "t24-contact-above-header-c.csv",
    "Name,Email list\nEmail,First name,Last name\nkim@r24.example,Kim,Ness\n",
    **{
        "delimiter": ",",
        "header_row": 2,
        "mapping": {"email": "Email", "first_name": "First name", "last_name": "Last name"},
        "records": [[3, ["kim@r24.example", "Kim", "Ness"]]],
        "warnings": [],
    },
)
case(
    "t33-decomposed-b.csv",
    "email;first_name;last_name\nrene@r33.example;René;Lefèvre\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["rene@r33.example", "René", "Lefèvre"]]],
        "warnings": ["letters_composed", "letters_composed"],
    },
)
case(
    "t33-decomposed-c.csv",
    "email,first_name,last_name\nkim@r33.example,Kim,Ñess\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r33.example", "Kim", "Ñess"]]],
        "warnings": ["letters_composed"],
    },
)
case(
    "t43-header-repeated-b.csv",
    "E-Mail;Vorname;Nachname\nuna@r43.example;Una;Moe\nE-Mail;Vorname;Nachname\nkim@r43.example;Kim;Ness\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "E-Mail", "first_name": "Vorname", "last_name": "Nachname"},
        "records": [
            [2, ["una@r43.example", "Una", "Moe"]],
            [4, ["kim@r43.example", "Kim", "Ness"]],
        ],
        "warnings": ["header_repeated"],
    },
)
case(
    "t43-header-repeated-c.csv",
    "email,first_name,last_name,,\nada@r43.example,Ada,Vik,,\nEMAIL,First_Name,last_name,,\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["ada@r43.example", "Ada", "Vik"]]],
        "warnings": ["header_repeated"],
    },
)
case(
    "t50-inner-spaces-b.csv",
    "email;first_name;last_name\nuna@r50.example;Una   U;Moe\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r50.example", "Una U", "Moe"]]],
        "warnings": ["blanks_merged"],
    },
)
case(
    "t50-inner-spaces-c.csv",
    "email,first_name,last_name\nkim@r50.example,Kim\u2003K,Ness\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r50.example", "Kim K", "Ness"]]],
        "warnings": ["blanks_merged"],
    },
)
case(
    "t54-stray-quote-b.csv",
    'email;first_name;last_name\nuna@r54.example;"Una" U;Moe\nkim@r54.example;Kim;Ness\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "problems": [[2, "", "stray_quote"]],
        "records": [
            [2, ["una@r54.example", "Una U", "Moe"]],
            [3, ["kim@r54.example", "Kim", "Ness"]],
        ],
        "warnings": [],
    },
)
case(
    "t54-stray-quote-c.csv",
    'email,first_name,last_name\nada@r54.example,"Ada ""A"" "x,Vik\n',
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "problems": [[2, "", "stray_quote"]],
        "records": [[2, ["ada@r54.example", 'Ada "A" x', "Vik"]]],
        "warnings": [],
    },
)
case(
    "t57-suspended-b.csv",
    "email,first_name,last_name,Account Enabled\nuna@r57.example,Una,Moe,FALSE\n",
    **{
        "delimiter": ",",
        "header_row": 1,
        "ignored": ["Account Enabled"],
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r57.example", "Una", "Moe", "FALSE"]]],
        "warnings": ["unknown_column", "suspended"],
    },
)
case(
    "t57-suspended-c.csv",
    "E-Mail;Vorname;Nachname;Gesperrt\nkim@r57.example;Kim;Ness;ja\nada@r57.example;Ada;Vik;nein\n",
    **{
        "delimiter": ";",
        "header_row": 1,
        "ignored": ["Gesperrt"],
        "mapping": {"email": "E-Mail", "first_name": "Vorname", "last_name": "Nachname"},
        "records": [
            [2, ["kim@r57.example", "Kim", "Ness", "ja"]],
            [3, ["ada@r57.example", "Ada", "Vik", "nein"]],
        ],
        "warnings": ["unknown_column", "suspended"],
    },
)
case(
    "t58a-padded-quotes-b.csv",
    'email; first_name; last_name\nuna@r58.example; "Una" ; "Moe, Jr."\n',
    **{
        "delimiter": ";",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["una@r58.example", "Una", "Moe, Jr."]]],
        "warnings": ["blanks_around_quotes"],
    },
)
case(
    "t58a-padded-quotes-c.csv",
    'email,first_name,last_name\nkim@r58.example,\xa0"Kim"\xa0,"Ness"\n',
    **{
        "delimiter": ",",
        "header_row": 1,
        "mapping": {"email": "email", "first_name": "first_name", "last_name": "last_name"},
        "records": [[2, ["kim@r58.example", "Kim", "Ness"]]],
        "warnings": ["blanks_around_quotes"],
    },
)
