"""E-mail: whether and by what it is sent, and what the answer of a mail server means.

`EmailNotSetUp`, `is_on` and `sender_domain` are for all that sends e-mails. `environment` reads
the variables, `delivery` judges what a server answered. `smtp` and `resend` are e-mail backends of
Django.
"""

from users.mail.delivery import EmailNotSetUp, is_on, sender_domain

__all__ = ["EmailNotSetUp", "is_on", "sender_domain"]
