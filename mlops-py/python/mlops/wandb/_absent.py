"""What W&B has and this has not: the sentence that a script gets which asks for it."""

from __future__ import annotations

from typing import Literal

_FILES = "files and folders are logged with mlops.log_artifact and mlops.log_artifacts, models with mlops.<flavor>.log_model"
_CHART = "log the numbers, a wandb.Table or a figure of matplotlib with wandb.log"

# Why, and the names that it is said of; those of the module and those of a run are apart.
_OF_BOTH = (
    (_FILES, "log_artifact upsert_artifact finish_artifact log_model"),
    ("files that a run has are read with mlops.artifacts.download_artifacts", "use_artifact use_model restore"),
    (
        "register what the run logged with mlops.register_model(f'runs:/{run.id}/model', 'fraud'); the registry is"
        " docs/guide/registry.md",
        "link_artifact link_model",
    ),
    ("the gradients of a model are not watched", "watch unwatch"),
    ("call finish()", "join"),
    (
        "it is of W&B's server, which is not used; leave it out",
        "mark_preempting pin_config_keys sweep_id sweep_url project_url path settings",
    ),
)
_OF_THE_MODULE = (
    ("sweeps are those of mlops, docs/guide/sweeps.md", "sweep agent controller"),
    ("runs are read with mlops.search_runs and mlops.get_run; W&B's server is not used", "Api api apis PublicApi"),
    ("there is nothing to set: leave out the settings of init, or give them as a dict", "Settings"),
    ("this kind of value is not taken; log a file with mlops.log_artifact", "Video Audio Html Molecule Object3D box3d"),
    (_CHART, "plot plot_table visualize Plotly Graph JoinedTable EvalTable"),
    (_FILES, "Artifact ArtifactTTL"),
    (
        "call mlops.autolog() before the training, or log from a callback of your own with wandb.log",
        "integration keras sklearn tensorflow tensorboard gym xgboost lightgbm catboost sacred",
    ),
    (
        "it is of the inside of W&B; leave it out",
        "util sdk errors env data_types wandb_sdk wandb_run require attach helper jupyter launch termlog termwarn termerror"
        " termsetup ensure_configured",
    ),
)
_OF_A_RUN = (
    ("a run has no folder of its own; write files where you like, and log them with run.save or mlops.log_artifact", "dir"),
    ("points are read with mlops.MlflowClient().get_metric_history(run.id, key)", "history"),
    ("log a folder with mlops.log_artifacts; the commit and whether it was changed are tags of the run", "log_code"),
    ("the store is the whole of it: mlops report makes a page of a run", "get_url get_project_url display to_html"),
    ("the run's end is in mlops.get_run(run.id).info.status", "status"),
)

_OF_A_VALUE = (
    ("rows have numbers here: they are those of iterrows()", "get_index index_ref set_pk set_fk"),
    ("add the values that you computed with add_column", "add_computed_columns"),
    ("make another table of the rows that you want: .data and .columns are lists", "cast join_art"),
    ("Pillow's image is .image; write a file with .save(path), or take the bytes of one from .encode()", "to_data_uri format file_type"),
    ("masks, boxes and classes are not taken: draw them into the image, or log them beside it", "_masks _boxes _classes"),
)
_OF = {"module": _OF_THE_MODULE, "run": _OF_A_RUN, "value": _OF_A_VALUE}


def sentence(owner: str, name: str, kind: Literal["module", "run", "value"]) -> str:
    """Why ``owner`` has no such attribute, and what to use instead."""
    for why, names in (*(_OF_BOTH if kind != "value" else ()), *_OF[kind]):
        if name in names.split():
            return f"{owner} has no {name}: {why}"
    return f"{owner} has no attribute {name!r}"
