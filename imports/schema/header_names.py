"""The header names that real files use for each field, besides the field's own name.

They come from the exports of Google Workspace, Microsoft Entra and 365, Active Directory, Okta,
Auth0, GitHub, Slack, BambooHR and Workday, and from plain English, German, French, Spanish and
Portuguese. Each name is written in the form that `headers.normalise` returns: lower case, letters
and digits only, no accents.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def access_aliases(product: str) -> tuple[str, ...]:
    """The aliases of `<product>_access`; `product` is normalised, for example "marketedge"."""
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


EMAIL_ALIASES = _words("""
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
""")

EMAIL_FALLBACKS = _words(
    "mail userprincipalname upn email1value personalemail homeemail privateemail"
)

FIRST_NAME_ALIASES = _words("""
    givenname forename fname vorname rufname prenom nombre nombres nombredepila primernombre
    nome primeironome nomeproprio
""")

FIRST_NAME_FALLBACKS = _words("preferredfirstname legalfirstname first")

LAST_NAME_ALIASES = _words("""
    surname familyname lname nachname familienname zuname nom nomdefamille patronyme
    apellido apellidos sobrenome apelido ultimonome nomedefamilia
""")

LAST_NAME_FALLBACKS = _words("preferredlastname legallastname primerapellido last sn")

ROLE_ALIASES = _words(
    "userrole rolle benutzerrolle roleutilisateur rol roldeusuario papel papeldousuario"
)

DEPARTMENT_ALIASES = _words("""
    dept departmentname abteilung fachabteilung departement departamento depto
""")

DEPARTMENT_FALLBACKS = _words("organizationdepartment service setor")

LOCATION_ALIASES = _words("""
    office officelocation officename worklocation locationname workplace site
    standort buro buero niederlassung arbeitsort dienstort
    bureau lieu lieudetravail emplacement localisation
    ubicacion oficina sede localizacion lugardetrabajo centrodetrabajo
    localizacao escritorio local localdetrabalho
""")

LOCATION_FALLBACKS = _words("physicaldeliveryofficename city town stadt ort ville ciudad cidade")

PHONE_ALIASES = _words("""
    telephone phonenumber phoneno tel telno workphone phonework workphonenumber worktelephone
    officephone officetelephone businessphone businesstelephone primaryphone primaryworkphone
    telefon telefonnummer telefonnr rufnummer telefongeschaftlich diensttelefon
    numerodetelephone telephoneprofessionnel telephonefixe telephonebureau
    telefono numerodetelefono telefonodetrabajo telefonofijo
    telefone numerodetelefone telefonecomercial telefoneprofissional
""")

PHONE_FALLBACKS = _words("""
    telephonenumber businessphones phone1value mobilephone mobile mobilenumber mobilephonenumber
    cellphone cell cellphonenumber handy handynummer mobil mobiltelefon mobilnummer
    telephoneportable telephonemobile portable telefonomovil movil
    telefonecelular celular telemovel homephone
""")

SEND_INVITATION_ALIASES = _words("""
    sendinvitations sendinvite sendinvites sendinvitationemail invite invitation
    einladung einladungsenden einladungversenden einladen
    envoyerinvitation envoyeruneinvitation envoyerlinvitation inviter
    enviarinvitacion invitacion invitar enviarconvite convite convidar
""")

# Headers of a single column for the full name.
FULL_NAME_HEADERS = _words("""
    fullname displayname realname completename employeename workername name
    lastnamefirstname firstnamelastname firstandlastname githubcomname worker
    vollstandigername vollername anzeigename vornamenachname nachnamevorname vorundnachname
    nomcomplet nometprenom prenometnom nomprenom prenomnom
    nombrecompleto nombreyapellidos nombreyapellido apellidosynombre
    nomecompleto nomeesobrenome nombre nome nom
""")

# A file with one of these columns is refused.
FORBIDDEN_HEADERS = frozenset(
    _words("""
        isstaff issuperuser superuser staffstatus superuserstatus
        organisationid organizationid orgid
    """)
)
