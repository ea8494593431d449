"""Computes statistics from Python, and prints the bits of their numbers, a test a line.

python stats.py LINES      LINES: a line an array, numbers with tabs between them
"""

import dataclasses
import pathlib
import struct
import sys

from mlops import stats

differences, p_values, targets, candidate, baseline = (
    [float(number) for number in line.split("\t")]
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
)


def say(name, numbers):
    print(name, *(struct.pack(">d", number).hex() for number in numbers))


found = {
    "paired_t": stats.paired_t(differences),
    "corrected_t": stats.corrected_t(differences, 900, 100),
    "five_by_two_f": stats.five_by_two_f(list(zip(differences[::2], differences[1::2]))),
    "tost": stats.tost(differences, 0.5),
    "wilcoxon": stats.wilcoxon(differences),
    "diebold_mariano": stats.diebold_mariano(differences, 3),
    "mcnemar": stats.mcnemar(31, 17),
    "delong": stats.delong(targets, candidate, baseline),
    "wilson": stats.wilson(7, 90, 0.1),
    "newcombe": stats.newcombe((7, 90), (19, 80), 0.1),
    "holm": stats.holm(p_values),
}
for name, one in found.items():
    numbers = dataclasses.astuple(one) if dataclasses.is_dataclass(one) else one
    # Counts of rows are no floats.
    say(name, [number for number in numbers if isinstance(number, float | bool)])
