"""Standing silences for somebody who may not make them, or sees some sites."""

from __future__ import annotations

from energyguard.errors import Forbidden, NotFound
from energyguard.model.access import AccessRole, Caller
from energyguard.model.selector import Selector
from energyguard.service.alerts.silence_view import SilencePreview, SilenceView
from energyguard.service.limited.parts import check_role
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.parts import StandingSilences


class LimitedSilences:
    """Silences are made and ended with ``operate``; who sees some sites, of these alone.

    Args:
        whole: of all.
        caller: who asks.
        scope: what is seen; None: all.
    """

    def __init__(self, whole: StandingSilences, caller: Caller, scope: SiteScope | None) -> None:
        self._all, self._caller, self._scope = whole, caller, scope

    def all(self) -> list[SilenceView]:
        """Every silence that is seen, those that last first."""
        return [view for view in self._all.all() if self._sees(view.selector)]

    def get(self, silence_id: str) -> SilenceView:
        """One silence.

        Raises:
            NotFound: there is none that is seen.
        """
        found = self._all.get(silence_id)
        if not self._sees(found.selector):
            raise NotFound(f"no silence {silence_id!r}")
        return found

    def preview(
        self, selector: str = "", rule: str = "", from_ms: int | None = None, every: str = ""
    ) -> SilencePreview:
        """What a silence would hide now, and would have hidden in the last seven days."""
        self._check(selector)
        return self._all.preview(selector, rule, from_ms, every)

    def put(
        self,
        selector: str = "",
        rule: str = "",
        until_ms: int | None = None,
        by: str = "",
        note: str = "",
        from_ms: int | None = None,
        every: str = "",
    ) -> SilenceView:
        """Let alerts of devices that are seen be quiet."""
        check_role(self._caller, AccessRole.OPERATE)
        self._check(selector)
        return self._all.put(selector, rule, until_ms, by, note, from_ms, every)

    def end(self, silence_id: str, by: str) -> SilenceView:
        """End a silence by hand: what is open is heard again."""
        check_role(self._caller, AccessRole.OPERATE)
        return self._all.end(self.get(silence_id).id, by)

    def begins(self, words: str, selector: str = "") -> int | None:
        """The wall ms of a date, or a date and a time; None: now."""
        self._check(selector)
        return self._all.begins(words, selector)

    def until(self, words: str, selector: str = "", from_ms: int | None = None) -> int | None:
        """The wall ms of ``tonight``, ``1 h``, a date; None: until it is ended."""
        self._check(selector)
        return self._all.until(words, selector, from_ms)

    def zone_of(self, selector: str) -> str:
        """The zone of the site, or the device, that a selector is about."""
        self._check(selector)
        return self._all.zone_of(selector)

    def _check(self, selector: str) -> None:
        if not self._sees(selector):
            raise Forbidden("say which of your sites or devices: site=ID or id=ID")

    def _sees(self, text: str) -> bool:
        """Whether a selector is about a site or device that is seen, and names no other."""
        if self._scope is None:
            return True
        try:
            terms = Selector.parse(text).terms
        except ValueError:
            return False
        named = {"site": self._scope.entries.sites, "id": self._scope.devices}
        places = [name in named[field] for field, name in terms if field in named]
        return bool(places) and all(places)
