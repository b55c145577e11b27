"""Signatures of methods, which NiceGUI asks for anew with each element, remembered.

An element makes three collections (classes, style, props), and each asks by :mod:`inspect` whether
its own method that tells of changes wants an argument: half of what an element costs.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import helpers

_inspected: Callable[[Any], bool] = helpers.expects_arguments
_of_methods: WeakKeyDictionary[FunctionType, bool] = WeakKeyDictionary()


def expects_arguments(func: Callable[..., Any]) -> bool:
    """Whether a handler wants an argument; each method is inspected once."""
    if type(func) is not MethodType or type(func.__func__) is not FunctionType:
        return _inspected(func)
    known = _of_methods.get(func.__func__)
    if known is None:
        known = _of_methods[func.__func__] = _inspected(func)
    return known


def remember_signatures() -> None:
    """Have NiceGUI ask once for each method, not once for each element."""
    helpers.expects_arguments = expects_arguments
