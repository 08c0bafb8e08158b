"""What the OpenAPI document says beyond what drf-spectacular finds out by itself.

The modules of the API's areas use `calls`; settings name the post-processing hook in `parts`.
"""
