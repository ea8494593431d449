"""The model registry, with MLflow's calls."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

import mlops
from mlops import _native, _state
from mlops.exceptions import AlreadyExists, Conflict, InvalidArgument, MlopsError, NotFound

X = [[0.0], [1.0], [2.0], [3.0]]
MODEL = LogisticRegression().fit(X, [0, 0, 1, 1])


@pytest.fixture
def client() -> mlops.MlflowClient:
    return mlops.MlflowClient()


def logged(**options: Any) -> Any:
    with mlops.start_run():
        return mlops.sklearn.log_model(MODEL, name="model", **options)


def versions(client: mlops.MlflowClient, count: int) -> None:
    client.create_registered_model("tree")
    for _ in range(count):
        client.create_model_version("tree", "s3://models/tree")


def test_a_model_is_registered_and_loaded_by_number_alias_stage_and_latest(client: mlops.MlflowClient) -> None:
    info = logged(registered_model_name="fraud")
    assert info.registered_model_version == 1
    made = mlops.register_model(info.model_uri, "fraud", tags={"kind": "tree"})
    assert (made.name, made.version, made.current_stage, made.status) == ("fraud", 2, "None", "READY")
    assert (made.run_id, made.source, made.tags) == (info.run_id, info.model_uri, {"kind": "tree"})
    assert made.model_id == info.model_id and info.tags["mlflow.modelVersions"].count('"fraud"') == 2
    client.set_registered_model_alias("fraud", "champion", 1)
    client.transition_model_version_stage("fraud", "2", "production")
    for place in ("/1", "/2", "@champion", "/Production", "/production", "/latest", "/None"):
        assert list(mlops.sklearn.load_model(f"models:/fraud{place}").predict(X)) == [0, 0, 1, 1]
    assert list(mlops.pyfunc.load_model("models:/fraud@champion").predict(X)) == [0, 0, 1, 1]
    assert list(mlops.load_model("models:/fraud/1").predict(X)) == [0, 0, 1, 1]
    assert mlops.models.get_model_info("models:/fraud/1").digest == info.digest


def test_a_version_is_loaded_when_its_run_is_gone(client: mlops.MlflowClient) -> None:
    info = logged(registered_model_name="fraud")
    client.delete_run(info.run_id)
    assert mlops.gc(dry_run=False, older_than=0, deleted_runs=True).runs == 1
    with pytest.raises(NotFound):
        client.get_run(info.run_id)
    assert list(mlops.load_model("models:/fraud/1").predict(X)) == [0, 0, 1, 1]
    assert client.get_model_version_download_uri("fraud", 1) == "models:/fraud/1"
    folder = mlops.artifacts.download_artifacts(artifact_uri="models:/fraud/1")
    assert (Path(folder) / "MLmodel").is_file()


def test_a_registration_that_fails_leaves_nothing(client: mlops.MlflowClient) -> None:
    for uri in ("runs:/none/model", "s3://bucket/model", "models:/none/1", "models:/m-none"):
        with pytest.raises(NotFound):
            mlops.register_model(uri, "fraud")
    assert client.search_registered_models() == []


def test_models_are_made_changed_found_and_deleted(client: mlops.MlflowClient) -> None:
    made = client.create_registered_model("tree", tags={"team": "growth"}, description="of decisions")
    assert (made.name, made.description, made.tags, made.latest_versions) == ("tree", "of decisions", {"team": "growth"}, [])
    with pytest.raises(AlreadyExists):
        client.create_registered_model("TREE")
    client.update_registered_model("tree", description="small")
    client.set_registered_model_tag("tree", "cost", 3)
    client.delete_registered_model_tag("tree", "team")
    client.delete_registered_model_tag("tree", "team")
    assert client.get_registered_model("tree").tags == {"cost": "3"}
    client.rename_registered_model("tree", "forest")
    with pytest.raises(NotFound):
        client.get_registered_model("tree")
    for name in ("b", "a"):
        client.create_registered_model(name)
    page = client.search_registered_models(max_results=2)
    assert [found.name for found in page] == ["a", "b"]
    rest = client.search_registered_models(max_results=2, page_token=page.token)
    assert ([found.name for found in rest], rest.token) == (["forest"], None)
    # MLflow's longest page, and one more.
    assert len(client.search_model_versions(max_results=200_000)) == 0
    with pytest.raises(InvalidArgument, match="max_results is 200001: expected 1 to 200000"):
        client.search_model_versions(max_results=200_001)
    assert [found.name for found in mlops.search_registered_models(filter_string="tags.cost = '3'")] == ["forest"]
    assert [found.name for found in mlops.search_registered_models(2, order_by=["name DESC"])] == ["forest", "b"]
    client.delete_registered_model("forest")
    assert len(client.search_registered_models()) == 2
    for name in ("", "a/b", "a:b", "a@b", ".."):
        with pytest.raises(InvalidArgument):
            client.create_registered_model(name)


def test_versions_are_changed_found_and_deleted(client: mlops.MlflowClient) -> None:
    versions(client, 3)
    client.update_model_version("tree", 1, description="first")
    client.set_model_version_tag("tree", "1", "k", "v")
    client.set_model_version_tag("tree", key="late", value="x", stage="None")
    assert client.get_model_version("tree", 1).tags == {"k": "v"}
    mlops.set_model_version_tag("tree", 1, "of", "module")
    assert client.get_model_version("tree", 1).tags == {"k": "v", "of": "module"}
    assert client.get_model_version("tree", "3").tags == {"late": "x"}
    client.delete_model_version_tag("tree", 1, "k")
    assert client.get_model_version("tree", 1).description == "first"
    client.delete_model_version("tree", 3)
    assert client.create_model_version("tree", "s3://other", run_id="r").version == 4
    assert [found.version for found in client.search_model_versions("name = 'tree'")] == [4, 2, 1]
    assert [found.version for found in client.search_model_versions("run_id = 'r'")] == [4]
    assert [found.version for found in mlops.search_model_versions(2, order_by=["version_number ASC"])] == [1, 2]
    with pytest.raises(NotFound, match="model version `tree/3` does not exist; it was deleted"):
        client.get_model_version("tree", 3)
    with pytest.raises(InvalidArgument):
        client.get_model_version("tree", "three")
    assert client.get_model_version_stages("tree", 1) == ["None", "Staging", "Production", "Archived"]


def test_aliases_move_and_go_with_their_version(client: mlops.MlflowClient) -> None:
    versions(client, 2)
    client.set_registered_model_alias("tree", "champion", 1)
    client.set_registered_model_alias("tree", "champion", "2")
    assert client.get_model_version_by_alias("tree", "champion").version == 2
    assert client.get_registered_model("tree").aliases == {"champion": 2}
    for alias in ("latest", "v1", "3", "a b"):
        with pytest.raises(InvalidArgument):
            client.set_registered_model_alias("tree", alias, 1)
    with pytest.raises(Conflict):
        client.set_registered_model_alias("tree", "Champion", 1)
    client.delete_model_version("tree", 2)
    with pytest.raises(NotFound):
        client.get_model_version_by_alias("tree", "champion")
    client.delete_registered_model_alias("tree", "champion")


def test_one_version_is_in_production(client: mlops.MlflowClient) -> None:
    versions(client, 3)
    client.transition_model_version_stage("tree", 1, "Production")
    moved = client.transition_model_version_stage("tree", 2, "PRODUCTION")
    assert (moved.current_stage, client.get_model_version("tree", 1).current_stage) == ("Production", "Archived")
    client.transition_model_version_stage("tree", 3, "staging", archive_existing_versions=True)
    latest = {found.current_stage: found.version for found in client.get_latest_versions("tree")}
    assert latest == {"Staging": 3, "Production": 2, "Archived": 1}
    assert [found.version for found in client.get_latest_versions("tree", ["staging"])] == [3]
    with pytest.raises(InvalidArgument, match="archive_existing_versions"):
        client.transition_model_version_stage("tree", 3, "Archived", archive_existing_versions=True)
    with pytest.raises(InvalidArgument, match="stage `live`"):
        client.transition_model_version_stage("tree", 3, "live")


def test_a_version_is_copied_to_another_model(client: mlops.MlflowClient) -> None:
    logged(registered_model_name="dev")
    client.set_model_version_tag("dev", 1, "k", "v")
    client.set_registered_model_alias("dev", "best", 1)
    copy = client.copy_model_version("models:/dev@best", "prod")
    assert (copy.name, copy.version, copy.source, copy.tags, copy.aliases) == ("prod", 1, "models:/dev/1", {"k": "v"}, [])
    client.delete_registered_model("dev")
    assert list(mlops.load_model("models:/prod/1").predict(X)) == [0, 0, 1, 1]
    assert mlops.register_model("models:/prod/latest", "prod").source == "models:/prod/1"


@pytest.mark.parametrize("uri", ["models:/fraud/live", "models:/fraud/1/x", "models:/", "models:/a@b@c", "models:/a/b@c"])
def test_a_uri_that_says_nothing_is_refused(uri: str) -> None:
    with pytest.raises(MlopsError):
        mlops.load_model(uri)


def test_a_stage_without_versions_is_not_found(client: mlops.MlflowClient) -> None:
    versions(client, 1)
    with pytest.raises(NotFound, match="has no version in `Production`"):
        mlops.load_model("models:/tree/Production")


def test_a_version_whose_files_are_elsewhere_is_loaded_from_there(client: mlops.MlflowClient, tmp_path: Path) -> None:
    mlops.sklearn.save_model(MODEL, tmp_path / "saved")
    client.create_registered_model("tree")
    made = client.create_model_version("tree", str(tmp_path / "saved"))
    assert made.digest is None and client.get_model_version_download_uri("tree", 1) == str(tmp_path / "saved")
    assert list(mlops.load_model("models:/tree/1").predict(X)) == [0, 0, 1, 1]


def test_what_runs_code_is_loaded_from_a_trusted_store_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(mlops.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any) -> Any:
            return model_input

    with mlops.start_run():
        mlops.pyfunc.log_model("model", python_model=Other(), registered_model_name="code")
    mlops.pyfunc.load_model("models:/code/1")
    monkeypatch.setenv("MLOPS_CONFIG_DIR", str(tmp_path / "of another user"))
    with pytest.raises(MlopsError, match="trust=True"):
        mlops.pyfunc.load_model("models:/code/1")
    mlops.load_model("models:/code/1", trust=True)


def test_the_log_says_who_changed_what_and_why(client: mlops.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_ACTOR", "ada")
    versions(client, 1)
    registry = _native.ModelRegistry(_state.store(), reason="it is better")
    registry.set_stage("tree", 1, "Production", expect=0)
    with pytest.raises(Conflict, match="`tree` is at generation 1, not 0: version 1 is in production, by event 3 of ada"):
        registry.set_stage("tree", 1, "Archived", expect=0)
    last = registry.history("tree")[-1]
    assert (last["action"], last["actor"], last["actor_from"]) == ("stage_changed", "ada", "MLOPS_ACTOR")
    assert (last["from"], last["to"], last["reason"], last["uid"]) == ("None", "Production", "it is better", os.geteuid())
    assert registry.verify_events() == 3


def test_entities_show_their_fields(client: mlops.MlflowClient) -> None:
    versions(client, 1)
    model = client.get_registered_model("tree")
    assert isinstance(model, mlops.entities.RegisteredModel)
    assert isinstance(model.latest_versions[0], mlops.entities.ModelVersion)
    nothing = {"generation": 0, "production": None, "previous": None, "event": None}
    assert model.slots == {"": nothing}
    client.transition_model_version_stage("tree", 1, "Production")
    event = mlops.registry().head().seq
    assert client.get_registered_model("tree").slots == {"": {**nothing, "generation": 1, "production": 1, "event": event}}
    assert dict(model)["name"] == "tree" and "version=1" in repr(model.latest_versions[0])
    assert mlops.entities.RegisteredModelAlias("a", 1) == mlops.entities.RegisteredModelAlias("a", 1)
    with pytest.raises(AttributeError, match="the model registry is in the store"):
        mlops.set_registry_uri


def test_a_logged_model_is_loaded_and_registered(tmp_path: Path) -> None:
    mlops.sklearn.save_model(MODEL, tmp_path / "saved")
    with mlops.start_run() as run:
        pass
    models = _native.LoggedModels(_state.store())
    files = [(file.name, file) for file in (tmp_path / "saved").iterdir()]
    made = models.create(experiment_id="0", source_run_id=run.info.run_id)
    models.log_files(made, files)
    assert list(mlops.load_model(f"models:/{made}").predict(X)) == [0, 0, 1, 1]
    version = mlops.register_model(f"models:/{made}", "tree")
    assert (version.run_id, version.model_id) == (run.info.run_id, made)
    models.delete_files(made)
    assert list(mlops.load_model("models:/tree/1").predict(X)) == [0, 0, 1, 1]


def test_loading_leaves_nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tmp_path / "temporary"
    places.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(places))
    info = logged(registered_model_name="fraud")
    for load in (mlops.load_model, mlops.sklearn.load_model, mlops.pyfunc.load_model, mlops.models.get_model_info):
        for uri in ("models:/fraud/1", "models:/fraud@latest", info.model_uri):
            load(uri)
    gc.collect()
    assert os.listdir(places) == []


def test_the_files_of_a_model_stay_as_long_as_somebody_may_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places, table, module = tmp_path / "temporary", tmp_path / "table.txt", tmp_path / "helping_of_tests.py"
    places.mkdir()
    table.write_text("late")
    module.write_text("WORD = 'helped'")
    monkeypatch.setattr("tempfile.tempdir", str(places))
    monkeypatch.setattr("sys.path", list(sys.path))

    class Late(mlops.pyfunc.PythonModel):
        def load_context(self, context: Any) -> None:
            self.path = context.artifacts["table"]

        def predict(self, context: Any, model_input: Any) -> Any:
            return Path(self.path).read_text()

    with mlops.start_run() as run:
        mlops.log_artifact(str(table))
        artifacts = {"table": f"runs:/{run.info.run_id}/table.txt"}
        mlops.pyfunc.log_model("late", python_model=Late(), artifacts=artifacts, registered_model_name="late")
        mlops.pyfunc.log_model("coded", python_model=Late(), artifacts=artifacts, code_paths=[module], registered_model_name="coded")
    gc.collect()
    assert os.listdir(places) == []
    model = mlops.pyfunc.load_model("models:/late/1").unwrap_python_model()
    gc.collect()
    assert len(os.listdir(places)) == 1 and model.predict(None, None) == "late"
    del model
    gc.collect()
    assert os.listdir(places) == []
    # Code may be imported at any time, and is there once.
    for _ in range(3):
        mlops.pyfunc.load_model("models:/coded/1")
        gc.collect()
        assert len(os.listdir(places)) == 1
    assert importlib.import_module("helping_of_tests").WORD == "helped"


def test_a_forked_child_leaves_the_files_of_its_parent(python: Any) -> None:
    python("""
        import gc, os
        from mlops._flavors.temporary import Folder

        folder = Folder()
        path = folder.path
        if (child := os.fork()) == 0:
            del folder
            gc.collect()
            os._exit(0)
        os.waitpid(child, 0)
        assert os.path.isdir(path)
        del folder
        assert not os.path.exists(path)
    """)


def test_a_copy_of_a_version_whose_files_are_elsewhere_is_loaded_from_there(client: mlops.MlflowClient, tmp_path: Path) -> None:
    mlops.sklearn.save_model(MODEL, tmp_path / "saved")
    client.create_registered_model("tree")
    client.create_model_version("tree", str(tmp_path / "saved"))
    client.copy_model_version("models:/tree/1", "copy")
    # As older versions made one.
    client.create_model_version("copy", "models:/late/1")
    client.create_registered_model("late")
    client.create_model_version("late", str(tmp_path / "saved"))
    client.rename_registered_model("tree", "wood")
    for uri in ("models:/copy/1", "models:/copy/2"):
        assert list(mlops.load_model(uri).predict(X)) == [0, 0, 1, 1]
    client.create_registered_model("round")
    client.create_model_version("round", "models:/round/1")
    with pytest.raises(NotFound):
        mlops.load_model("models:/round/1")


def test_a_version_that_is_no_model_is_named_by_its_uri(client: mlops.MlflowClient) -> None:
    with mlops.start_run() as run:
        mlops.log_text("x", "art/f.txt")
    mlops.register_model(f"runs:/{run.info.run_id}/art", "art")
    with pytest.raises(NotFound, match=r"model `models:/art/1` does not exist; there is no `MLmodel` in it"):
        mlops.load_model("models:/art/1")


def test_the_latest_version_is_an_alias_that_is_found(client: mlops.MlflowClient) -> None:
    versions(client, 2)
    assert [client.get_model_version_by_alias("tree", word).version for word in ("latest", "Latest")] == [2, 2]
    client.create_registered_model("empty")
    with pytest.raises(NotFound, match="`empty` has no version"):
        client.get_model_version_by_alias("empty", "latest")


@pytest.mark.parametrize("uri", ["models:/fraud@champion", "models:/fraud/latest", "models:/fraud/None"])
def test_a_version_is_made_of_what_an_alias_or_a_stage_names(client: mlops.MlflowClient, uri: str) -> None:
    logged(registered_model_name="fraud")
    client.set_registered_model_alias("fraud", "champion", 1)
    client.create_registered_model("copy")
    digest = client.get_model_version("fraud", 1).digest
    for made in (mlops.register_model(uri, "copy"), client.create_model_version("copy", uri)):
        assert (made.source, made.digest) == ("models:/fraud/1", digest)
    with pytest.raises(NotFound, match="alias `nobody` does not exist"):
        mlops.register_model("models:/fraud@nobody", "copy")


def test_bad_arguments_of_the_registry_are_named(client: mlops.MlflowClient, tmp_path: Path) -> None:
    versions(client, 1)
    registry = mlops.registry()
    policy = tmp_path / "folder"
    policy.mkdir()
    for call, told in (
        (lambda: registry.promote("tree", 1, expect=-1), "expect is -1: expected a whole number from 0 on"),
        (lambda: registry.promote("tree", 1, expect=1.5), "expect is 1.5"),
        (lambda: registry.promote("tree", 1, expect="1"), "expect is '1'"),
        (lambda: registry.promote("tree", 1, to=None), "to is None, of type NoneType: expected text"),
        (lambda: registry.promote("tree", 1, reason=5), "reason is 5, of type int: expected text"),
        (lambda: registry.promote(None, 1), "model is None"),
        (lambda: registry.verify((-1, "blake3:00")), "the number of head is -1"),
        (lambda: registry.verify(5), "head is 5"),
        (lambda: registry.events(-1), "since is -1"),
        (lambda: registry.on("*", print, after=-1), "after is -1"),
        (lambda: registry.on([], print), "events is an empty list"),
        (lambda: registry.on("*", 5), "callback is 5, of type int: expected something to call"),
        (lambda: registry.watch("tree", slot=None), "slot is None"),
        (lambda: registry.watch("tree").on_change(5), "callback is 5"),
        (lambda: registry.watch("tree").wait(float("nan")), "timeout is nan: expected a number of seconds"),
        (lambda: registry.set_policy(""), "policy is empty"),
        (lambda: registry.set_policy(5), "policy is 5, of type int: expected a path as text"),
        (lambda: registry.set_policy("none.toml"), "the file of policies `none.toml` does not exist"),
        (lambda: registry.set_policy(str(policy)), "cannot be read"),
        (lambda: registry.record_gate_result("tree", 1, None, "pass", "g", metrics={"a": None}), "the value of metric `a` is None"),
        (lambda: registry.record_gate_result("tree", 1, None, "pass", "g", report=5), "report is of type int: expected a dict"),
        (lambda: mlops.register_model(None, "m"), "model_uri is None, of type NoneType: expected a path as text"),
        (lambda: client.set_registered_model_alias("tree", None, 1), "alias is None"),
        (lambda: client.get_registered_model(7), "name is 7, of type int: expected text"),
        (lambda: client.create_model_version("tree", None), "source is None"),
    ):
        with pytest.raises(MlopsError) as caught:
            call()
        assert isinstance(caught.value, (InvalidArgument, FileNotFoundError)) and told in str(caught.value), caught.value
    head = registry.head()
    with pytest.raises(mlops.exceptions.Corrupt, match=r"the registry's log of events is damaged: event"):
        registry.verify((head.seq, "blake3:" + "0" * 64))


def test_a_store_that_is_opened_to_read_tells_nobody_of_what_comes(client: mlops.MlflowClient, store: Path) -> None:
    versions(client, 1)
    registry = mlops.Registry(_native.Store(str(store), read_only=True))
    for refused in (lambda: registry.on("*", print), lambda: registry.watch("tree")):
        with pytest.raises(mlops.exceptions.InvalidState, match="opened for reading only"):
            refused()
