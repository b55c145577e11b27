"""The texts of the page, found in the code; and the translations brought up to date with them.

    python -m tests.page.texts        # adds what is new to energyguard/page/locale/*.po, empty

A text that nobody looks up any more is taken out.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import energyguard
from energyguard.page.words.language import LANGUAGES, LOCALES

ROOT = Path(energyguard.__file__).parent
FUNCTIONS = {"_": 0, "ngettext": 0, "plural": 1}
"""What looks texts up, and where the first text stands among its arguments."""


class PageText(NamedTuple):
    """A text as the code has it; ``many`` of those about a number."""

    one: str
    many: str
    place: str


def texts() -> list[PageText]:
    """Every text that is looked up, once, in the order of the files."""
    found = {text.one: text for text in _of_rules()}
    for path in sorted(ROOT.rglob("*.py")):
        source = path.read_text()
        if "words.language" not in source and "plural" not in source:
            continue
        for text in _texts_in(ast.parse(source), str(path.relative_to(ROOT.parent))):
            known = found.get(text.one)
            if known is None or (text.many and not known.many):
                found[text.one] = text
    return list(found.values())


def _of_rules() -> Iterator[PageText]:
    """What the product's own rules say of themselves."""
    for path in sorted(ROOT.glob("domains/*/rules.toml")):
        for rule in tomllib.loads(path.read_text())["rule"]:
            yield PageText(rule["about"], "", str(path.relative_to(ROOT.parent)))


def _texts_in(tree: ast.AST, place: str) -> Iterator[PageText]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        first = FUNCTIONS.get(call.func.id)
        if first is None or len(call.args) <= first:
            continue
        one, many = (_text(call, first), _text(call, first + 1))
        if not one:
            continue
        if call.func.id == "plural":
            many = many or f"{one}s"
        yield PageText(one, many if call.func.id != "_" else "", place)


def _text(call: ast.Call, at: int) -> str:
    argument = call.args[at] if len(call.args) > at else None
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return ""


def catalog(language: str) -> Catalog:
    """The translations into a language, as they are."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, project="EnergyGuard", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main() -> None:
    """Bring the files up to date."""
    LOCALES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        if language == "en":
            continue
        before, after = catalog(language), Catalog(locale=language, project="EnergyGuard")
        for text in texts():
            known = before.get(text.one)
            key = (text.one, text.many) if text.many else text.one
            same = known is not None and bool(known.pluralizable) == bool(text.many)
            after.add(key, known.string if known is not None and same else None,
                      locations=[(text.place, 0)])  # fmt: skip
        with (LOCALES / f"{language}.po").open("wb") as file:
            write_po(file, after, width=100, include_lineno=False, omit_header=True)
        missing = sum(
            not message.string or not all(message.string) for message in after if message.id
        )
        sys.stdout.write(f"{language}: {len(after)} texts, {missing} not translated\n")


if __name__ == "__main__":
    main()
