"""Logging without log calls: functions of libraries that train are replaced, while it is on, by ones that log what they do.

``switch`` says which libraries it is on for, ``patches`` replaces functions and puts them back, ``training`` is what
happens around one training, ``guard`` keeps errors of tracking away from it. Each library has a file of its own."""
