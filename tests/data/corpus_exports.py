"""Headers of real exports, and headers in five languages. The people are invented."""

from __future__ import annotations

from make import accepted, case, cells, mapping, numbered, refused

# Google Admin console, "Download users", with its read-only columns
GOOGLE = (
    "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
    "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],"
    "Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,"
    "Work Secondary Email,Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,"
    "Mobile Phone,Work Address,Home Address,Employee ID,Employee Type,Employee Title,Manager Email,"
    "Department,Cost Center,Building ID,Change Password at Next Sign-In,New Status [UPLOAD ONLY]"
)
case(
    "export-google-workspace.csv",
    GOOGLE + "\nAnn,Lee,ann.lee@example.com,****,,/Sales,,Active,2024/01/05 10:00:00,,,,,"
    "+44 20 7946 0123,,+44 7700 900123,,,,,,,Sales,,,False,\n",
    **accepted(
        mapping=mapping(
            email="Email Address [Required]",
            first_name="First Name [Required]",
            last_name="Last Name [Required]",
            department="Department",
            phone="Work Phone",
        ),
        ignored=[
            "Org Unit Path [Required]",
            "New Primary Email [UPLOAD ONLY]",
            "Status [READ ONLY]",
            "Last Sign In [READ ONLY]",
            "Recovery Email",
            "Home Secondary Email",
            "Work Secondary Email",
            "Recovery Phone [MUST BE IN THE E.164 FORMAT]",
            "Home Phone",
            "Mobile Phone",
            "Work Address",
            "Home Address",
            "Employee ID",
            "Employee Type",
            "Employee Title",
            "Manager Email",
            "Cost Center",
            "Building ID",
            "New Status [UPLOAD ONLY]",
        ],
        # Password, its hash function and "Change Password at Next Sign-In" are dropped
        warnings=["password_dropped"] * 3
        + ["unknown_column"] * 8
        + ["unused_column"] * 2
        + ["unknown_column"] * 9,
        records=numbered(
            cells(
                "Ann;Lee;ann.lee@example.com;/Sales;;Active;2024/01/05 10:00:00;;;;;"
                "+44 20 7946 0123;;+44 7700 900123;;;;;;;Sales;;;"
            )
        ),
    ),
)
case(
    "export-entra-download-users.csv",
    "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,"
    "accountEnabled,usageLocation,streetAddress,state,country,officeLocation,city,postalCode,"
    "telephoneNumber,mobilePhone,alternateEmailAddress\n"
    "ann@example.onmicrosoft.com,Ann Lee,Lee,ann.lee@example.com,Ann,0-1,Member,Buyer,Sales,True,"
    "GB,,,,London Office,London,,+44 20 7946 0123,+44 7700 900123,\n",
    **accepted(
        mapping=mapping(
            email="mail",
            first_name="givenName",
            last_name="surname",
            department="department",
            location="officeLocation",
            phone="telephoneNumber",
        ),
        ignored=[
            "userPrincipalName",
            "displayName",
            "id",
            "userType",
            "jobTitle",
            "accountEnabled",
            "usageLocation",
            "streetAddress",
            "state",
            "country",
            "city",
            "postalCode",
            "mobilePhone",
            "alternateEmailAddress",
        ],
        warnings=["unused_column"]
        + ["unknown_column"] * 9
        + ["unused_column", "unknown_column", "unused_column", "unknown_column"],
        records=numbered(
            cells(
                "ann@example.onmicrosoft.com;Ann Lee;Lee;ann.lee@example.com;Ann;0-1;"
                "Member;Buyer;Sales;True;GB;;;;London Office;London;;+44 20 7946 0123;"
                "+44 7700 900123;"
            )
        ),
    ),
)
case(
    "export-entra-bulk-create.csv",
    "version:v1.0\r\nName [displayName] Required,User name [userPrincipalName] Required,"
    "Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,"
    "First name [givenName],Last name [surname],Department [department],"
    "Office [physicalDeliveryOfficeName],City [city],Office phone [telephoneNumber],"
    "Mobile phone [mobile]\r\n"
    "Ann Lee,ann.lee@example.com,Secret1234,No,Ann,Lee,Sales,London,London,020 7946 0123,\r\n",
    **accepted(
        header_row=2,
        mapping=mapping(
            email="User name [userPrincipalName] Required",
            first_name="First name [givenName]",
            last_name="Last name [surname]",
            department="Department [department]",
            location="Office [physicalDeliveryOfficeName]",
            phone="Office phone [telephoneNumber]",
        ),
        ignored=[
            "Name [displayName] Required",
            "Block sign in (Yes/No) [accountEnabled] Required",
            "City [city]",
            "Mobile phone [mobile]",
        ],
        warnings=["password_dropped", "unknown_column", "unknown_column"] + ["unused_column"] * 2,
        records=numbered(
            cells("Ann Lee;ann.lee@example.com;No;Ann;Lee;Sales;London;London;020 7946 0123;"),
            first=3,
        ),
    ),
)
case(
    "export-microsoft-365.csv",
    "Block credential,City,Country,Department,Display name,First name,Last name,Mobile Phone,"
    "Office,Password never expires,Phone number,Title,Usage location,User principal name\n"
    "False,London,UK,Sales,Ann Lee,Ann,Lee,,HQ,False,020 7946 0123,Buyer,GB,ann.lee@example.com\n",
    **accepted(
        mapping=mapping(
            email="User principal name",
            first_name="First name",
            last_name="Last name",
            department="Department",
            location="Office",
            phone="Phone number",
        ),
        ignored=[
            "Block credential",
            "City",
            "Country",
            "Display name",
            "Mobile Phone",
            "Title",
            "Usage location",
        ],
        warnings=["password_dropped", "unknown_column", "unused_column"]
        + ["unknown_column"] * 2
        + ["unused_column"]
        + ["unknown_column"] * 2,
        records=numbered(
            cells(
                "False;London;UK;Sales;Ann Lee;Ann;Lee;;HQ;020 7946 0123;Buyer;GB;"
                "ann.lee@example.com"
            )
        ),
    ),
)
case(
    "export-active-directory.csv",
    '#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser\n"Name","GivenName","Surname","sn",'
    '"mail","EmailAddress","Office","physicalDeliveryOfficeName","telephoneNumber","OfficePhone"\n'
    '"Ann Lee","Ann","Lee","Lee","ann@example.com","ann.lee@example.com","HQ","HQ","1234","5678"\n',
    **accepted(
        header_row=2,
        mapping=mapping(
            email="EmailAddress",
            first_name="GivenName",
            last_name="Surname",
            location="Office",
            phone="OfficePhone",
        ),
        ignored=["Name", "sn", "mail", "physicalDeliveryOfficeName", "telephoneNumber"],
        warnings=["unknown_column"] + ["unused_column"] * 4,
        records=numbered(
            cells("Ann Lee;Ann;Lee;Lee;ann@example.com;ann.lee@example.com;HQ;HQ;1234;5678"),
            first=3,
        ),
    ),
)
case(
    "export-okta.csv",
    "login,firstName,lastName,middleName,email,secondEmail,mobilePhone,primaryPhone,title,"
    "displayName,userType,employeeNumber,organization,department,city\n"
    "alee,Ann,Lee,,ann.lee@example.com,,+44 7700 900123,+44 20 7946 0123,Buyer,Ann Lee,Employee,7,"
    "Acme,Sales,London\n",
    **accepted(
        mapping=mapping(
            email="email",
            first_name="firstName",
            last_name="lastName",
            department="department",
            location="city",
            phone="primaryPhone",
        ),
        ignored=[
            "login",
            "middleName",
            "secondEmail",
            "mobilePhone",
            "title",
            "displayName",
            "userType",
            "employeeNumber",
            "organization",
        ],
        warnings=["unknown_column"] * 3 + ["unused_column"] + ["unknown_column"] * 5,
        records=numbered(
            cells(
                "alee;Ann;Lee;;ann.lee@example.com;;+44 7700 900123;+44 20 7946 0123;"
                "Buyer;Ann Lee;Employee;7;Acme;Sales;London"
            )
        ),
    ),
)
# Auth0 puts an apostrophe before every text
case(
    "export-auth0.csv",
    "Id,Given Name,Family Name,Nickname,Name,Email,Email Verified,Created At\n"
    '"\'auth0|65a","\'Ann","\'Lee","\'annie","\'Ann Lee","\'ann.lee@example.com",true,'
    "2024-01-05T10:00:00.000Z\n"
    '"\'auth0|65b","\'Gerard","\'\'t Hooft","\'g","\'Gerard","\'g@example.com",false,\n',
    **accepted(
        mapping=mapping(email="Email", first_name="Given Name", last_name="Family Name"),
        ignored=["Id", "Nickname", "Name", "Email Verified", "Created At"],
        warnings=["unknown_column"] * 5 + ["apostrophes_removed"],
        records=numbered(
            cells(
                "auth0|65a;Ann;Lee;annie;Ann Lee;ann.lee@example.com;true;2024-01-05T10:00:00.000Z"
            ),
            cells("auth0|65b;Gerard;'t Hooft;g;Gerard;g@example.com;false;"),
        ),
    ),
)
GITHUB = "created_at,id,login,email,role,suspended?,dormant?,last_active\n"
case(
    "export-github-enterprise-server.csv",
    GITHUB + "2024-01-05 10:00:00 UTC,7,ann-lee,ann.lee@example.com,user,false,false,2024-02-01\n",
    **refused("missing_column", facts={"missing": ["first_name", "last_name"]}),
)
case(
    "export-github-organisation.csv",
    "login,name,email,role,2fa\nann-lee,Ann Lee,ann.lee@example.com,Member,true\n",
    **accepted(
        mapping=mapping(full_name="name", email="email", role="role"),
        ignored=["login", "2fa"],
        warnings=["unknown_column"] * 2 + ["full_name_split"],
        records=numbered(cells("ann-lee;Ann Lee;ann.lee@example.com;Member;true")),
    ),
)
case(
    "export-github-organisation-mapped.csv",
    "login,name,email,role,2fa\nann-lee,Ann Lee,ann.lee@example.com,Member,true\n",
    options={"mapping": {"full_name": "name", "role": ""}},
    **accepted(
        mapping=mapping(full_name="name", email="email"),
        ignored=["login", "role", "2fa"],
        warnings=["unknown_column"] * 3,
        records=numbered(cells("ann-lee;Ann Lee;ann.lee@example.com;Member;true")),
    ),
)
SLACK = "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname"
case(
    "export-slack.csv",
    SLACK + "\nann,ann.lee@example.com,Member,1,0,0,U1,Ann M. Lee,Annie\n",
    **refused(
        "missing_column",
        facts={"missing": ["first_name", "last_name"], "full_name": "fullname"},
        says=['{"full_name": "fullname"}'],
    ),
)
case(
    "export-slack-mapped.csv",
    SLACK + "\nann,ann.lee@example.com,Member,1,0,0,U1,Ann Lee,Annie\n",
    options={"mapping": {"full_name": "fullname"}},
    **accepted(
        mapping=mapping(full_name="fullname", email="email"),
        ignored=[
            "username",
            "status",
            "billing-active",
            "has-2fa",
            "has-sso",
            "userid",
            "displayname",
        ],
        warnings=["unknown_column"] * 7,
        records=numbered(cells("ann;ann.lee@example.com;Member;1;0;0;U1;Ann Lee;Annie")),
    ),
)
case(
    "export-bamboohr.csv",
    "Employee #,First Name,Last Name,Job Title,Department,Division,Location,Status,Hire Date,"
    "Work Email,Reports To\n7,Ann,Lee,Buyer,Sales,EMEA,London,Active,01-05-2024,"
    "ann.lee@example.com,Bo Ek\n",
    **accepted(
        mapping=mapping(
            email="Work Email",
            first_name="First Name",
            last_name="Last Name",
            department="Department",
            location="Location",
        ),
        ignored=["Employee #", "Job Title", "Division", "Status", "Hire Date", "Reports To"],
        warnings=["unknown_column"] * 6,
        records=numbered(
            cells("7;Ann;Lee;Buyer;Sales;EMEA;London;Active;01-05-2024;ann.lee@example.com;Bo Ek")
        ),
    ),
)
case(
    "export-bamboohr-directory.csv",
    '"Last name, First name",Work Email,Mobile Phone\n"Lee, Ann",ann.lee@example.com,123456\n',
    **accepted(
        mapping=mapping(
            full_name="Last name, First name", email="Work Email", phone="Mobile Phone"
        ),
        warnings=["full_name_split"],
        records=numbered(["Lee, Ann", "ann.lee@example.com", "123456"]),
    ),
)
case(
    "export-workday.csv",
    "Active workers\n\nEmployee ID,Worker,Legal First Name,Legal Last Name,Preferred First Name,"
    "Preferred Last Name,Email - Work,Primary Work Phone,Business Title,Location,"
    "Supervisory Organization\n"
    "7,Ann Lee,Anna,Lee,Ann,Lee,ann.lee@example.com,+44 20 7946 0123,Buyer,London,Sales (Bo Ek)\n",
    **accepted(
        header_row=3,
        mapping=mapping(
            email="Email - Work",
            first_name="Preferred First Name",
            last_name="Preferred Last Name",
            location="Location",
            phone="Primary Work Phone",
        ),
        ignored=[
            "Employee ID",
            "Worker",
            "Legal First Name",
            "Legal Last Name",
            "Business Title",
            "Supervisory Organization",
        ],
        warnings=["unknown_column"] * 2 + ["unused_column"] * 2 + ["unknown_column"] * 2,
        records=numbered(
            cells(
                "7;Ann Lee;Anna;Lee;Ann;Lee;ann.lee@example.com;+44 20 7946 0123;Buyer;"
                "London;Sales (Bo Ek)"
            ),
            first=4,
        ),
    ),
)
case(
    "export-outlook-contacts.csv",
    "First Name,Middle Name,Last Name,E-mail Address,E-mail 2 Address,Business Phone,Home Phone,"
    "Mobile Phone,Department,Office Location\nAnn,,Lee,ann.lee@example.com,,1234567,,,Sales,HQ\n",
    **accepted(
        mapping=mapping(
            email="E-mail Address",
            first_name="First Name",
            last_name="Last Name",
            department="Department",
            location="Office Location",
            phone="Business Phone",
        ),
        ignored=["Middle Name", "E-mail 2 Address", "Home Phone", "Mobile Phone"],
        warnings=["unknown_column"] * 2 + ["unused_column"] * 2,
        records=numbered(cells("Ann;;Lee;ann.lee@example.com;;1234567;;;Sales;HQ")),
    ),
)
case(
    "export-google-contacts.csv",
    "First Name,Last Name,Organization Department,E-mail 1 - Label,E-mail 1 - Value,"
    "Phone 1 - Value\nAnn,Lee,Sales,* Work,ann.lee@example.com,1234567\n",
    **accepted(
        mapping=mapping(
            email="E-mail 1 - Value",
            first_name="First Name",
            last_name="Last Name",
            department="Organization Department",
            phone="Phone 1 - Value",
        ),
        ignored=["E-mail 1 - Label"],
        warnings=["unknown_column"],
        records=numbered(cells("Ann;Lee;Sales;* Work;ann.lee@example.com;1234567")),
    ),
)

# --- headers in five languages ----------------------------------------------------------------

WORDS = {
    "german": "E-Mail-Adresse;Vorname;Name;Rolle;Abteilung;Standort;Telefon;Zugang MarketEdge;"
    "CausalEdge Zugriff;ValueEdge;Einladung senden",
    "german-2": "Mailadresse;Rufname;Familienname;Benutzerrolle;Fachabteilung;Büro;Handy;"
    "MarketEdge-Zugang;Zugriff CausalEdge;Value Edge;Einladung",
    "french": "Courriel;Prénom;Nom;Rôle;Département;Bureau;Téléphone;Accès MarketEdge;"
    "Accès à CausalEdge;Accès ValueEdge;Envoyer une invitation",
    "french-2": "Adresse électronique;Prénom;Nom de famille;Rôle;Service;Lieu de travail;Portable;"
    "Accès MarketEdge;Accès CausalEdge;Accès ValueEdge;Envoyer l'invitation",
    "spanish": "Correo electrónico;Nombre;Apellidos;Rol;Departamento;Oficina;Teléfono;"
    "Acceso MarketEdge;Acceso a CausalEdge;Acceso ValueEdge;Enviar invitación",
    "spanish-2": "Correo;Nombres;Apellido;Rol de usuario;Departamento;Sede;Móvil;Acceso MarketEdge;"
    "Acceso CausalEdge;Acceso ValueEdge;Invitar",
    "portuguese": "Endereço de e-mail;Nome;Sobrenome;Papel;Departamento;Localização;Telefone;"
    "Acesso MarketEdge;Acesso ao CausalEdge;Acesso ValueEdge;Enviar convite",
    "portuguese-2": "E-mail;Primeiro nome;Apelido;Papel do usuário;Setor;Escritório;Telemóvel;"
    "Acesso MarketEdge;Acesso CausalEdge;Acesso ValueEdge;Convidar",
    "english": "Mail Address;Given Name;Surname;User Role;Dept;Office;Tel.;Market Edge;"
    "Causal-Edge Access;VALUE_EDGE_ACCESS;Send Invite?",
}
ROW = ["ann.lee@example.com", "Ann", "Lee", "admin", "Sales", "HQ", "12345", "1", "0", "1", "0"]
FIELDS = cells(
    "email;first_name;last_name;role;department;location;phone;market_edge_access;"
    "causal_edge_access;value_edge_access;send_invitation"
)
for language, header in WORDS.items():
    case(
        f"words-{language}.csv",
        f"{header}\n{';'.join(ROW)}\n",
        **accepted(
            delimiter=";",
            mapping=dict(zip(FIELDS, header.split(";"), strict=True)),
            records=numbered(ROW),
        ),
    )
