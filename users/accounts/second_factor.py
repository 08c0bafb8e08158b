"""A second factor for platform staff: the code of an app (TOTP), or a recovery code.

Each of them switches it on for the own account. With STAFF_TOTP_REQUIRED nobody of them can go on
without it. django-otp holds the keys, and slows down who guesses codes.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.dispatch import Signal
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.errors import Refusal
from users.credentials import login_limits
from users.models import User
from users.rights.roles import Role

NAME = "app"
RECOVERY_CODES = 10
# Sent in the transaction of the change, with `user` and `is_on`.
second_factor_changed = Signal()


class SecondFactorMissing(Refusal):
    """Your account needs a second factor. Log in with a browser at /login to set it up."""

    code = "otp_setup_required"
    status = 403


def may_have(user: User) -> bool:
    """Whether the user may switch a second factor on, or off: platform staff, and who once was."""
    return user.role == Role.SUPER_ADMIN or is_on(user)


def is_on(user: User) -> bool:
    """Whether a login of the user needs a code."""
    return bool(TOTPDevice.objects.devices_for_user(user, confirmed=True).exists())


def must_set_up(user: User) -> bool:
    """Whether the user has to switch it on before anything else."""
    is_asked = settings.STAFF_TOTP_REQUIRED and user.role == Role.SUPER_ADMIN
    return bool(is_asked and not is_on(user))


def refuse_without(user: User) -> None:
    """Raises SecondFactorMissing where the user has to set it up first."""
    if must_set_up(user):
        raise SecondFactorMissing


def check(user: User, code: str, ip: str) -> bool:
    """Whether this is the code of the app, or a recovery code. Each can be used once.

    Wrong codes count as wrong passwords do. Raises TooManyLogins."""
    reserved = login_limits.reserve(user.email, ip)
    is_right = _verify(user, code)
    if is_right:
        login_limits.refund(reserved)
    return is_right


@transaction.atomic
def _verify(user: User, code: str) -> bool:
    plain = "".join(code.split()).replace("-", "").lower()
    # Locked, so that of two requests with one code the second finds it used.
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is None:
        return False
    if plain.isascii() and plain.isdigit():
        return bool(device.verify_token(plain))
    spare = StaticDevice.objects.filter(user=user, confirmed=True).first()
    return spare is not None and bool(spare.verify_token(_hash(plain)))


def prepare(user: User) -> TOTPDevice:
    """The key for the user's app, which is not in use before `switch_on`."""
    device = TOTPDevice.objects.devices_for_user(user, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=user, name=NAME, confirmed=False)


@transaction.atomic
def switch_on(user: User, code: str) -> list[str] | None:
    """Switches it on with the first code of the app. Gives the recovery codes, which can't be read
    again. None if the code is wrong, or it is on already."""
    list(User.objects.everywhere().select_for_update(no_key=True).filter(id=user.id).values("id"))
    plain = "".join(code.split())
    device = TOTPDevice.objects.devices_for_user(user, confirmed=False).first()
    if is_on(user) or device is None or not (plain.isascii() and plain.isdigit()):
        return None
    if not device.verify_token(plain):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    second_factor_changed.send(User, user=user, is_on=True)
    return new_recovery_codes(user)


@transaction.atomic
def switch_off(user: User) -> None:
    """Deletes the key and the recovery codes."""
    StaticDevice.objects.filter(user=user).delete()
    if TOTPDevice.objects.filter(user=user).delete()[0]:
        second_factor_changed.send(User, user=user, is_on=False)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Codes for when the app is lost, in place of those of before. Only their hashes are stored."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=NAME)
    codes = [f"{_letters()}-{_letters()}" for _ in range(RECOVERY_CODES)]
    hashes = (_hash(code.replace("-", "")) for code in codes)
    StaticToken.objects.bulk_create(StaticToken(device=device, token=one) for one in hashes)
    return codes


def recovery_codes_left(user: User) -> int:
    """How many recovery codes have not been used."""
    return int(StaticToken.objects.filter(device__user=user).count())


def _letters() -> str:
    # Without letters that are taken for others. Two times 27 bits.
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(6))


def _hash(code: str) -> str:
    """What is stored of a recovery code: as much of a keyed hash as the column holds."""
    return salted_hmac("users.accounts.second_factor", code, algorithm="sha256").hexdigest()[:16]
