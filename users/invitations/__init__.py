"""Invitations: how they are sent, looked at, accepted, renewed and revoked.

The table of invitations is the outbox. `outbox` claims what is due and sends it, `pace` says how much
may be sent at present, `turns` lets one task at a time send. `messages` and `links` make the e-mails,
`bounces` takes what a provider reports later. `acceptance` is what the invited person does,
`lifecycle` what administrators do.
"""
