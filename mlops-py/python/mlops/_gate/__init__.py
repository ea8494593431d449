"""The promotion gate: a candidate held against the baseline, on the same rows, now.

``gate.py`` is the call. ``definition.py`` says what is asked, ``metrics.py`` are metrics of one's own, ``table.py`` and
``columns.py`` take data of any library apart, ``models.py`` finds who is meant, ``predicting.py`` asks them, ``costs.py`` and
``loading.py`` measure what they cost, ``result.py`` is what came out. All judging is the core's.
"""
