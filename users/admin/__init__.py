"""The admin site's pages of organisations, users and API keys.

Other apps derive their pages from `users.admin.base`. The page of users (`users.admin.users`) is
not registered here, so that another app can register an extended one.
"""

from users.admin import api_keys, organisations

__all__ = ["api_keys", "organisations"]
