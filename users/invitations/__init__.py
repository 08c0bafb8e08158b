"""Invitations: how they are sent, looked at, accepted, renewed and revoked.

The table of invitations is the outbox. `outbox` sends what is due, by the statements in `claims`.
`pace` says how much may be sent at present, `server` whether the mail server is away, and `turns`
lets one task at a time send. `messages` and `links` make the e-mails, and `bounces` takes what a
provider reports later. `acceptance` is what the invited person does, `lifecycle` what
administrators do.
"""
