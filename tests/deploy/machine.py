"""A machine with Debian and systemd, in a container, that Terraform's start script sets up.

Google's metadata server is played by a thread that answers with what ``main.tf`` names; the wheel
comes from there, too. The machine is in the network of this one, so its ports are free ones.
"""

from __future__ import annotations

import base64
import gzip
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

from deploy.image import FROM_HERE, SUITE
from deploy.jars import program
from tests.deploy.conftest import ROOT
from tests.waiting import until

TERRAFORM: Final = ROOT / "deploy" / "terraform"
PACKAGES: Final = (
    *("systemd", "systemd-sysv", "dbus", "e2fsprogs", "util-linux", "procps"),
    *("ca-certificates", "curl", "python3", "python3-venv", "git", "unattended-upgrades"),
)
"""What Google's image of Debian has, and what the start script would bring."""
STARTING: Final = """
[Unit]
After=network.target
[Service]
Type=oneshot
Environment=METADATA=http://127.0.0.1:{port} DISK=/dev/disk-of-ours
ExecStart=/opt/start.sh
"""
"""As Google's agent runs it at every start."""
PROGRAM: Final = "/opt/energyguard/bin/energyguard"


class Metadata(ThreadingHTTPServer):
    """The metadata server, and a place from which wheels come.

    Args:
        port: of 127.0.0.1.
        attributes: by name, without what all names begin with.
        wheels: a folder.
    """

    def __init__(self, port: int, attributes: Mapping[str, bytes], wheels: Path) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.attributes, self.wheels = attributes, wheels
        Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: Metadata

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        body = None
        if name.endswith(".whl"):
            body = (self.server.wheels / name).read_bytes()
        elif self.headers["Metadata-Flavor"] == "Google":
            body = self.server.attributes.get(name.removeprefix("energyguard-"))
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def attributes(package: str) -> dict[str, bytes]:
    """What ``main.tf`` gives the machine, by the names of which the script asks."""
    found = {"package": package.encode()}
    text = (TERRAFORM / "main.tf").read_text()
    for name, value in re.findall(r"^ +energyguard-(\w+) += (.+)$", text, re.MULTILINE):
        for path in re.findall(r'file\("\$\{path\.module\}/(.+?)"\)', value):
            content = (TERRAFORM / path).read_bytes()
            is_packed = value.startswith("base64gzip(")
            found[name] = base64.b64encode(gzip.compress(content)) if is_packed else content
    return found


class Machine:
    """Debian with systemd, in a folder; `start` boots it, `stop` shuts it down.

    Raises:
        Missing: a program is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._nspawn = program("systemd-nspawn", "systemd-container")
        mmdebstrap = program("mmdebstrap", "mmdebstrap")
        self.root, self._folder = folder / "root", folder
        included = f"--include={','.join(PACKAGES)}"
        do(mmdebstrap, "--quiet", "--variant=minbase", included, SUITE, str(self.root))
        conf = FROM_HERE[0]
        if conf.exists():
            (self.root / conf.relative_to("/")).write_bytes(conf.read_bytes())
        disk = folder / "disk.img"
        with disk.open("wb") as file:
            file.truncate(2**31)
        self._loop = do("losetup", "--find", "--show", str(disk)).strip()
        self._running: subprocess.Popen[bytes] | None = None

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the machine."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def start(self, metadata_port: int) -> None:
        """Boot, and run the start script as Google does."""
        self.put("/opt/start.sh", (TERRAFORM / "start.sh").read_text(), 0o755)
        unit = "/etc/systemd/system/google-startup-scripts.service"
        self.put(unit, STARTING.format(port=metadata_port))
        options = ["--register=no", "--keep-unit", "--quiet", "--boot", "--console=pipe"]
        certificates = [f"--bind-ro={path}" for path in FROM_HERE[1:] if path.exists()]
        command = [self._nspawn, *options, f"--directory={self.root}", *certificates]
        with (self._folder / "boot.log").open("ab") as said:
            self._running = subprocess.Popen(
                [*command, f"--bind={self._loop}:/dev/disk-of-ours"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        until(lambda: self.run("systemctl", "is-system-running").stdout.strip() == "running")

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program in the machine, as root."""
        assert self._running is not None
        assert self._running.poll() is None, (self._folder / "boot.log").read_text()[-2000:]
        children = Path(f"/proc/{self._running.pid}/task/{self._running.pid}/children")
        init = children.read_text().split()
        if not init:
            return subprocess.CompletedProcess(words, 1, "", "not booted")
        command = ["nsenter", "--all", f"--target={init[0]}", *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True)

    def ours(self, role: str, *words: str, stdin: str = "", seconds: int = 0) -> str:
        """Run our program as the user and with the settings of a unit; what it printed.

        Args:
            role: whose settings.
            words: of the command.
            stdin: what it reads.
            seconds: it is told to stop after so many; 0: it ends by itself.
        """
        settings = f"ENERGYGUARD_CONFIG=/etc/energyguard/{role}.toml"
        as_user = ["timeout", str(seconds), "runuser", "-u", "energyguard", "--", "env", settings]
        done = self.run(*as_user, PROGRAM, *words, stdin=stdin)
        assert done.returncode == (124 if seconds else 0), done.stderr
        return done.stdout

    def journal(self, unit: str) -> str:
        """What a unit has said."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout

    def memory(self, unit: str) -> int:
        """How much memory a unit's processes take, in bytes: what they share with others counts
        in parts."""
        sums = "cat /proc/$1/smaps_rollup | sed -n 's/^Pss: *//p'"
        found = 0
        for process in self.processes(unit):
            (line,) = self.run("sh", "-c", sums, "sh", process).stdout.splitlines()
            found += int(line.split()[0]) * 1024
        return found

    def processes(self, unit: str) -> Sequence[str]:
        """The ids of a unit's processes, as the machine counts."""
        group = self.run("systemctl", "show", "--value", "--property=ControlGroup", unit)
        path = f"/sys/fs/cgroup/systemd{group.stdout.strip()}/cgroup.procs"
        other = f"/sys/fs/cgroup{group.stdout.strip()}/cgroup.procs"
        return self.run("sh", "-c", f"cat {path} 2> /dev/null || cat {other}").stdout.split()

    def stop(self) -> None:
        """Shut down, and let go of the disk."""
        if self._running is not None:
            self.run("systemctl", "poweroff")
            try:
                self._running.wait(120)
            finally:
                self._running.kill()
                self._running.wait()
        do("losetup", "--detach", self._loop)


def wheel(folder: Path) -> str:
    """Build the checkout's wheel; its file name."""
    do(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (made,) = folder.glob("*.whl")
    return made.name


def do(*command: str) -> str:
    """Run a program of this machine; what it printed.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
