"""What a state machine wants done, and what comes of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from energyguard.store.ring.messages import Message, NodeState, Reply
from energyguard.store.row import Row


class Send(NamedTuple):
    """Effect: a message on its way to a node."""

    to: str
    message: Message


class Save(NamedTuple):
    """Effect: rows and state to be made durable; ``saved`` is called with this afterwards."""

    rows: Sequence[Row] = ()
    expire: Sequence[Row] = ()  # last rows of keys: everything below them goes
    forget: Sequence[Row] = ()  # these go
    state: NodeState | None = None
    drop: Sequence[int] = ()  # slots whose rows others have now
    then: Send | None = None  # what may be said once it is durable
    epoch: int = 0  # in which it was asked for
    fetched: int = 0  # the request of a repair that brought these rows
    changed: int = 0  # the driver's word: places where something had to be expired


class Done(NamedTuple):
    """An operation's result: it was done. The rows read, or those on enough disks now."""

    rows: Sequence[Row] = ()
    names: Sequence[str] = ()


class NodeReply(NamedTuple):
    """An operation's result: what one node replied."""

    reply: Reply


class WriteUnconfirmed(NamedTuple):
    """An operation's result: too few answered in time. A write may be done, or may be yet."""

    replied: int
    needed: int
    reason: str = ""


class Contradicted(NamedTuple):
    """An operation's result: refused, nothing was done."""

    reason: str


Result: TypeAlias = Done | NodeReply | WriteUnconfirmed | Contradicted


class Answer(NamedTuple):
    """Effect: an operation has ended; its client hears of it."""

    operation: int
    result: Result


Effect: TypeAlias = Send | Save | Answer
