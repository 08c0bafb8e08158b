"""What is refused of a request before a view sees it: bodies too large, and text of no encoding.

The settings name the middleware and the parsers of these modules.
"""
