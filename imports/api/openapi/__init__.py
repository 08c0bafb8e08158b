"""The shared parts of the OpenAPI document: examples, refusals, authentication; and its pages.

What the document says of a call stands beside the view of that call. Settings name a hook in
`parts`.
"""
