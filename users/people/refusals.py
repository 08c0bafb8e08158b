"""Why a change of a person is refused."""

from __future__ import annotations

from core.errors import NotAllowed, Refusal


class RoleAboveOwn(NotAllowed):
    """Nobody can give a role above their own, or change somebody who has one."""

    code = "role_above_own"


class OwnAccount(Refusal):
    """You can't deactivate yourself or lower your own role. Ask another administrator."""

    code = "own_account"
    status = 409


class LastAdministrator(Refusal):
    """This is the last active administrator of the organisation. Make somebody else one first."""

    code = "last_administrator"
    status = 409


class AlreadyExists(Refusal):
    """Your organisation already has a user with this address."""

    code = "already_exists"
    status = 409


class AddressUnavailable(Refusal):
    """This address can't be used. Use another address for this user."""

    code = "address_unavailable"
    status = 409


class PersonChanged(Refusal):
    """Somebody else has changed this person since. Look at the person again, then repeat it."""

    code = "person_changed"
    status = 412


class VersionRequired(Refusal):
    """Send the ETag of the person as If-Match, so that nobody overwrites the change of another."""

    code = "if_match_required"
    status = 428


class SearchTooBroad(Refusal):
    """Too many people match to be sorted. Search for more letters, or leave `sort` out."""

    code = "search_too_broad"


class WrongCursor(Refusal):
    """This cursor does not belong to this list. Start again without it."""

    code = "wrong_cursor"
