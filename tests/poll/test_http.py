"""One answer over HTTP: where it leads on, how large it is, as whom it is asked."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
from aiohttp import web

from energyguard.poll.http import MAX_BYTES
from energyguard.poll.kinds import tasmota
from tests.poll.devices import asked, http_device, rows, target

BODY = json.dumps({"switch:0": {"apower": 10}}).encode()


async def test_a_device_may_lead_on_within_itself_and_to_no_other_host() -> None:
    other_asked = list[str]()

    async def other(request: web.Request) -> web.Response:
        other_asked.append(request.path)
        return web.Response(body=BODY)

    async def within(request: web.Request) -> web.Response:
        if request.path == "/new":
            return web.Response(body=BODY)
        raise web.HTTPFound("/new")

    async with http_device(handler=other) as there:
        elsewhere = there.replace("127.0.0.1", "localhost")

        async def away(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{elsewhere}/rpc")

        async def around(_: web.Request) -> web.Response:
            raise web.HTTPFound("/again")

        async with http_device(handler=within) as address:
            assert rows(await asked(target("shelly", address))) == [("m", "power_kw", "0.01")]
        async with http_device(handler=away) as address:
            found = await asked(target("shelly", address))
        assert found.fault.startswith("it leads on to http://localhost, which is not asked")
        assert other_asked == []
        async with http_device(handler=around) as address:
            assert (await asked(target("shelly", address))).fault == (
                "it leads on more than 3 times"
            )


@pytest.mark.parametrize("way", ["basic", "digest"])
async def test_a_password_is_sent_as_the_device_asks_for_it(way: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret, with a comma\n")
    seen = list[str]()
    asks = {
        "basic": 'Basic realm="shelly"',
        "digest": 'Digest qop="auth", realm="shellyplus1-44179394d4d4", nonce="60dc59c6", '
        "algorithm=SHA-256",
    }[way]

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        if not seen[-1]:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": asks})
        return web.Response(body=BODY)

    async with http_device(handler=answer) as address:
        one = target("shelly", address, user="admin", password_file=secret)
        assert rows(await asked(one)) == [("m", "power_kw", "0.01")]
    assert seen[0] == ""
    assert seen[-1].lower().startswith(f"{way} ")
    if way == "basic":
        assert base64.b64decode(seen[-1].split()[1]) == b"admin:s3cret, with a comma"
    else:
        assert "algorithm=SHA-256" in seen[-1]


async def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    paths = list[str]()

    async def refuse(request: web.Request) -> web.Response:
        paths.append(request.path_qs)
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="x"'})

    async with http_device(handler=refuse) as address:
        one = target("tasmota", address, password_file=secret)
        found = await asked(one)
        assert found.fault == "answers 401: the user or the password is wrong"
        assert (await asked(target("shelly", address))).fault == "answers 401: it wants a user"
        missing = target("shelly", address, user="a", password_file=tmp_path / "none")
        assert (await asked(missing)).fault.startswith(
            f"password_file: {tmp_path / 'none'}: No such"
        )
    assert "hunter2" not in repr(found.fault)
    assert paths[0].endswith("&user=admin&password=hunter2")  # as Tasmota wants it
    assert not tasmota.KIND.needs_user


async def test_an_answer_has_its_time_and_its_size() -> None:
    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(MAX_BYTES // 2**16 + 2):
            await response.write(b"x" * 2**16)
        return response

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.02)
        return response

    async with http_device(handler=huge) as address:
        assert (await asked(target("evcc", address))).fault == "answers more than 2,097,152 bytes"
    async with http_device(handler=slow) as address:
        found = await asked(target("evcc", address, timeout_s=0.2))
        assert found.fault == "no answer in 0.2 s"
    assert "connection" in (await asked(target("evcc", address))).fault.lower()  # nobody is there
