"""``python -m mlops``: the command line."""

from ._cli import main

main()
