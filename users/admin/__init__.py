"""The admin site's pages of organisations, users and API keys.

Other apps build their pages on `users.admin.base`. `imports.admin` registers the page of users.
"""

from users.admin import api_keys, organisations

__all__ = ["api_keys", "organisations"]
