"""The jars of Kafka and of the engines' connectors, fetched once by Maven into ``.engines/``.

``python -m deploy.jars`` (or ``make engines``) fetches all; what is there already stays.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

DEPLOY: Final = Path(__file__).parent
KEPT: Final = DEPLOY.parent / ".engines"
PARTS: Final = ("kafka", "spark", "flink")


class Missing(Exception):
    """Something that this machine must have; the message names it."""


def program(name: str, package: str) -> str:
    """Where a program is.

    Raises:
        Missing: nowhere; ``package`` is what Debian calls it.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"no `{name}` on this machine (Debian: apt-get install {package})")
    return found


def fetched(part: str) -> Path:
    """The folder with the jars of ``deploy/<part>/pom.xml``; fetched where it is not there yet.

    Raises:
        Missing: Maven or Java is not there, or Maven could not fetch.
    """
    pom, folder = DEPLOY / part / "pom.xml", KEPT / part
    seal = folder / pom.name  # a copy of the description that the jars were fetched for
    if seal.exists() and seal.read_bytes() == pom.read_bytes():
        return folder
    program("java", "default-jre-headless")
    maven = [program("mvn", "maven"), "--quiet", "--batch-mode", "--file", str(pom)]
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as made:
        got = Path(made) / part
        command = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run(
            [*maven, *command, f"-DoutputDirectory={got}"], capture_output=True, text=True
        )
        if done.returncode:
            raise Missing(f"Maven could not fetch the jars of {part}: {done.stdout[-500:]}")
        shutil.copy(pom, got)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another process was faster, with the same jars
            got.rename(folder)
    return folder


def main() -> None:
    """Fetch all jars."""
    try:
        for part in PARTS:
            print(fetched(part))
    except Missing as missing:
        sys.exit(f"jars: {missing}")


if __name__ == "__main__":
    main()
