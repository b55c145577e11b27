"""Files of the page from memory: the same bytes for everyone, and nobody's cookie."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from energyguard.ports import kept_files
from energyguard.ports.kept_files import KeptFiles

WORDS = b"export const PLOTS = 1;" * 100


class Application:
    """Answers with a file, compressed where that is taken; counts how often."""

    def __init__(self) -> None:
        self.asked = list[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        headers = [(b"content-type", b"text/javascript"), (b"set-cookie", b"session=mara")]
        if not scope["path"].endswith("live.js"):
            headers.append((b"etag", b'"1"'))
        body = WORDS
        if b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
            headers.append((b"content-encoding", b"gzip"))
            body = gzip.compress(WORDS)
        status = 404 if "none" in scope["path"] else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})


@pytest.fixture
def app() -> Application:
    return Application()


def client(app: Application) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(KeptFiles(app, ("/ui/",)))
    return httpx.AsyncClient(transport=transport, base_url="http://x")


async def test_a_file_is_made_once_for_each_way_to_send_it(app: Application) -> None:
    async with client(app) as visitors:
        first, second = [await visitors.get("/ui/a.js") for _ in "ab"]
        plain = await visitors.get("/ui/a.js", headers={"accept-encoding": "identity"})
    assert first.content == second.content == plain.content == WORDS
    assert second.headers["content-encoding"] == "gzip"
    assert second.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert app.asked == ["/ui/a.js"] * 2


@pytest.mark.parametrize("path", ["/ui/a.js", "/ui/none.js", "/ui/live.js"])
async def test_who_takes_brotli_gets_it_and_reads_the_same(app: Application, path: str) -> None:
    """A file, an answer that there is none, and one that is not kept."""
    async with client(app) as visitors:
        first, second = [
            await visitors.get(path, headers={"accept-encoding": "gzip, deflate, br;q=0.9"})
            for _ in "ab"
        ]
        gzipped = await visitors.get(path, headers={"accept-encoding": "gzip"})
    assert gzipped.content == WORDS
    for answer in (first, second):
        assert answer.headers["content-encoding"] == "br"
        assert answer.headers["vary"] == "Accept-Encoding"
        packed = answer.content  # httpx knows Brotli only where a library for it is installed
        assert pa.Codec("brotli").decompress(packed, len(WORDS), asbytes=True) == WORDS
        assert len(packed) == int(answer.headers["content-length"])


async def test_a_cookie_is_for_whom_it_was_made(app: Application) -> None:
    async with client(app) as visitors:
        await visitors.get("/ui/a.js")
        assert "set-cookie" not in (await visitors.get("/ui/a.js")).headers


@pytest.mark.parametrize("path", ["/ui/live.js", "/ui/none.js", "/sites"])
async def test_what_is_no_file_is_asked_for_each_time(app: Application, path: str) -> None:
    async with client(app) as visitors:
        for _ in "ab":
            await visitors.get(path)
    assert app.asked == [path] * 2


async def test_a_part_of_a_file_is_left_to_the_application(app: Application) -> None:
    async with client(app) as visitors:
        for headers in ({}, {"range": "bytes=0-1"}, {"if-none-match": '"1"'}):
            await visitors.get("/ui/a.js", headers=headers)
    assert len(app.asked) == 3


async def test_a_packed_file_has_no_mark_by_which_a_rest_of_it_is_asked_for(
    app: Application,
) -> None:
    async with client(app) as visitors:
        for way, mark in {"br": 'W/"1"', "gzip": 'W/"1"', "identity": '"1"'}.items():
            for _ in "ab":
                answer = await visitors.get("/ui/a.js", headers={"accept-encoding": way})
                assert answer.headers["etag"] == mark


@pytest.mark.parametrize("way", [b"br", b"identity"])
async def test_who_leaves_while_a_file_is_read_takes_nothing_of_it_from_others(
    tmp_path: Path, way: bytes
) -> None:
    """A middleware that hears of it ends the answer, wherever it stands."""
    (tmp_path / "a.js").write_bytes(WORDS)
    app = Starlette(middleware=[Middleware(BaseHTTPMiddleware, dispatch=_passed_on)] * 2)
    app.mount("/ui", StaticFiles(directory=tmp_path))
    for moment in range(50):
        files = KeptFiles(app, ("/ui/",))
        await _visit(files, way, moment)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(files), base_url="http://x"
        ) as visitors:
            answer = await visitors.get("/ui/a.js", headers={"accept-encoding": way.decode()})
        assert answer.headers["content-length"] != "0", moment
        assert (way == b"br") or answer.content == WORDS, moment


async def _passed_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


async def _visit(files: KeptFiles, way: bytes, moment: int) -> None:
    """Ask for a file, and leave after so many turns of the loop."""
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for message in asked:
            return message
        for _ in range(moment):
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pass

    headers = [(b"accept-encoding", way)]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/ui/a.js",
        "root_path": "",
        "headers": headers,
    }
    await files({**scope, "query_string": b"", "http_version": "1.1"}, receive, send)


async def test_it_keeps_no_more_than_there_is_room_for(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "MAX_KEPT_BYTES", len(gzip.compress(WORDS)))
    async with client(app) as visitors:
        for path in ("/ui/a.js", "/ui/b.js", "/ui/a.js", "/ui/b.js"):
            await visitors.get(path)
    assert app.asked == ["/ui/a.js", "/ui/b.js", "/ui/b.js"]
