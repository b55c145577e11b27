"""Who is told outside of the house, in a terminal."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Terminal
from tests.notify.servers import hooked, mailing


def test_a_route_is_made_tried_listed_and_removed(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("notify", "routes").err.startswith("nobody is told: energyguard notify add")
    inside = ("--set", "notify.inside=true")
    with hooked() as hook:
        address = tmp_path / "address"
        address.write_text(f"{hook.url}\n")
        wanted = ("--address-file", str(address), "--severity", "warning")
        made = terminal("notify", "add", "desk", *wanted, *inside)
        assert made.out == (
            "desk: webhook to http://127.0.0.1/…; `energyguard notify test desk` tries it\n"
        )
        assert terminal("notify", "test", "desk", *inside).out.startswith("desk: the other side")
        assert hook.got[0]["title"] == "EnergyGuard: this is a test"
        refused = terminal("notify", "test", "desk")
        assert refused.code == 8
        assert "inside the network" in refused.err
    (row,) = terminal("notify", "routes", "--json").rows
    assert (row["route"], row["severity"], row["about"]) == ("desk", "warning", "all alerts")
    assert row["last"].startswith("failed ")
    checks = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0").rows
    (found,) = (check for check in checks if check["check"] == "routes")
    assert found["ok"] is False
    assert found["found"].startswith("desk: it leads inside the network")
    assert "energyguard notify test NAME" in found["to_do"]
    log = terminal("notify", "log", "--json").rows
    assert [(line["standing"], line["news"]) for line in log] == [
        ("failed", "test"),
        ("sent", "test"),
    ]
    assert terminal("notify", "remove", "desk").out == "desk is told no more\n"
    assert terminal("notify", "remove", "desk").code == 4


def test_mail_is_set_up_without_its_password_in_the_command(
    terminal: Terminal, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("s3cr3t\n")
    assert "--server smtps://" in terminal("notify", "add", "x", "--mail", "a@example.org").err
    with mailing() as box:
        server = f"smtp://127.0.0.1:{box.port}"
        mail = ("--mail", "a@example.org", "--set", "notify.inside=true", "--server")
        as_mara = (f"smtp://mara@127.0.0.1:{box.port}", "--password-file", str(password))
        made = terminal("notify", "add", "desk", *mail, *as_mara)
        assert made.out.startswith("desk: mail to a@example.org (127.0.0.1)")
        tried = terminal("notify", "test", "desk", "--set", "notify.inside=true")
        assert "has no TLS" in tried.err
        assert "s3cr3t" not in tried.err + made.out
        terminal("notify", "add", "desk", *mail, server, "--from", "house@example.org")
        assert terminal("notify", "test", "desk", "--set", "notify.inside=true").code == 0
        assert box.mails[0]["From"] == "house@example.org"
