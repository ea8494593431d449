"""Writes breast_cancer.csv beside this file from the copy that scikit-learn carries.

    python examples/data/export.py
"""

from __future__ import annotations

from pathlib import Path

from sklearn.datasets import load_breast_cancer


def main() -> None:
    """One row a tumour: 30 numbers, then 1 for benign or 0 for malignant."""
    data = load_breast_cancer()
    lines = [",".join([*(name.replace(" ", "_") for name in data.feature_names), "benign"])]
    for features, target in zip(data.data.tolist(), data.target.tolist(), strict=True):
        lines.append(",".join([*(f"{value:.10g}" for value in features), str(target)]))
    Path(__file__).with_name("breast_cancer.csv").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
