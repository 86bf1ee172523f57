"""The demonstration for the tests of the figures."""

from tests.demo.conftest import demonstration

__all__ = ["demonstration"]
