"""Sites, devices and groups: what people say there is, and where it stands.

    fold.py      the catalogue as every process has it: a fold of `energyguard.catalogue`
    memory.py    what keeps it small; listing.py: its devices and senders, searched
    known.py     what domains know, under what people entered; edge_labels.py: of edges,
                 sender_names.py: what devices say of themselves
    checks.py    what an entry may be; channel_checks.py; differences.py: field by field
    files/       as TOML and CSV
    owner.py     which requests hold: pure, one after another
    changes.py   asks for changes, and waits for what became of them
    revisions.py any revision of it, for streams
    role.py      the one owner, which writes what holds

A sender that nobody has entered is a device all the same: it is counted from its first reading, and
its state is *new* until somebody names it. Nothing is written for it.
"""

from __future__ import annotations

from energyguard.catalogue.fold import Catalogue

__all__ = ["Catalogue"]
