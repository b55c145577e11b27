"""What a stranger may ask: one statement that reads tables, and nothing of the machine.

The connections behind the door are ``readonly`` for the engine itself, which refuses every write,
every change of a setting and every table function that reaches a file or a network. Here the rest
is refused: what the engine would do all the same, and whatever is not known to be harmless.
"""

from __future__ import annotations

import re

from energyguard.errors import Malformed, Unauthorized

_VERBS = ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN")
_QUIET = re.compile(
    r"""'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*`
        | --[^\n]* | \#[!\ ][^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*$", re.IGNORECASE)
_DESCRIBES = re.compile(r"DESC(RIBE)?\s+(TABLE\s+)?[\w.]+", re.IGNORECASE)
_WRITES_FILES = re.compile(r"\bINTO\s+OUTFILE\b", re.IGNORECASE)


def only_reads(sql: str) -> tuple[str, str | None]:
    """Check a statement; give it without its ``FORMAT`` clause and closing semicolon.

    Returns:
        The statement, and the format that it asked for.

    Raises:
        Malformed: there is none, or more than one.
        Unauthorized: it does more than read.
    """
    bare = _QUIET.sub(lambda found: _blank(found[0]), sql)
    end = len(bare.rstrip().rstrip(";").rstrip())
    sql, bare = sql[:end], bare[:end]
    words = re.findall(r"\w+", bare)
    if not words:
        raise Malformed("there is no statement", "query")
    if ";" in bare:
        raise Malformed("one statement at a time", "query")
    verb = words[0].upper()
    shape = _FORMAT.search(bare)
    rest = bare[: shape.start()] if shape else bare
    harmless = verb in _VERBS and not _WRITES_FILES.search(bare)
    if verb.startswith("DESC"):  # of a function, the engine would open the file to see
        harmless = _DESCRIBES.fullmatch(rest.strip()) is not None
    if not harmless:
        raise Unauthorized(
            f"the history only answers questions here ({', '.join(_VERBS)}); "
            "the role `history` alone writes"
        )
    return (sql[: shape.start()], shape[1]) if shape else (sql, None)


def _blank(quiet: str) -> str:
    """Text of the same length without words: a quoted name keeps its place, a comment is space."""
    return ("_" if quiet[0] in "'\"`" else " ") * len(quiet)
