"""Tables as artifacts: columns and rows in one JSON file, appended to by every call, as MLflow stores them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import _native
from ._convert import ids, path_text
from ._images import is_image, to_pil, with_small_copy
from .exceptions import InvalidArgument, NotFound, Unsupported

# The tag that lists a run's tables.
LOGGED = "mlflow.loggedArtifacts"
# Most runs whose tables are read together.
_RUNS = 1_000_000

Rows = list[list[Any]]


def log_table(store: _native.Store, run: _native.Run, data: Any, artifact_file: Any) -> None:
    """Adds rows to the table ``artifact_file`` of a run, with the images in them, all or nothing."""
    path = table_path(artifact_file)
    columns, rows = _table(data)
    # A call reads the table and the tag, and writes them with what it adds: no other does in between, in whichever process.
    with store.hold(run.id, LOGGED):
        images: list[tuple[str, bytes]] = []
        rows = [[_cell(path, columns, value, images) for value in row] for row in rows]
        before = _read(store, run.id, path)
        if before is not None:
            columns, rows = _append(before, (columns, rows))
        run.log_files([*images, (path, _bytes(path, columns, rows))])
        tables = json.loads(store.get_run(run.id)["tags"].get(LOGGED, "[]"))
        entry = {"path": path, "type": "table"}
        if entry not in tables:
            run.set_tag(LOGGED, json.dumps([*tables, entry]))


def load_table(store: _native.Store, experiment_id: str, artifact_file: Any, run_ids: Any, extra: Any) -> Any:
    """The rows of a table of all runs of an experiment that have it, in a DataFrame."""
    from ._client import search_pages
    from ._frames import runs_frame

    path = table_path(artifact_file)
    pandas = _pandas("a table in a DataFrame")
    with_tables = f"tags.`{LOGGED}` IS NOT NULL"
    found = search_pages(store, [experiment_id], with_tables, [], _RUNS, 1)
    wanted = {"path": path, "type": "table"}
    raws = [raw for raw in found if wanted in json.loads(raw["tags"][LOGGED])]
    if run_ids is not None:
        asked = ids(run_ids)
        raws = [raw for raw in raws if raw["run_id"] in asked]
    if not raws:
        raise NotFound(f"no run of experiment {experiment_id} has the table `{path}`")
    names = ids(extra)
    about = None
    if names:
        columns = store.search_table([experiment_id], with_tables, [], _RUNS, 1, [])
        about = runs_frame(columns.columns(), len(columns), required=True).set_index("run_id", drop=False)
    frames = []
    for raw in raws:
        table = _read(store, raw["run_id"], path)
        if table is None:
            raise NotFound(f"the run {raw['run_id']} has the table `{path}` no more")
        frame = pandas.DataFrame(table[1], columns=table[0])
        for at, empty in enumerate(frame.isna().all()):
            if empty and len(frame):
                # Numbers that are all NaN are stored as null.
                frame.isetitem(at, frame.iloc[:, at].astype("float64"))
        for name in names:
            if about is None or name not in about.columns:
                raise InvalidArgument(f"there is no column {name!r} to add: expected one that search_runs has, such as run_id")
            frame[f"{name}_" if name in frame.columns else name] = [about[name].get(raw["run_id"])] * len(frame)
        frames.append(frame)
    return pandas.concat(frames, ignore_index=True)


def table_path(artifact_file: Any) -> str:
    """The path of a table, which says how it is stored."""
    path = path_text("the path of a table", artifact_file)
    if not path.endswith((".json", ".parquet")):
        raise InvalidArgument(f"the path of a table is {artifact_file!r}: expected one that ends in .json or .parquet")
    return "/".join(part for part in path.split("/") if part)


def _table(data: Any) -> tuple[list[str], Rows]:
    """Column names, and rows of values."""
    if hasattr(data, "columns") and hasattr(data, "itertuples"):
        return [str(name) for name in data.columns], [list(row) for row in data.itertuples(index=False, name=None)]
    if hasattr(data, "columns") and hasattr(data, "iter_rows"):
        return [str(name) for name in data.columns], [list(row) for row in data.iter_rows()]
    if not isinstance(data, Mapping):
        raise InvalidArgument(f"a table is of type {type(data).__name__}: expected a dict or a DataFrame")
    columns = [str(name) for name in data]
    values = list(data.values())
    many = [_is_column(value) for value in values]
    if not all(many):
        # One row. A value that is a list beside one that is none is a value.
        return columns, [values]
    lists = [list(value) for value in values]
    if len({len(one) for one in lists}) > 1:
        sizes = ", ".join(f"{name}: {len(one)}" for name, one in zip(columns, lists))
        raise InvalidArgument(f"the columns of a table have different lengths ({sizes})")
    return columns, [list(row) for row in zip(*lists)]


def _is_column(value: Any) -> bool:
    if is_image(value):
        return False
    return (isinstance(value, Sequence) and not isinstance(value, (str, bytes))) or (
        hasattr(value, "tolist") and getattr(value, "ndim", 1) > 0
    )


def _cell(path: str, columns: list[str], value: Any, images: list[tuple[str, bytes]]) -> Any:
    """A value as JSON has it; of an image the names of its files, which are added to ``images``."""
    if is_image(value):
        import uuid

        full, small = with_small_copy(to_pil(value))
        name = f"table_images/{os.path.splitext(path)[0]}/{uuid.uuid4()}"
        images += [(f"{name}.png", full), (f"{name}.webp", small)]
        return {"type": "image", "filepath": f"{name}.png", "compressed_filepath": f"{name}.webp"}
    return _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if hasattr(value, "isoformat"):
        text = value.isoformat()
        return None if text == "NaT" else text
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise InvalidArgument(f"a table cannot hold a value of type {type(value).__name__}: {value!r}")


def _append(before: tuple[list[str], Rows], more: tuple[list[str], Rows]) -> tuple[list[str], Rows]:
    """Both tables, one beneath the other; what a row lacks is null."""
    columns = [*before[0], *(name for name in more[0] if name not in before[0])]
    rows = []
    for names, part in (before, more):
        place = {name: at for at, name in enumerate(names)}
        rows += [[row[place[name]] if name in place else None for name in columns] for row in part]
    return columns, rows


def _bytes(path: str, columns: list[str], rows: Rows) -> bytes:
    if path.endswith(".json"):
        try:
            return _json({"columns": columns, "data": rows}).encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"the table `{path}` cannot be written in UTF-8: {error.reason}") from None
    import io

    buffer = io.BytesIO()
    frame = _pandas("a table as Parquet").DataFrame(rows, columns=columns)
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise Unsupported(f"a table as Parquet needs the package pyarrow; install it ({error})") from None
    except (ValueError, TypeError, OverflowError, NotImplementedError) as error:
        why = "; ".join(str(part) for part in error.args)
        raise InvalidArgument(
            f"the table `{path}` cannot be stored as Parquet, whose columns have one type each: {why}; a path that ends in"
            " .json takes any"
        ) from error
    return buffer.getvalue()


# A text, or a number that JSON has no word for.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|Infinity')


def _json(table: Any) -> str:
    """JSON that every reader takes: NaN is null, an infinity a number that is beyond all floats."""
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    if "NaN" not in text and "Infinity" not in text:
        return text
    return _TOKEN.sub(lambda found: {"NaN": "null", "Infinity": "1e999"}.get(found[0], found[0]), text)


def _read(store: _native.Store, run_id: str, path: str) -> tuple[list[str], Rows] | None:
    try:
        content = store.read_artifact(run_id, path)
    except NotFound:
        return None
    if path.endswith(".json"):
        try:
            found = json.loads(content)
            return [str(name) for name in found["columns"]], [list(row) for row in found["data"]]
        except (ValueError, KeyError, TypeError):
            raise InvalidArgument(f"the artifact `{path}` of run {run_id} is no table: choose another path") from None
    import io

    frame = _pandas("a table as Parquet").read_parquet(io.BytesIO(content))
    return [str(name) for name in frame.columns], [[_plain(value) for value in row] for row in frame.values.tolist()]


def _pandas(what: str) -> Any:
    try:
        import pandas
    except ImportError:
        raise Unsupported(f"{what} needs the package pandas; install it") from None
    return pandas


