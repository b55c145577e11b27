"""What is wrong with a request, in our words instead of a library's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

_SHOWN = 64


def _given(row: Mapping[str, Any]) -> str:
    text = str(row.get("input", ""))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _bound(words: str, name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: f"must be {words} {row['ctx'][name]}, not {_given(row)}"


def _not(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: f"is not {words}: {_given(row)}"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda row: "is missing",
    "extra_forbidden": lambda row: "is not a field of this",
    "value_error": lambda row: str(row["ctx"]["error"]),
    "json_invalid": lambda row: f"the body is not JSON: {row['ctx']['error']}",
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_long": lambda row: f"is longer than {row['ctx']['max_length']} characters",
    "string_too_short": lambda row: f"must have at least {row['ctx']['min_length']} characters",
    "string_pattern_mismatch": _not("of the form that it must have"),
    "too_long": lambda row: f"has more than {row['ctx']['max_length']} parts",
    "too_short": lambda row: f"must have at least {row['ctx']['min_length']} parts",
    "literal_error": lambda row: f"must be {row['ctx']['expected']}, not {_given(row)}",
    "enum": lambda row: f"must be {row['ctx']['expected']}, not {_given(row)}",
    "int_parsing": _not("a whole number"),
    "int_type": _not("a whole number"),
    "int_from_float": _not("a whole number"),
    "int_parsing_size": _not("a number of that size"),
    "float_parsing": _not("a number"),
    "float_type": _not("a number"),
    "finite_number": _not("a finite number"),
    "bool_parsing": _not("true or false"),
    "bool_type": _not("true or false"),
    "string_type": _not("text"),
    "string_unicode": _not("text"),
    "list_type": _not("a list"),
    "dict_type": _not("an object"),
    "model_type": _not("an object"),
    "model_attributes_type": _not("an object"),
}


def sentence(row: Mapping[str, Any]) -> str:
    """One fault, as the framework tells it (``type``, ``input``, ``ctx``), in a sentence."""
    found = _SENTENCES.get(row["type"])
    return sayable(found(row) if found else f"cannot be right: {_given(row)}")


def place(names: Iterable[Any]) -> str:
    """Where a fault is: the names inwards, by points."""
    return sayable(".".join(map(str, names)))


def fault(where: str, reason: str) -> str:
    """A fault with its place; without one it is of the whole."""
    return f"{where}: {reason}" if where else reason


def sayable(text: str) -> str:
    """A text that can be sent: half a surrogate pair, which JSON may have, is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
