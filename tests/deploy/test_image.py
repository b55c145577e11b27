"""The Dockerfile for real: it is built without a registry, and what it makes runs and answers."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from deploy.image import FROM_HERE, Images
from deploy.jars import Missing
from deploy.kafka.brokers import free_ports
from energyguard import __version__
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """A storage with the image that the Dockerfile starts from."""
    if os.geteuid() != 0:
        pytest.skip("a root file system of Debian's packages is made by root")
    try:
        images = Images(tmp_path_factory.mktemp("images"))
    except Missing as missing:
        pytest.skip(str(missing))
    images.make_base()
    yield images
    images.clear()


@pytest.fixture(scope="module")
def container(images: Images) -> str:
    """A container of the image, which is built first."""
    return images.container(images.build())


def run(images: Images, container: str, *words: str) -> str:
    return images.do(images.inside(container, *words))


def test_the_image_runs_our_program_as_nobody_in_particular(images: Images, container: str) -> None:
    assert run(images, container, "energyguard", "--version").strip() == (
        f"energyguard {__version__}"
    )
    assert run(images, container, "id", "-u").strip() == "10001"
    assert (
        "Permission denied"
        in subprocess.run(
            images.inside(container, "touch", "/opt/energyguard/x"), capture_output=True, text=True
        ).stderr
    )


def test_what_pip_needed_of_this_machine_is_not_in_the_image(
    images: Images, container: str
) -> None:
    conf = FROM_HERE[0]
    found = run(images, container, "sh", "-c", f"cat {conf} 2>&1 || true")
    assert "[global]" not in found


def test_the_page_of_the_image_answers(images: Images, container: str) -> None:
    page, history = free_ports(2)
    health = f"HEALTH=http://127.0.0.1:{page}/readyz"
    words = ["energyguard", "up", "--port", str(page), "--history-port", str(history)]
    command = images.inside(container, *words)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as up:
        try:
            check = images.inside(
                container, "python", "/opt/energyguard/healthy.py", variables=[health]
            )
            until(lambda: is_well(up, check), "a healthy page")
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/login") as answer:
                assert "EnergyGuard" in answer.read().decode()
        finally:
            stop = images.inside(container, "energyguard", "stop")
            stopped = subprocess.run(stop, capture_output=True, text=True)
            if stopped.returncode:
                up.kill()
        assert up.wait(60) == 0, stopped.stderr


def is_well(up: subprocess.Popen[bytes], check: list[str]) -> bool:
    """Whether the health check of the image passes.

    Raises:
        AssertionError: what was started has ended.
    """
    assert up.poll() is None, (up.stdout.read() if up.stdout else b"").decode()[-2000:]
    return subprocess.run(check, capture_output=True).returncode == 0
