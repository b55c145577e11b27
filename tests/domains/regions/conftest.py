"""A terminal, as the tests of the command line have it."""

from tests.cli.conftest import data_dir, terminal

__all__ = ["data_dir", "terminal"]
