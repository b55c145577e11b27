"""The project's image without a registry and without a daemon, to see that the Dockerfile works.

``python -m deploy.image [FOLDER]`` as root (Debian: ``apt-get install buildah mmdebstrap``) builds
it in a storage of its own. The Dockerfile is built as it stands, with two differences: what it
begins with, Docker's image of Python, is a root file system of Debian's packages under that image's
name, and ``TOO_NEW`` is left out. Whatever pip needs to reach its index from this machine
(``/etc/pip.conf``, certificates) it finds as well.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.jars import Missing, program

ROOT: Final = Path(__file__).parents[1]
DOCKERFILE: Final = ROOT / "deploy" / "compose" / "Dockerfile"
TAG: Final = "localhost/energyguard"
SUITE: Final = "bookworm"
PACKAGES: Final = ("python3", "python3-venv", "python-is-python3", "ca-certificates")
"""What Docker's image of Python has, as Debian calls it."""
TOO_NEW: Final = " --start-interval=2s"
"""An option of the health check that Docker 25 knows, and Debian's buildah (1.28) not yet."""
ALONE: Final = ("--isolation=chroot", "--network=host")
"""Neither a container runtime nor its cgroups are asked for anything."""
FROM_HERE: Final = (Path("/etc/pip.conf"), Path("/etc/ssl/certs"))
"""What pip reads of the machine on which it builds; it does not stay in the image."""


class Images:
    """A storage of images.

    Args:
        folder: takes it; `clear` empties it, which a plain removal cannot (layers are mounted).

    Raises:
        Missing: a program is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buildah = program("buildah", "buildah")
        self._mmdebstrap = program("mmdebstrap", "mmdebstrap")

    def buildah(self, *words: str) -> list[str]:
        """The command of buildah on this storage."""
        root, run = self._folder / "storage", self._folder / "run"
        return [self._buildah, "--root", str(root), "--runroot", str(run), *words]

    def do(self, command: Sequence[str]) -> str:
        """Run a command to its end: what it printed.

        Raises:
            CalledProcessError: it failed; `output` has all that it said.
        """
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )
        done.check_returncode()
        return done.stdout

    def make_base(self) -> str:
        """Make the image that the Dockerfile begins with; its name."""
        name = base_name(DOCKERFILE.read_text())
        tar = self._folder / "base.tar"
        included = f"--include={','.join(PACKAGES)}"
        self.do([self._mmdebstrap, "--quiet", "--variant=minbase", included, SUITE, str(tar)])
        made = self.do(self.buildah("from", "--quiet", "scratch")).split()[-1]
        self.do(self.buildah("add", "--quiet", made, str(tar), "/"))
        self.do(self.buildah("commit", "--quiet", "--rm", made, name))
        tar.unlink()
        return name

    def build(self) -> str:
        """Build the target of the Dockerfile that every role runs; its name."""
        mounts = [f"--volume={path}:{path}:ro" for path in FROM_HERE if path.exists()]
        ignored = f"--ignorefile={DOCKERFILE}.dockerignore"
        dockerfile = self._folder / DOCKERFILE.name
        dockerfile.write_text(DOCKERFILE.read_text().replace(TOO_NEW, ""))
        options = ["--pull-never", "--format=docker", "--layers", *ALONE]
        target = ["--target=energyguard", f"--file={dockerfile}", f"--tag={TAG}"]
        self.do(self.buildah("build", *options, *mounts, ignored, *target, str(ROOT)))
        return TAG

    def container(self, image: str) -> str:
        """A container of an image, to run programs in; its name."""
        return self.do(self.buildah("from", "--quiet", "--pull-never", image)).split()[-1]

    def inside(self, container: str, *words: str, variables: Sequence[str] = ()) -> list[str]:
        """The command that runs a program in a container, in this machine's network."""
        given = [f"--env={one}" for one in variables]
        return self.buildah("run", *ALONE, *given, container, "--", *words)

    def clear(self) -> None:
        """Remove containers and images."""
        self.do(self.buildah("rm", "--all"))
        self.do(self.buildah("rmi", "--all", "--force"))


def base_name(dockerfile: str) -> str:
    """What the stages of our program begin with."""
    names = set(re.findall(r"^FROM (python:\S+) AS ", dockerfile, re.MULTILINE))
    (name,) = names
    return f"docker.io/library/{name}"


def main() -> None:
    """Build, and say where it is."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="energyguard-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        images = Images(folder)
        print(images.make_base())
        image = images.build()
    except Missing as missing:
        sys.exit(f"image: {missing}")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"image: {failed.output}\n{failed}")
    print(image)
    print("look inside:", *images.buildah("images"))


if __name__ == "__main__":
    main()
