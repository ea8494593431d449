"""The statistics behind ``mlops.stats``: ``results.py`` is what comes out, ``arguments.py`` takes data of any library apart,
``means.py``, ``counts.py`` and ``comparing.py`` are the functions. All computing is the core's.
"""
