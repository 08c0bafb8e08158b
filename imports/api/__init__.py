"""The REST API: logging in, previews, imports, their progress, errors, cancel, retry and undo.

Each module holds one area: request, answer, view and OpenAPI text. `marketedge.urls` includes
`urls`, and settings name classes of `authentication` and `openapi`. No other package imports this.
"""
