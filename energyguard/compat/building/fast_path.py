"""``/key/…`` and ``/batch`` as plain ASGI: what thousands of requests a second pass through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from energyguard.api.problems import Problem, TooLarge, internal, problem
from energyguard.compat.building.batches import Batches
from energyguard.compat.building.keys import Given, Keys
from energyguard.compat.shapes import as_building, decoded
from energyguard.errors import EnergyGuardError, Malformed

KEY = "/key/"
_given = msgspec.json.Decoder(Given)
_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")


class FastPath:
    """Answers the verbs of keys, and passes everything else on."""

    def __init__(self, app: ASGIApp, keys: Keys, batches: Batches) -> None:
        """Begin.

        Args:
            app: everything else.
            keys: one by one.
            batches: many at a time.
        """
        self._app, self._keys = app, keys
        self._of_batches: Mapping[str, Callable[[bytes, int | None], Awaitable[Any]]] = {
            "/batch": batches.put,
            "/batch/get": batches.get,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path.startswith(KEY):
            work = self._key(scope, path[len(KEY) :], receive)
        elif path in self._of_batches:
            work = self._batch(scope, path, receive)
        else:
            await self._app(scope, receive, send)
            return
        try:
            await _send(send, await work)
        except (TooLarge, ClientDisconnect):
            raise  # whoever counts the bytes answers; to who is gone nobody does
        except _WrongMethod as wrong:
            problem_body = Problem(code="method-not-allowed", message=f"{scope['method']} {path}")
            await as_building(problem_body, 405, {"Allow": wrong.allowed})(scope, receive, send)
        except EnergyGuardError as error:
            await problem(error, as_building)(scope, receive, send)
        except Exception as error:
            await internal(error, path, as_building)(scope, receive, send)

    async def _key(self, scope: Scope, key: str, receive: Receive) -> bytes:
        method = scope["method"]
        if method in ("GET", "HEAD"):
            return b'{"value":%b}' % await self._keys.get(key, _copies(scope, "r"))
        if method == "PUT":
            given = decoded(_given, await _body(receive), "body")
            return _encode(await self._keys.put(key, given, _copies(scope, "w")))
        if method == "DELETE":
            return _encode(await self._keys.delete(key, _copies(scope, "w")))
        raise _WrongMethod("DELETE, GET, HEAD, PUT")

    async def _batch(self, scope: Scope, path: str, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise _WrongMethod("POST")
        copies = _copies(scope, "w" if path == "/batch" else "r")
        return _encode(await self._of_batches[path](await _body(receive), copies))


class _WrongMethod(Exception):
    """The path has no such method."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _copies(scope: Scope, name: str) -> int | None:
    """How many nodes have to confirm: ``?w=2``, ``?r=1``; None: it is not said.

    Raises:
        Malformed: it is said, and is no number.
    """
    query = scope["query_string"]
    if not query:
        return None
    copies = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)).get(name)
    if copies is None:
        return None
    if not (copies.isascii() and copies.isdigit() and len(copies) <= 4 and int(copies)):
        raise Malformed(f"{name}: how many nodes have to confirm, from 1", name)
    return int(copies)


async def _send(send: Send, body: bytes) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
