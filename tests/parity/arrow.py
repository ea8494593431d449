"""Reads a search through the C library with ctypes, as Arrow's structs, and compares it with what Python gives.

python arrow.py LIBRARY STORE
"""

import ctypes
import sys

import mlops
import pyarrow


class Str(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t)]

    @classmethod
    def of(cls, text):
        content = text.encode()
        return cls(content, len(content))


class OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("read_only", ctypes.c_int32),
        ("must_exist", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("uri", Str),
        ("sharing", ctypes.c_int32),
        ("must_be_new", ctypes.c_int32),
        ("durability", ctypes.c_int64),
    ]


class RunQuery(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("view", ctypes.c_int32),
        ("experiment_ids", ctypes.POINTER(Str)),
        ("experiment_ids_count", ctypes.c_size_t),
        ("filter", Str),
        ("order_by", ctypes.POINTER(Str)),
        ("order_by_count", ctypes.c_size_t),
        ("max_results", ctypes.c_size_t),
        ("page_token", Str),
    ]


class Structs:
    """Places that are larger than Arrow's structs, and zero: nothing to release."""

    def __init__(self):
        self.array, self.schema, self.stream = ((ctypes.c_int64 * 16)() for _ in range(3))


def main(path, uri):
    library = ctypes.CDLL(path)
    pointer = ctypes.c_void_p

    def call(name, *arguments):
        error = pointer()
        function = getattr(library, name)
        function.restype = ctypes.c_int32
        status = function(*arguments, ctypes.byref(error))
        if status != 0:
            library.mlops_error_message.restype = ctypes.c_char_p
            raise RuntimeError(f"{name}: {status}: {library.mlops_error_message(error).decode()}")

    store, table = pointer(), pointer()
    options = OpenOptions(ctypes.sizeof(OpenOptions), read_only=1, uri=Str.of(uri))
    call("mlops_store_open", ctypes.byref(options), ctypes.byref(store))
    orders = ["metrics.loss.min DESC", "run_name"]
    columns = ["run_id", "metrics.loss.min", "params.text", "start_time", "metrics.loss"]
    order_by = (Str * len(orders))(*map(Str.of, orders))
    names = (Str * len(columns))(*map(Str.of, columns))
    query = RunQuery(ctypes.sizeof(RunQuery), 2, order_by=order_by, order_by_count=len(orders))
    call("mlops_run_search_table", store, ctypes.byref(query), names, ctypes.c_size_t(len(columns)), ctypes.byref(table))

    # What Arrow has outlives the table and the store.
    structs = Structs()
    array, schema, stream = (ctypes.addressof(one) for one in (structs.array, structs.schema, structs.stream))
    call("mlops_table_arrow", table, pointer(array), pointer(schema))
    call("mlops_table_arrow_stream", table, pointer(stream))
    library.mlops_table_free(table)
    library.mlops_store_free(store)
    batch = pyarrow.RecordBatch._import_from_c(array, schema)
    streamed = pyarrow.RecordBatchReader._import_from_c(stream).read_all()
    batch.validate(full=True)
    streamed.validate(full=True)

    mlops.set_tracking_uri(uri)
    found = mlops.search_runs(
        search_all_experiments=True,
        run_view_type=mlops.entities.ViewType.ALL,
        order_by=orders,
        columns=columns,
        output_format="arrow",
    )
    expected = pyarrow.table(found)
    assert expected.num_rows > 5, expected
    for table in (pyarrow.Table.from_batches([batch]), streamed):
        assert table.schema == expected.schema, table.schema
        # As text: NaN is not the same as itself.
        assert str(table.to_pydict()) == str(expected.to_pydict())


if __name__ == "__main__":
    main(*sys.argv[1:])
