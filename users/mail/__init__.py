"""E-mail: whether and by what it is sent, and what the answer of a mail server means.

`is_on` and `sender_domain` are for all that sends e-mails. `environment` reads the variables,
`delivery` judges what a server answered. `smtp` and `resend` are e-mail backends of Django.
"""

from users.mail.delivery import is_on, sender_domain

__all__ = ["is_on", "sender_domain"]
