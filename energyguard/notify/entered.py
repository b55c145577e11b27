"""An address made of the few fields that a service needs, so that nobody has to learn to write it.

address_of("ntfy", {"server": "https://ntfy.sh", "topic": "energy"})  # ntfys://ntfy.sh/energy
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from energyguard.errors import Malformed
from energyguard.notify.targets import MAIL, SERVICES, WEBHOOK, mail_address, target_of

Entered = Mapping[str, str]
"""What people wrote, by field."""
AddressMaker = Callable[[Entered], str]


class AddressField(NamedTuple):
    """What has to be known of a service.

    Attributes:
        name: its id, the same for all services.
        example: what is written there.
        is_secret: it is a password, or as good as one: nobody sees how it is typed.
        is_needed: without it there is no address.
    """

    name: str
    example: str = ""
    is_secret: bool = False
    is_needed: bool = True


class AddressForm(NamedTuple):
    """The fields of a service, and what makes its address of them."""

    fields: tuple[AddressField, ...]
    made: AddressMaker


def address_of(service: str, entered: Entered) -> str:
    """The address that fields make.

    Args:
        service: a key of ``ADDRESS_FORMS``.
        entered: what people wrote; what is empty is not there.

    Raises:
        Malformed: there is no such service, a field is missing, or is none.
    """
    if (form := ADDRESS_FORMS.get(service)) is None:
        raise Malformed(f"{service!r}: write one of {', '.join(ADDRESS_FORMS)}", "service")
    given = {name: text.strip() for name, text in entered.items() if text.strip()}
    for field in form.fields:
        if field.is_needed and field.name not in given:
            raise Malformed(f"{field.name} is needed, such as {field.example}", field.name)
    found = target_of(form.made(given))
    if service == MAIL and found.how != MAIL:
        raise Malformed("write the server such as smtps://mail.example.org", "server")
    if service == WEBHOOK and found.how != WEBHOOK:
        raise Malformed("this is no address of a webhook: write one like https://…", "url")
    return found.address


def _mail(given: Entered) -> str:
    return mail_address(
        given["to"], given["server"], given.get("user", ""), given.get("password", ""),
        given.get("from", ""),
    )  # fmt: skip


def _at_server(scheme: str, path: AddressMaker, login: str = "") -> AddressMaker:
    """An address on a server of one's own: by TLS, unless it is written with ``http://``."""

    def made(given: Entered) -> str:
        server = given["server"]
        parts = urlsplit(server if "://" in server else f"https://{server}")
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.username:
            raise Malformed("write the server such as https://ntfy.example.org", "server")
        who = ":".join(quote(given[name], safe="") for name in login.split() if name in given)
        at = f"{who}@{parts.netloc}" if who else parts.netloc
        secure = scheme if parts.scheme == "http" else f"{scheme}s"
        return f"{secure}://{at}{parts.path.rstrip('/')}/{path(given)}"

    return made


def _by_hook(service: str, host: str) -> AddressMaker:
    """The address of a webhook as a service shows it, which Apprise can read."""

    def made(given: Entered) -> str:
        from apprise import Apprise  # a second of work, where it is needed

        url = given["url"]
        found: Any = Apprise.instantiate(url) if urlsplit(url).scheme == "https" else None
        address = "" if found is None else str(found.url())
        if SERVICES.get(urlsplit(address).scheme) != service:
            raise Malformed(f"paste the whole address, which begins with https://{host}", "url")
        return address

    return made


def _part(*names: str) -> AddressMaker:
    return lambda given: "/".join(quote(given[name], safe="+-") for name in names)


_TOKEN: Final = AddressField("token", "AbCdEfGh1234", is_secret=True)
_KEY: Final = AddressField("key", "u1a2b3c4d5e6f7", is_secret=True)


def _hook(service: str, host: str) -> AddressForm:
    field = AddressField("url", f"https://{host}…")
    return AddressForm((field,), _by_hook(service, host))


def _server(example: str) -> AddressField:
    return AddressField("server", f"https://{example}")


ADDRESS_FORMS: Final[Mapping[str, AddressForm]] = {
    MAIL: AddressForm(
        (
            AddressField("to", "mara@example.org"),
            AddressField("server", "smtps://mail.example.org"),
            AddressField("user", "energyguard@example.org", is_needed=False),
            AddressField("password", is_secret=True, is_needed=False),
            AddressField("from", "energyguard@example.org", is_needed=False),
        ),
        _mail,
    ),
    WEBHOOK: AddressForm(
        (AddressField("url", "https://hooks.example.org/energy"),),
        lambda given: given["url"],
    ),
    "ntfy": AddressForm(
        (
            _server("ntfy.sh"),
            AddressField("topic", "energy-4711"),
            _TOKEN._replace(example="tk_AbCdEfGh1234", is_needed=False),
        ),
        _at_server("ntfy", _part("topic"), "token"),
    ),
    "Telegram": AddressForm(
        (_TOKEN._replace(example="123456789:AbCdEfGh"), AddressField("chat", "-1001234567890")),
        lambda given: f"tgram://{given['token']}/{given['chat']}",
    ),
    "Slack": _hook("Slack", "hooks.slack.com/"),
    "Microsoft Teams": _hook("Microsoft Teams", ""),
    "Discord": _hook("Discord", "discord.com/"),
    "Google Chat": _hook("Google Chat", "chat.googleapis.com/"),
    "Signal": AddressForm(
        (
            _server("signal.example.org"),
            AddressField("from", "+4915112345678"),
            AddressField("to", "+4915187654321"),
        ),
        _at_server("signal", _part("from", "to")),
    ),
    "Matrix": AddressForm(
        (
            _server("matrix.example.org"),
            AddressField("user", "energyguard"),
            AddressField("password", is_secret=True),
            AddressField("room", "#energy:example.org"),
        ),
        _at_server("matrix", _part("room"), "user password"),
    ),
    "Pushover": AddressForm(
        (_KEY, _TOKEN),
        lambda given: f"pover://{quote(given['key'])}@{quote(given['token'])}",
    ),
    "Gotify": AddressForm(
        (_server("gotify.example.org"), _TOKEN),
        _at_server("gotify", _part("token")),
    ),
    "Home Assistant": AddressForm(
        (_server("home.example.org:8123"), _TOKEN),
        _at_server("hassio", _part("token")),
    ),
    "other": AddressForm(
        (AddressField("address", "rockets://user:password@chat.example.org/#energy"),),
        lambda given: given["address"],
    ),
}
"""The forms by service; *other* is any address that ``target_of`` knows."""
