"""Evaluation: predictions held against targets, as metrics, curves and tables of slices.

``metrics_of_classes`` and ``metrics_of_numbers`` are pure functions of arrays, ``curves`` makes tables, ``drawing``
pictures of them; ``inputs`` and ``predicting`` bring data and models into one form, ``evaluation`` puts all together."""
