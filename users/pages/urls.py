"""The URLs of the pages for people. They have no trailing slash."""

from __future__ import annotations

from django.urls import path

from users.pages import account, application, invitations, logging_in, passwords, two_factor

page = application.ApplicationPage.as_view()
urlpatterns = [
    path("", page, name="application"),
    path("people", page, name="application-people"),
    path("imports", page, name="application-imports"),
    # The link in e-mails about imports (imports.notifications).
    path("imports/<uuid:object_id>", application.ImportPage.as_view(), name="import-page"),
    path("uploads/<uuid:object_id>", page, name="application-upload"),
    path("login", logging_in.LoginPage.as_view(), name="login"),
    path("logout", logging_in.LogoutPage.as_view(), name="logout"),
    path("login/code", two_factor.CodePage.as_view(), name="login-code"),
    path("account/two-factor", two_factor.TwoFactorPage.as_view(), name="account-two-factor"),
    path("account", account.AccountPage.as_view(), name="account"),
    path("password/change", passwords.ChangePage.as_view(), name="password-change"),
    path("password/reset", passwords.ResetPage.as_view(), name="password-reset"),
    path("password/reset/new", passwords.NewPasswordPage.as_view(), name="password-new"),
    path("password/reset/<uuid:user_id>/<str:token>", passwords.open_link, name="password-link"),
    path("invitations/accept", invitations.AcceptPage.as_view(), name="invitation-accept"),
    path("invitations/renew", invitations.RenewPage.as_view(), name="invitation-renew"),
    path("invitations/<str:token>", invitations.open_link, name="invitation-link"),
]
