"""The overview: what platform staff see first at the admin site."""

from imports.admin.overview import operations
from imports.admin.overview.page import context_of

__all__ = ["context_of", "operations"]
