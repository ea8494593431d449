"""The command `mlops`: the same code as the Rust program, in the native module."""

from __future__ import annotations

import os
import signal
import sys

from . import _native


def main() -> None:
    """Runs the command line and exits with its code."""
    # Ctrl-C ends the command at once, as it ends the Rust program: Python would wait for it, and show a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    words = [os.fsencode(word).decode(errors="replace") for word in sys.argv[1:]]
    if "import" in words:
        # The commands that are written in Python.
        from ._mlflow_import import _command

        source = _command.wanted(words)
        if source == "mlflow":
            sys.exit(_command.main(words))
        if source is not None:
            from ._log_import import _command as logs

            sys.exit(logs.main(source, words))
    sys.exit(_native.cli_main(["mlops", *words]))


if __name__ == "__main__":
    main()
