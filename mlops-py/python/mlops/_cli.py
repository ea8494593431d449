"""The command `mlops`: the same code as the Rust program, in the native module."""

from __future__ import annotations

import sys

from . import _native


def main() -> None:
    """Runs the command line and exits with its code."""
    sys.exit(_native.cli_main(["mlops", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
