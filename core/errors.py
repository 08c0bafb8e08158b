"""What the service refuses on purpose: a sentence, a stable code and an HTTP status."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """The request can't be carried out."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(self, detail: str = "", **facts: Any) -> None:
        """``detail``: a sentence for a person (the docstring where it is empty); ``facts``: what a
        program may want to know beside it (JSON-able), given to API clients as extra members."""
        self.detail = detail or (self.__doc__ or "").strip().splitlines()[0]
        self.facts = facts
        super().__init__(self.detail)

    def headers(self) -> dict[str, str]:
        """What an HTTP answer carries beside the sentence."""
        return {}


class NotFound(Refusal):
    """There is nothing here, or nothing that you may see."""

    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    """Your role does not allow this."""

    code = "permission_denied"
    status = 403
