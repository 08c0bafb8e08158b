"""Login, account, passwords and invitations without JavaScript, and the document of the page."""
