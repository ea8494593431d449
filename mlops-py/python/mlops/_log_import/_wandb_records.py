"""The records of W&B's files: the fields that are read of `wandb_internal.proto`."""

from __future__ import annotations

from ._wire import Table, many, one

_TIME: Table = {1: one("seconds", "int"), 2: one("nanos", "int")}
_ITEM: Table = {1: one("key", "text"), 2: many("nested_key", "text"), 16: one("value_json", "text")}
_UPDATES: Table = {1: many("update", _ITEM), 2: many("remove", _ITEM)}
_GIT: Table = {1: one("remote_url", "text"), 2: one("commit", "text")}
_OUTPUT: Table = {1: one("output_type", "int"), 2: one("timestamp", _TIME), 3: one("line", "text")}
_RUN: Table = {
    1: one("run_id", "text"),
    2: one("entity", "text"),
    3: one("project", "text"),
    4: one("config", _UPDATES),
    5: one("summary", _UPDATES),
    6: one("run_group", "text"),
    7: one("job_type", "text"),
    8: one("display_name", "text"),
    9: one("notes", "text"),
    10: many("tags", "text"),
    12: one("sweep_id", "text"),
    13: one("host", "text"),
    17: one("start_time", _TIME),
    21: one("git", _GIT),
}
_METRIC: Table = {
    1: one("name", "text"),
    2: one("glob_name", "text"),
    4: one("step_metric", "text"),
    5: one("step_metric_index", "int"),
    6: one("options", {2: one("hidden", "bool")}),
    7: one(
        "summary",
        {1: one("min", "bool"), 2: one("max", "bool"), 3: one("mean", "bool"), 4: one("best", "bool"), 5: one("last", "bool"),
         6: one("none", "bool"), 8: one("first", "bool")},
    ),
    8: one("goal", "int"),
    10: one("expanded_from_glob", "bool"),
}  # fmt: skip
_ENVIRONMENT: Table = {
    1: one("os", "text"),
    2: one("python", "text"),
    3: one("started_at", _TIME),
    4: one("docker", "text"),
    5: many("args", "text"),
    6: one("program", "text"),
    7: one("code_path", "text"),
    9: one("git", _GIT),
    11: one("root", "text"),
    12: one("host", "text"),
    13: one("username", "text"),
    14: one("executable", "text"),
    16: one("cpu_count", "int"),
    17: one("cpu_count_logical", "int"),
    18: one("gpu_type", "text"),
    19: one("gpu_count", "int"),
    25: one("cuda_version", "text"),
}
_MANIFEST_ENTRY: Table = {
    1: one("path", "text"), 2: one("digest", "text"), 3: one("ref", "text"), 4: one("size", "int"), 6: one("local_path", "text"),
}  # fmt: skip
_ARTIFACT: Table = {
    4: one("type", "text"),
    5: one("name", "text"),
    6: one("digest", "text"),
    7: one("description", "text"),
    8: one("metadata", "text"),
    11: many("aliases", "text"),
    12: one("manifest", {4: many("contents", _MANIFEST_ENTRY)}),
    19: many("tags", "text"),
}
RECORD: Table = {
    2: one("history", {1: many("item", _ITEM), 2: one("step", {1: one("num", "int")})}),
    3: one("summary", _UPDATES),
    4: one("output", _OUTPUT),
    5: one("config", _UPDATES),
    7: one("stats", {2: one("timestamp", _TIME), 3: many("item", {1: one("key", "text"), 16: one("value_json", "text")})}),
    8: one("artifact", _ARTIFACT),
    10: one(
        "alert", {1: one("title", "text"), 2: one("text", "text"), 3: one("level", "text")},
    ),
    12: one("metric", _METRIC),
    13: one("output_raw", _OUTPUT),
    17: one("run", _RUN),
    18: one("exit", {1: one("exit_code", "int")}),
    26: one("environment", _ENVIRONMENT),
}  # fmt: skip
