"""The URLs below /api/v1/auth/."""

from __future__ import annotations

from django.urls import path

from imports.api.auth.invitations import (
    InvitationAcceptView,
    InvitationRenewView,
    InvitationView,
)
from imports.api.auth.passwords import (
    PasswordChangeView,
    PasswordConfirmView,
    PasswordResetView,
)
from imports.api.auth.tokens import LogoutView, RefreshView, TokenView

urlpatterns = [
    path("token", TokenView.as_view(), name="token"),
    path("refresh", RefreshView.as_view(), name="refresh"),
    path("logout", LogoutView.as_view(), name="auth-logout"),
    path("password/reset", PasswordResetView.as_view(), name="auth-password-reset"),
    path("password/confirm", PasswordConfirmView.as_view(), name="auth-password-confirm"),
    path("password/change", PasswordChangeView.as_view(), name="auth-password-change"),
    path("invitation", InvitationView.as_view(), name="auth-invitation"),
    path("invitation/accept", InvitationAcceptView.as_view(), name="auth-invitation-accept"),
    path("invitation/renew", InvitationRenewView.as_view(), name="auth-invitation-renew"),
]
