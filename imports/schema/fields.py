"""What a file may contain: the table of fields, once, and the names that real files give them.

A header is compared without regard to case, accents, spaces and punctuation. Each field has three
ranks of names: its own (``first_name``), its aliases (all of one rank: two of them in one file are
a contradiction that a person has to resolve) and its fallbacks (each of a rank of its own, in this
order: a file may well hold a work phone and a mobile phone). The aliases are those of the exports
of Google Workspace, Microsoft Entra and 365, Active Directory, Okta, Auth0, GitHub, Slack,
BambooHR and Workday, and plain English, German, French, Spanish and Portuguese words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["email", "name", "role", "text", "phone", "boolean"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One column that a file may hold; its other names stand as `normalise` gives them."""

    name: str
    kind: Kind
    required: bool = False
    max_chars: int | None = None
    default: str = ""
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


def _access_aliases(product: str) -> tuple[str, ...]:
    before = ("access", "zugang", "zugriff", "acces", "acceso", "acesso")
    after = ("zugang", "zugriff", "enabled")
    return (
        product,
        *(f"{word}{product}" for word in before),
        *(f"{product}{word}" for word in after),
        f"accesa{product}",
        f"accesoa{product}",
        f"acessoao{product}",
    )


_EMAIL = """
    emailaddress mailaddress emailid useremail useremailaddress
    workemail emailwork workemailaddress primaryemail emailprimary primaryemailaddress
    emailaddressprimary primaryworkemail emailprimarywork
    emailprimaryhome businessemail companyemail corporateemail
    emailadresse mailadresse geschaftlicheemail dienstlicheemail
    courriel adresseemail adressemail adresseelectronique adressedecourriel adressedemessagerie
    emailprofessionnel adresseemailprofessionnelle
    correo correoelectronico direcciondecorreo direcciondecorreoelectronico direcciondeemail
    correocorporativo emailcorporativo
    correioeletronico correioelectronico enderecodeemail enderecoemail enderecodecorreioeletronico
"""
_EMAIL_FALLBACKS = "mail userprincipalname upn email1value personalemail homeemail privateemail"

_FIRST_NAME = """
    givenname forename fname vorname rufname prenom nombre nombres nombredepila primernombre
    nome primeironome nomeproprio
"""
_FIRST_NAME_FALLBACKS = "preferredfirstname legalfirstname first"

_LAST_NAME = """
    surname familyname lname nachname familienname zuname nom nomdefamille patronyme
    apellido apellidos sobrenome apelido ultimonome nomedefamilia
"""
_LAST_NAME_FALLBACKS = "preferredlastname legallastname primerapellido last sn"

_ROLE = "userrole rolle benutzerrolle roleutilisateur rol roldeusuario papel papeldousuario"

_DEPARTMENT = """
    dept departmentname abteilung fachabteilung departement departamento depto
"""
_DEPARTMENT_FALLBACKS = "organizationdepartment service setor"

_LOCATION = """
    office officelocation officename worklocation locationname workplace site
    standort buro buero niederlassung arbeitsort dienstort
    bureau lieu lieudetravail emplacement localisation
    ubicacion oficina sede localizacion lugardetrabajo centrodetrabajo
    localizacao escritorio local localdetrabalho
"""
_LOCATION_FALLBACKS = "physicaldeliveryofficename city town stadt ort ville ciudad cidade"

_PHONE = """
    telephone phonenumber phoneno tel telno workphone phonework workphonenumber worktelephone
    officephone officetelephone businessphone businesstelephone primaryphone primaryworkphone
    telefon telefonnummer telefonnr rufnummer telefongeschaftlich diensttelefon
    numerodetelephone telephoneprofessionnel telephonefixe telephonebureau
    telefono numerodetelefono telefonodetrabajo telefonofijo
    telefone numerodetelefone telefonecomercial telefoneprofissional
"""
_PHONE_FALLBACKS = """
    telephonenumber businessphones phone1value mobilephone mobile mobilenumber mobilephonenumber
    cellphone cell cellphonenumber handy handynummer mobil mobiltelefon mobilnummer
    telephoneportable telephonemobile portable telefonomovil movil
    telefonecelular celular telemovel homephone
"""

_SEND_INVITATION = """
    sendinvitations sendinvite sendinvites sendinvitationemail invite invitation
    einladung einladungsenden einladungversenden einladen
    envoyerinvitation envoyeruneinvitation envoyerlinvitation inviter
    enviarinvitacion invitacion invitar enviarconvite convite convidar
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TABLE = (
    Field(
        name="email",
        kind="email",
        required=True,
        max_chars=254,
        aliases=_words(_EMAIL),
        fallbacks=_words(_EMAIL_FALLBACKS),
    ),
    Field(
        name="first_name",
        kind="name",
        required=True,
        max_chars=100,
        aliases=_words(_FIRST_NAME),
        fallbacks=_words(_FIRST_NAME_FALLBACKS),
    ),
    Field(
        name="last_name",
        kind="name",
        required=True,
        max_chars=100,
        aliases=_words(_LAST_NAME),
        fallbacks=_words(_LAST_NAME_FALLBACKS),
    ),
    Field(name="role", kind="role", default="viewer", aliases=_words(_ROLE)),
    Field(
        name="department",
        kind="text",
        max_chars=100,
        aliases=_words(_DEPARTMENT),
        fallbacks=_words(_DEPARTMENT_FALLBACKS),
    ),
    Field(
        name="location",
        kind="text",
        max_chars=100,
        aliases=_words(_LOCATION),
        fallbacks=_words(_LOCATION_FALLBACKS),
    ),
    Field(
        name="phone",
        kind="phone",
        max_chars=20,
        aliases=_words(_PHONE),
        fallbacks=_words(_PHONE_FALLBACKS),
    ),
    *(
        Field(
            name=f"{product}_edge_access",
            kind="boolean",
            default="false",
            aliases=_access_aliases(f"{product}edge"),
        )
        for product in ("market", "causal", "value")
    ),
    Field(name="send_invitation", kind="boolean", default="true", aliases=_words(_SEND_INVITATION)),
)

FIELDS: dict[str, Field] = {field.name: field for field in _TABLE}
REQUIRED = tuple(field.name for field in _TABLE if field.required)

# One column with the whole name. It is never split unasked: `mapping={"full_name": header}` asks.
FULL_NAME = "full_name"
NAME_FIELDS = ("first_name", "last_name")
FULL_NAME_HEADERS = _words("""
    fullname displayname realname completename employeename workername name
    lastnamefirstname firstnamelastname firstandlastname githubcomname worker
    vollstandigername vollername anzeigename vornamenachname nachnamevorname vorundnachname
    nomcomplet nometprenom prenometnom nomprenom prenomnom
    nombrecompleto nombreyapellidos nombreyapellido apellidosynombre
    nomecompleto nomeesobrenome nombre nome nom
""")

FORBIDDEN_HEADERS = frozenset(
    _words("""
        isstaff issuperuser superuser staffstatus superuserstatus
        organisationid organizationid orgid
    """)
)
PASSWORD_WORDS = _words(
    "password passwort kennwort passwd passphrase motdepasse contrasena senha palavrapasse"
)
PASSWORD_HEADERS = frozenset(_words("pw pwd pass mdp clave"))


_SQUARE = re.compile(r"\[([^\]]*)\]\s*(?:required)?", re.IGNORECASE)
_REMARK = re.compile(
    r"\((?:required|optional|mandatory|yes/no|true/false|pflichtfeld|erforderlich|obligatoire"
    r"|facultatif|obligatorio|obrigat[oó]rio|opcional|requis|requerido)\)",
    re.IGNORECASE,
)


def normalise(header: str) -> str:
    """The form in which headers are compared: letters and digits only, no accents, lower case."""
    if header.isascii():
        return "".join(filter(str.isalnum, header.lower()))
    folded = unicodedata.normalize("NFKD", header.casefold())
    return "".join(filter(str.isalnum, folded))


def header_keys(header: str) -> tuple[str, ...]:
    """Every form in which a header may be known, the most telling first.

    Google marks its columns (`First Name [Required]`), Microsoft adds the technical name
    (`User name [userPrincipalName] Required`): what stands around the brackets counts, then what
    stands in them.
    """
    plain = _REMARK.sub(" ", header)
    keys = [normalise(header), normalise(plain)]
    if "[" in plain:
        keys.append(normalise(_SQUARE.sub(" ", plain)))
        keys.extend(normalise(inside) for inside in _SQUARE.findall(plain))
    return tuple(dict.fromkeys(key for key in keys if key))


def _known_names() -> dict[str, tuple[str, int]]:
    known: dict[str, tuple[str, int]] = {}
    for field in _TABLE:
        known[normalise(field.name)] = (field.name, 0)
        known.update(dict.fromkeys(field.aliases, (field.name, 1)))
        known.update({name: (field.name, 2 + i) for i, name in enumerate(field.fallbacks)})
    return known


KNOWN = _known_names()


def recognise(header: str) -> tuple[str, int] | None:
    """The field that a header stands for and the rank of that name (0 is the best), or None."""
    found = [KNOWN[key] for key in header_keys(header) if key in KNOWN]
    return min(found, key=lambda hit: hit[1]) if found else None


def is_password(header: str) -> bool:
    """Whether a column may hold passwords (or hashes of them): such a column is never kept."""
    keys = header_keys(header)
    return any(key in PASSWORD_HEADERS or any(w in key for w in PASSWORD_WORDS) for key in keys)


def is_forbidden(header: str) -> bool:
    """Whether no file may hold this column."""
    return any(key in FORBIDDEN_HEADERS for key in header_keys(header))
