"""The registry by the client: models, versions, tags, aliases, stages, search, copies, removal."""

import mlflow
from sklearn.linear_model import LinearRegression

client = mlflow.MlflowClient()
mlflow.set_experiment("registry")
runs = []
for slope in (1.0, 2.0, 3.0):
    with mlflow.start_run(run_name=f"slope {slope}") as run:
        mlflow.sklearn.log_model(
            LinearRegression().fit([[0.0], [1.0]], [0.0, slope]), name="model", pip_requirements=["scikit-learn"]
        )
    runs.append(run.info.run_id)

model = client.create_registered_model("line", tags={"team": "growth"}, description="A line.")
print(model.name, model.tags, model.description, model.latest_versions, model.aliases)
client.create_registered_model("curve")
for run_id in runs:
    version = mlflow.register_model(f"runs:/{run_id}/model", "line", tags={"slope": "one"})
    print(version.name, int(version.version), version.status, version.current_stage, version.tags, version.description)
    print(client.get_model_version("line", version.version).run_id == run_id)
registered = mlflow.register_model(f"runs:/{runs[0]}/model", "curve", tags={"from": "run"})
print(registered.name, int(registered.version), registered.tags)

client.set_registered_model_tag("line", "kind", "linear")
client.delete_registered_model_tag("line", "team")
client.update_registered_model("line", description="Another text.")
client.set_model_version_tag("line", "2", "checked", "yes")
client.delete_model_version_tag("line", "2", "slope")
client.update_model_version("line", "2", description="Checked.")
client.set_registered_model_alias("line", "champion", "2")
client.set_registered_model_alias("line", "challenger", "3")
client.set_registered_model_alias("line", "champion", "1")
client.delete_registered_model_alias("line", "challenger")
model = client.get_registered_model("line")
print(model.name, model.tags, model.description, {name: int(number) for name, number in model.aliases.items()})
found = client.get_model_version("line", "2")
print(int(found.version), found.tags, found.description, found.aliases, client.get_model_version("line", "1").aliases)
print(int(client.get_model_version_by_alias("line", "champion").version))

client.transition_model_version_stage("line", "1", "Staging")
client.transition_model_version_stage("line", "2", "Production")
moved = client.transition_model_version_stage("line", "3", "Production", archive_existing_versions=True)
print(
    moved.current_stage,
    [
        (int(one.version), one.current_stage)
        for one in sorted(client.search_model_versions("name = 'line'"), key=lambda one: int(one.version))
    ],
)
print(
    [
        (one.current_stage, int(one.version))
        for one in sorted(client.get_latest_versions("line"), key=lambda one: one.current_stage)
    ]
)
print([int(one.version) for one in client.get_latest_versions("line", ["Staging"])])
for uri in ("models:/line/1", "models:/line@champion", "models:/line/Production", "models:/line/latest"):
    print(uri, mlflow.sklearn.load_model(uri).coef_.round(6))

print(
    [one.name for one in client.search_registered_models()],
    [one.name for one in client.search_registered_models("name LIKE 'c%'")],
)
print(
    [one.name for one in client.search_registered_models("tags.kind = 'linear'")],
    [one.name for one in client.search_registered_models(order_by=["name DESC"])],
)
page = client.search_registered_models(max_results=1)
print(
    [one.name for one in page], [one.name for one in client.search_registered_models(max_results=1, page_token=page.token)]
)
for text in (
    "name = 'line'",
    f"run_id = '{runs[1]}'",
    "tags.checked = 'yes'",
    "name = 'line' AND tags.slope = 'one'",
    "name = 'nobody'",
):
    print(len(text), sorted((one.name, int(one.version)) for one in client.search_model_versions(text)))
page = client.search_model_versions("name = 'line'", max_results=2, order_by=["version_number ASC"])
rest = client.search_model_versions("name = 'line'", max_results=2, order_by=["version_number ASC"], page_token=page.token)
print([int(one.version) for one in page], [int(one.version) for one in rest], bool(rest.token))

copied = client.copy_model_version("models:/line/2", "copies")
print(
    copied.name,
    int(copied.version),
    copied.description,
    copied.tags,
    mlflow.sklearn.load_model("models:/copies/1").coef_.round(6),
)
client.rename_registered_model("curve", "bow")
print([one.name for one in client.search_registered_models()], int(client.get_model_version("bow", "1").version))
client.delete_model_version("line", "1")
client.delete_registered_model("bow")
print(
    [one.name for one in client.search_registered_models()],
    sorted(int(one.version) for one in client.search_model_versions("name = 'line'")),
)
for call, arguments in [
    (client.get_model_version, ("line", "1")),
    (client.get_registered_model, ("bow",)),
    (client.delete_model_version, ("line", "9")),
    (client.delete_registered_model, ("bow",)),
    (client.rename_registered_model, ("line", "copies")),
    (client.set_model_version_tag, ("line", "9", "a", "b")),
    (client.transition_model_version_stage, ("line", "2", "Nowhere")),
    (client.create_model_version, ("nobody", "runs:/x/model")),
    (client.search_registered_models, ("nothing = 'x'",)),
]:
    try:
        call(*arguments)
    except mlflow.MlflowException as error:
        print(call.__name__, error.error_code)
