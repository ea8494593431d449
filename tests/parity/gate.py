"""Judges cases from Python, and prints a report a line.

python gate.py LINES          LINES: a thing a line, fields with tabs between them; `judge` ends a case
python gate.py LINES STORE    the candidate is fraud@2 of the store, and its result is recorded
"""

import pathlib
import sys
import tempfile

import mlops
import numpy

KINDS = {"numbers": float, "integers": int, "texts": str}


def values_of(fields):
    kind, *values = fields
    return [KINDS[kind](value) for value in values]


class Case:
    def __init__(self, name):
        self.name = name
        self.columns = {}
        self.said = {"candidate": {}, "baseline": {}}
        self.targets = self.ids = self.definition = self.data = None

    def hand_in(self, name, fields):
        model, _, what = name.partition(".")
        if model in self.said:
            self.said[model][what] = values_of(fields)
        elif name.startswith("column:"):
            self.columns[name.removeprefix("column:")] = values_of(fields)
        elif name == "definition":
            self.definition = fields[0].replace("\\n", "\n")
        elif name == "data":
            self.data = fields[0]
        else:
            setattr(self, name, values_of(fields))

    def predictions(self, model):
        said = self.said[model]
        if not said:
            return None
        if "probabilities" in said:
            rows = numpy.array(said["probabilities"]).reshape(-1, len(said["classes"]))
            return mlops.GatePredictions(probabilities=rows, classes=said["classes"])
        return mlops.GatePredictions(said.get("values"), scores=said.get("scores"))

    def judge(self, folder, registered):
        path = pathlib.Path(folder) / f"{self.name}.toml"
        path.write_text(self.definition, encoding="utf-8")
        candidate, baseline = self.predictions("candidate"), self.predictions("baseline")
        common = {"targets": self.targets, "ids": self.ids, "data": self.columns or None, "data_name": self.data}
        if registered:
            both = {"candidate_predictions": candidate, "baseline_predictions": baseline}
            return mlops.gate("fraud@2", definition=path, **both, **common)
        return mlops.gate(candidate, baseline, definition=path, record=False, **common)


def main(lines, store=None):
    if store is not None:
        mlops.set_tracking_uri(store)
    case = None
    with tempfile.TemporaryDirectory() as folder:
        for line in pathlib.Path(lines).read_text(encoding="utf-8").splitlines():
            name, *fields = line.split("\t")
            if name == "case":
                case = Case(fields[0])
            elif name == "judge":
                print(case.judge(folder, store is not None).to_json())
            else:
                case.hand_in(name, fields)


if __name__ == "__main__":
    main(*sys.argv[1:])
