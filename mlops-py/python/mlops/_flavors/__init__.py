"""What the modules of the libraries share: how a model becomes files and comes back.

``saving`` puts a model's files together, ``source`` reads them again, verified and under the rule of trust;
``pickles``, ``requirements``, ``examples`` and ``code`` are what they need for it. ``infer`` and ``enforce`` are for
signatures. Each library has a public module, ``mlops.xgboost`` and so on, with ``_save``, ``_load`` and ``_wrap``."""

from __future__ import annotations

# The flavors that load the model itself, in the order in which they are tried.
NATIVE = ("sklearn", "xgboost", "lightgbm", "catboost", "pytorch", "keras", "onnx", "statsmodels")
