"""A request's body on its way through: its length is limited and checked, nothing of it is kept."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Scope

from services.gateway.refusals import UploadBroken, too_large

FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class Body:
    """A request body, `length` bytes or, if that is None, as many as come; counted either way.

    A sender that is silent for `patience` seconds is given up: it holds a place at the service.
    """

    def __init__(self, receive: Receive, limit: int, length: int | None, patience: float) -> None:
        self._receive = receive
        self._limit = limit
        self._patience = patience
        self.length = length

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces, none of them empty. Raises TooLarge, and UploadBroken when the client breaks off."""
        taken = 0
        more = True
        while more:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise UploadBroken("上传中断，内容没有保存，请重新上传。")
            chunk: bytes = message.get("body", b"")
            taken += len(chunk)
            if taken > self._limit:
                raise too_large(self._limit)
            if chunk:
                yield chunk
            more = message.get("more_body", False)
        if self.length is not None and taken != self.length:
            raise UploadBroken("上传的内容与声明的长度不一致，没有保存，请重新上传。")

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._patience):
                return await self._receive()
        except TimeoutError:
            raise UploadBroken("上传停顿过久，内容没有保存，请检查网络后重新上传。") from None


def body_of(scope: Scope, receive: Receive, limit: int, patience: float) -> Body | None:
    """The body of a request, None when it has none. Raises TooLarge when its announced length is above `limit`."""
    framing = {name: value for name, value in scope["headers"] if name in FRAMING}
    length = framing.get(b"content-length", b"0")
    if b"transfer-encoding" not in framing and length == b"0":
        return None
    known = b"transfer-encoding" not in framing and length.isdigit()
    if known and int(length) > limit:
        raise too_large(limit)
    return Body(receive, limit, int(length) if known else None, patience)
