"""The pages for people: login, own account, passwords and invitations. They need no JavaScript."""
