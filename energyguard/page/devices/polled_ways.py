"""Ways of devices that are asked: the lines of the file of devices, and how it is tried."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from energyguard.page.devices.ways import Reached
from energyguard.page.words.language import _
from energyguard.service.intake.polled import FILE, PolledKind, polled_kinds


@dataclass(frozen=True, slots=True)
class PolledWay:
    """A way in which a device is asked.

    Attributes:
        kind: of the device.
    """

    kind: PolledKind

    @property
    def name(self) -> str:
        """By which it is chosen."""
        return f"poll-{self.kind.name}"

    @property
    def title(self) -> str:
        """What people call it."""
        return self.kind.title

    @property
    def group(self) -> str:
        """It answers."""
        return _("It is asked, over HTTP or Modbus")

    @property
    def needs_token(self) -> bool:
        """It sends nothing."""
        return False

    def lines(self, at: Reached) -> list[tuple[str, str]]:
        """What is added to the file of devices, and what tries it."""
        file = at.polling.file or FILE
        entry = self.kind.entry(at.typed or self.kind.example)
        found = [(_("At the end of the file {file}").format(file=file), entry)]
        for _option, name, text in self.kind.beside:
            found.append((_("In the file {file} beside it").format(file=name), text))
        found.append((_("Try it"), f"energyguard check poll {shlex.quote(file)}"))
        if not at.polling.is_asking:
            start = f"energyguard up --poll {shlex.quote(file)}"
            found.append((_("Start EnergyGuard again with the file"), start))
        return found

    def note(self, at: Reached) -> tuple[bool, str]:
        """Whether somebody asks here, and in words what is to be done."""
        file = at.polling.file
        if not file:
            return False, _("Nobody is asked yet: EnergyGuard was started without a file of "
                            "devices. Make one with the lines below, and start again with "
                            "it.")  # fmt: skip
        if not at.polling.is_asking:
            return False, _("Nobody is asked yet: the file is {file}, but the role poll does not "
                            "run.").format(file=file)  # fmt: skip
        return True, _("What stands in the file {file} is asked. Lines that are added count within "
                       "seconds.").format(file=file)  # fmt: skip


def polled_ways() -> list[PolledWay]:
    """A way for each kind of device that can be asked."""
    return [PolledWay(kind) for kind in polled_kinds()]
