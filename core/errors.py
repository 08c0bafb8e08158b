"""`Refusal`: the base class of everything that the service refuses on purpose.

A refusal has a sentence for people, a stable code for programs and an HTTP status. Each app derives
its own refusals from the classes here.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar


class Refusal(Exception):
    """The request can't be carried out.

    The first line of a subclass's docstring is its default sentence.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(self, detail: str = "", **facts: Any) -> None:
        """Takes the sentence (`detail`; by default the one of the class) and `facts`: values that
        JSON can represent, which API clients get as extra members of the answer."""
        self.detail = detail or self.default_detail()
        self.facts = facts
        super().__init__(self.detail)

    @classmethod
    def default_detail(cls) -> str:
        """The first line of the docstring. A class without one inherits its parent's."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]

    def headers(self) -> dict[str, str]:
        """The HTTP headers of the answer, beside those that every refusal has."""
        return {}


class NotFound(Refusal):
    """This does not exist, or you may not see it."""

    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    """Your role does not allow this."""

    code = "permission_denied"
    status = 403


class TryAgainLater(Refusal):
    """This can't be done at the moment. Try again later."""

    status = 503

    def __init__(self, detail: str = "", *, retry_after_seconds: int, **facts: Any) -> None:
        """Takes also the number of seconds after which the client may try again."""
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail, **facts, retry_after_seconds=retry_after_seconds)

    def headers(self) -> dict[str, str]:
        """`Retry-After`, in seconds."""
        return {"Retry-After": str(self.retry_after_seconds)}


class TooManyRequests(TryAgainLater):
    """This was tried too often. Try again later."""

    status = 429
