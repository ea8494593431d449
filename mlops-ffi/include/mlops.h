/*
 * mlops: experiment tracking, data, features, registry, monitoring and rollout in one embedded store.
 *
 * Made from the sources of mlops-ffi; a test makes it again and compares. Do not edit it.
 *
 * Rules that hold for every function:
 *
 * - Errors. A function that can fail returns an mlops_status, MLOPS_OK or an error's number. Its last parameter `err`
 *   may be NULL; else `*err` becomes NULL on success and a new error on failure, with the value that was wrong and the
 *   way out, freed with mlops_error_free. Other outputs are written only on success.
 * - Pointers. NULL gives MLOPS_INVALID_ARGUMENT, but for `err`, for arrays of length 0, and for the functions that
 *   free or read one field, which take NULL as nothing. No input aborts the program; a panic inside the library
 *   becomes MLOPS_INTERNAL.
 * - Text is UTF-8 with a length (mlops_str): MLOPS_STR("literal") or mlops_cstr(pointer). Arguments are borrowed for
 *   the call. Text that comes back is borrowed from the object it was read from, lives as long as that, and is
 *   followed by a NUL that its length does not count.
 * - Ownership. What an out parameter gives is the caller's, and is freed with the function of its type: never with
 *   free(). What a list gives belongs to the list.
 * - Threads. Every function may be called from any thread, also at the same time on one handle. Free a handle when no
 *   other thread uses it any more. Calls block; the store has threads of its own, which stop when it closes.
 * - Fork. A forked child can only free what it inherited; all other calls on it give MLOPS_INVALID_STATE. It opens
 *   stores of its own.
 * - Structs that begin with struct_size grow in later versions: begin with their MLOPS_..._INIT macro.
 * - Times are UTC microseconds since 1970.
 */


#ifndef MLOPS_H
#define MLOPS_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The version of this header; mlops_version() is that of the library. */
#define MLOPS_VERSION "0.1.0"
#define MLOPS_VERSION_MAJOR 0
#define MLOPS_VERSION_MINOR 1
#define MLOPS_VERSION_PATCH 0
#define MLOPS_VERSION_NUMBER 1000
/** The version of the binary interface, and the number in the soname. */
#define MLOPS_ABI_VERSION 0

/** The call succeeded. */
#define MLOPS_OK 0
/** An argument is not what it must be. */
#define MLOPS_INVALID_ARGUMENT 1
/** The named thing does not exist. */
#define MLOPS_NOT_FOUND 2
/** The thing to be created exists. */
#define MLOPS_ALREADY_EXISTS 3
/** The call contradicts what is stored. */
#define MLOPS_CONFLICT 4
/** The thing is in a state that does not allow the call. */
#define MLOPS_INVALID_STATE 5
/** Something is larger than its limit. */
#define MLOPS_LIMIT_EXCEEDED 6
/** Another process holds the store and does not answer, or cannot be asked from here. */
#define MLOPS_LOCKED 7
/** Stored bytes do not match their checksum or their form. */
#define MLOPS_CORRUPT 8
/** The store was written by a newer version. */
#define MLOPS_NEWER_FORMAT 9
/** The operating system refused a file operation. */
#define MLOPS_IO 10
/** The disk or the quota is full. */
#define MLOPS_OUT_OF_SPACE 11
/** The store or its folder does not allow writing. */
#define MLOPS_READ_ONLY 12
/** Loading would run code that this user has not trusted. */
#define MLOPS_UNTRUSTED 13
/** This build, engine or platform cannot do it. */
#define MLOPS_UNSUPPORTED 14
/** The thing is used by another thread or process at this moment. */
#define MLOPS_BUSY 15
/** A bug in mlops, or a dependency that failed. */
#define MLOPS_INTERNAL 16
/** No process owns the store, and this one may not. */
#define MLOPS_NO_OWNER 17
/** A policy does not allow it: an approval, a gate or what it asks for is missing, or the actor may not. */
#define MLOPS_DENIED 18
/** What it rests on was made of a state that is not the current one any more. */
#define MLOPS_STALE 19

/* The structs of the Arrow C data and stream interfaces, as every library that speaks them declares them. */

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

#ifdef __cplusplus
}
#endif


/**
 * As the opening of the store says, or for that `MLOPS_DURABILITY`: `fast` or `full`; else as `MLOPS_DURABILITY_FAST`.
 */
#define MLOPS_DURABILITY_DEFAULT 0

/**
 * What is logged survives the death of the process at once, and power loss after at most a second.
 */
#define MLOPS_DURABILITY_FAST 1

/**
 * What is logged is on the disk when the call returns: it survives power loss.
 */
#define MLOPS_DURABILITY_FULL 2

/**
 * A store of its user alone: folders 0700, files 0600.
 */
#define MLOPS_SHARING_PRIVATE 0

/**
 * A store for all users of its folder's group: folders 2770, files 0660.
 */
#define MLOPS_SHARING_GROUP 1

/**
 * Only what is not deleted.
 */
#define MLOPS_VIEW_ACTIVE 0

/**
 * Only what is deleted.
 */
#define MLOPS_VIEW_DELETED 1

/**
 * All.
 */
#define MLOPS_VIEW_ALL 2

/**
 * It is there.
 */
#define MLOPS_LIFECYCLE_ACTIVE 0

/**
 * It is deleted and hidden from lists that do not ask for it.
 */
#define MLOPS_LIFECYCLE_DELETED 1

/**
 * It logs.
 */
#define MLOPS_RUN_RUNNING 1

/**
 * It is planned.
 */
#define MLOPS_RUN_SCHEDULED 2

/**
 * It ended well.
 */
#define MLOPS_RUN_FINISHED 3

/**
 * It ended with an error.
 */
#define MLOPS_RUN_FAILED 4

/**
 * Its process was killed.
 */
#define MLOPS_RUN_KILLED 5

/**
 * No time: now, where a time is given; not yet, where one is read.
 */
#define MLOPS_TIME_NONE INT64_MIN

/**
 * Standard output.
 */
#define MLOPS_CONSOLE_OUTPUT 1

/**
 * Standard error.
 */
#define MLOPS_CONSOLE_ERROR 2

/**
 * The param is `text`.
 */
#define MLOPS_PARAM_TEXT 0

/**
 * The param is `integer`.
 */
#define MLOPS_PARAM_INT 1

/**
 * The param is `number`.
 */
#define MLOPS_PARAM_FLOAT 2

/**
 * The param is true if `integer` is not 0.
 */
#define MLOPS_PARAM_BOOL 3

/**
 * The param is Python's `None`.
 */
#define MLOPS_PARAM_NONE 4

/**
 * A column of texts.
 */
#define MLOPS_COLUMN_TEXT 0

/**
 * A column of floating point numbers.
 */
#define MLOPS_COLUMN_NUMBER 1

/**
 * A column of times, in UTC microseconds.
 */
#define MLOPS_COLUMN_TIME 2

/**
 * Every point, where a step says the last that counts.
 */
#define MLOPS_STEP_ALL INT64_MAX

/**
 * UTF-8.
 */
#define MLOPS_MEDIA_TEXT 1

/**
 * The bytes of a PNG, JPEG, GIF, WebP or SVG file.
 */
#define MLOPS_MEDIA_IMAGE 2

/**
 * JSON: `{"columns": ["a"], "rows": [[1]]}`.
 */
#define MLOPS_MEDIA_TABLE 3

/**
 * JSON: `{"edges": [0.0, 1.0], "counts": [5.0]}`.
 */
#define MLOPS_MEDIA_HISTOGRAM 4

/**
 * Good to know.
 */
#define MLOPS_ALERT_INFO 0

/**
 * Something may be wrong.
 */
#define MLOPS_ALERT_WARN 1

/**
 * Something is wrong.
 */
#define MLOPS_ALERT_ERROR 2

/**
 * A run that changed in both stores stays as it is in the destination, and every sync reports it.
 */
#define MLOPS_ON_CONFLICT_SKIP 0

/**
 * A run that changed in both stores becomes what it is in the source.
 */
#define MLOPS_ON_CONFLICT_THEIRS 1

/**
 * A run that changed in both stores stays as it is in the destination, and counts as the newer from now on.
 */
#define MLOPS_ON_CONFLICT_OURS 2

/**
 * Go on with the trial.
 */
#define MLOPS_TRIAL_CONTINUE 0

/**
 * It is not worth going on with the trial.
 */
#define MLOPS_TRIAL_STOP 1

/**
 * Stands for no version: nothing is there.
 */
#define MLOPS_VERSION_NONE 0

/**
 * Whatever the generation is, where a call asks which one is expected.
 */
#define MLOPS_GENERATION_ANY -1

/**
 * Waits for as long as it takes.
 */
#define MLOPS_WAIT_FOREVER INT64_MAX

/**
 * A column of floating point numbers; NaN is a value that is missing.
 */
#define MLOPS_GATE_NUMBERS 0

/**
 * A column of integers, such as labels. If one is beyond 2^53 all are texts, which have the same digits.
 */
#define MLOPS_GATE_INTEGERS 1

/**
 * A column of texts; an empty one is a value that is missing.
 */
#define MLOPS_GATE_TEXTS 2

/**
 * A cost that is not known.
 */
#define MLOPS_GATE_COST_UNKNOWN -1.0

/**
 * What may be promoted.
 */
#define MLOPS_GATE_CANDIDATE 0

/**
 * What it is held against.
 */
#define MLOPS_GATE_BASELINE 1

/**
 * It could not be judged: NaN, missing rows, or what else the reason says.
 */
#define MLOPS_VERDICT_ERROR 0

/**
 * What is asked for is shown.
 */
#define MLOPS_VERDICT_PASS 1

/**
 * It is shown that what is asked for is not so.
 */
#define MLOPS_VERDICT_FAIL 2

/**
 * The data cannot tell.
 */
#define MLOPS_VERDICT_INCONCLUSIVE 3

/**
 * A count that is not known.
 */
#define MLOPS_GATE_COUNT_NONE -1

/**
 * Keeps a listener told of alerts, until it is freed with `mlops_alert_subscription_free`.
 */
typedef struct mlops_alert_subscription mlops_alert_subscription;

/**
 * The files and folders of one artifact folder. Freed with `mlops_artifacts_free`.
 */
typedef struct mlops_artifacts mlops_artifacts;

/**
 * Keeps what is said with a run, until it is ended or freed with `mlops_console_free`.
 */
typedef struct mlops_console mlops_console;

/**
 * What went wrong in one call. Freed with `mlops_error_free`.
 */
typedef struct mlops_error mlops_error;

/**
 * An experiment as it was when it was read. Freed with `mlops_experiment_free`, unless it belongs to a list.
 */
typedef struct mlops_experiment mlops_experiment;

/**
 * A page of experiments. Freed with `mlops_experiments_free`.
 */
typedef struct mlops_experiments mlops_experiments;

/**
 * What a gate asks for: it does not change. Freed with `mlops_gate_definition_free`.
 */
typedef struct mlops_gate_definition mlops_gate_definition;

/**
 * All that a gate looks at: what is there when it begins. Freed with `mlops_gate_inputs_free`.
 */
typedef struct mlops_gate_inputs mlops_gate_inputs;

/**
 * What a gate found: it does not change. Freed with `mlops_gate_report_free`.
 */
typedef struct mlops_gate_report mlops_gate_report;

/**
 * One run, to log to. Freed with `mlops_run_free`, which does not end the run. The store stays open as long as it has
 * runs.
 */
typedef struct mlops_run mlops_run;

/**
 * A run as it was when it was read. Freed with `mlops_run_data_free`, unless it belongs to a list.
 */
typedef struct mlops_run_data mlops_run_data;

/**
 * A page of runs. Freed with `mlops_runs_free`.
 */
typedef struct mlops_runs mlops_runs;

/**
 * The points of one metric as it was when it was read. Freed with `mlops_series_free`.
 */
typedef struct mlops_series mlops_series;

/**
 * An open store. Freed with `mlops_store_free`.
 */
typedef struct mlops_store mlops_store;

/**
 * A sweep, to take trials from. Freed with `mlops_sweep_free`.
 */
typedef struct mlops_sweep mlops_sweep;

/**
 * Runs as columns, all of the same length, in the order of the search. Freed with `mlops_table_free`.
 */
typedef struct mlops_table mlops_table;

/**
 * A trial that this process has taken. Freed with `mlops_trial_free`, which does not end it.
 */
typedef struct mlops_trial mlops_trial;

/**
 * Knows which version is in production, or which one an alias points to, whichever process changes it. Freed with
 * `mlops_watch_free`.
 */
typedef struct mlops_watch mlops_watch;

/**
 * Keeps a listener told of changes, until it is freed with `mlops_watch_subscription_free`.
 */
typedef struct mlops_watch_subscription mlops_watch_subscription;

/**
 * Bytes that the caller owns and frees with `mlops_buf_free`, never with `free`. Behind the last byte stands a NUL
 * that `len` does not count. Begin with `MLOPS_BUF_INIT`.
 */
typedef struct mlops_buf {
  /**
   * The first byte; NULL in a buffer that is empty or freed.
   */
  char *data;
  /**
   * How many bytes.
   */
  size_t len;
  /**
   * Private to the library.
   */
  size_t capacity;
} mlops_buf;

/**
 * How a call went: `MLOPS_OK` or the number of an error. Numbers never change; new ones may come.
 */
typedef int32_t mlops_status;

/**
 * Text in UTF-8, borrowed. As an argument it is borrowed for the call, `{NULL, 0}` is the empty text, and no NUL is
 * needed at its end. Text that comes from the library is followed by a NUL that `len` does not count.
 */
typedef struct mlops_str {
  /**
   * The first byte.
   */
  const char *ptr;
  /**
   * How many bytes.
   */
  size_t len;
} mlops_str;

/**
 * How a store is opened. Begin with `MLOPS_OPEN_OPTIONS_INIT`.
 */
typedef struct mlops_open_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0: opens for reading only, which any number of processes may, also while another writes.
   */
  int32_t read_only;
  /**
   * Not 0: a store that does not exist is an error.
   */
  int32_t must_exist;
  /**
   * Must be 0.
   */
  int32_t reserved;
  /**
   * A path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops/` upwards, else a new one here.
   */
  struct mlops_str uri;
  /**
   * Of a store that is made: `MLOPS_SHARING_PRIVATE` (default) or `MLOPS_SHARING_GROUP`. A store that exists is what it
   * is; to ask for a group's where it is private is an error. Since 0.1.
   */
  int32_t sharing;
  /**
   * Not 0: a store that exists is an error, and an empty `uri` is `MLOPS_STORE`, else `.mlops/` here. Since 0.1.
   */
  int32_t must_be_new;
  /**
   * When what runs log is acknowledged: `MLOPS_DURABILITY_DEFAULT`, `MLOPS_DURABILITY_FAST` or
   * `MLOPS_DURABILITY_FULL`.
   */
  int64_t durability;
} mlops_open_options;

/**
 * How `mlops_store_gc` works. Begin with `MLOPS_GC_OPTIONS_INIT`, which only counts.
 */
typedef struct mlops_gc_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0 (default): nothing is changed, what would go is counted.
   */
  int32_t dry_run;
  /**
   * Not 0: deleted runs and logged models are removed for good, with what only they refer to. Default 0.
   */
  int32_t deleted_runs;
  /**
   * Must be 0.
   */
  int32_t reserved;
  /**
   * What was written, put again or deleted within this time stays, in microseconds; default: 10 minutes.
   */
  int64_t older_than_us;
} mlops_gc_options;

/**
 * A key and its text: a tag.
 */
typedef struct mlops_tag {
  /**
   * The key: 1 to 500 bytes.
   */
  struct mlops_str key;
  /**
   * The text.
   */
  struct mlops_str value;
} mlops_tag;

/**
 * Which page of a list. Begin with `MLOPS_PAGE_OPTIONS_INIT`.
 */
typedef struct mlops_page_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
   */
  int32_t view;
  /**
   * Most results of the page, 1 to 50,000; 0 (default): 1,000.
   */
  size_t max_results;
  /**
   * Where to go on, from the page before; empty: at the beginning.
   */
  struct mlops_str page_token;
} mlops_page_options;

/**
 * What a search for experiments looks for. Begin with `MLOPS_EXPERIMENT_QUERY_INIT`, which finds the active ones.
 */
typedef struct mlops_experiment_query {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
   */
  int32_t view;
  /**
   * A filter such as `name LIKE 'churn%' AND tags.team = 'growth'`; empty: every experiment.
   */
  struct mlops_str filter;
  /**
   * Order such as `name ASC`; then creation and id, both descending.
   */
  const struct mlops_str *order_by;
  /**
   * How many orders.
   */
  size_t order_by_count;
  /**
   * Most experiments of the page, 1 to 50,000; 0 (default): 1,000.
   */
  size_t max_results;
  /**
   * Where to go on, from the page before; empty: at the beginning.
   */
  struct mlops_str page_token;
} mlops_experiment_query;

/**
 * What identifies an experiment. Begin with `MLOPS_EXPERIMENT_INFO_INIT`; the texts live as long as the experiment.
 */
typedef struct mlops_experiment_info {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_LIFECYCLE_ACTIVE` or `MLOPS_LIFECYCLE_DELETED`.
   */
  int32_t lifecycle;
  /**
   * The id: a number as text, counted up from "0".
   */
  struct mlops_str experiment_id;
  /**
   * The name, unique in the store.
   */
  struct mlops_str name;
  /**
   * When it was made, in UTC microseconds.
   */
  int64_t created_at;
  /**
   * When its name, tags or lifecycle last changed, in UTC microseconds.
   */
  int64_t updated_at;
} mlops_experiment_info;

/**
 * How a run begins. Begin with `MLOPS_RUN_OPTIONS_INIT`; an empty text is not given.
 */
typedef struct mlops_run_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The id to give: 1 to 256 letters, digits, `_` or `-`; default: a new UUID as 32 hex digits.
   */
  struct mlops_str run_id;
  /**
   * The experiment's id; default: the experiment named by `experiment_name`, else "0".
   */
  struct mlops_str experiment_id;
  /**
   * The experiment's name, made if it does not exist.
   */
  struct mlops_str experiment_name;
  /**
   * The run's name; default: a generated one like `swift-otter-412`.
   */
  struct mlops_str run_name;
  /**
   * The run that this one is nested under.
   */
  struct mlops_str parent_run_id;
  /**
   * A text about the run, kept as the tag `mlflow.note.content`.
   */
  struct mlops_str description;
  /**
   * What was started; default: the program's name.
   */
  struct mlops_str source_name;
  /**
   * `LOCAL`, `NOTEBOOK`, `JOB`...; default: `LOCAL`.
   */
  struct mlops_str source_type;
  /**
   * Who started it; default: the user of the process.
   */
  struct mlops_str user;
  /**
   * Tags to begin with.
   */
  const struct mlops_tag *tags;
  /**
   * How many tags.
   */
  size_t tags_count;
  /**
   * When it began, in UTC microseconds; default: `MLOPS_TIME_NONE`, now.
   */
  int64_t started_at;
} mlops_run_options;

/**
 * How the machine is measured. Begin with `MLOPS_SYSTEM_METRICS_OPTIONS_INIT`.
 */
typedef struct mlops_system_metrics_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * How many samples one point is the mean of; default 1.
   */
  uint32_t samples_before_logging;
  /**
   * The time between two samples in microseconds, 1,000 or more; default 10,000,000.
   */
  int64_t interval_us;
  /**
   * What this machine is called between `system/` and the rest of a metric's name; default: nothing.
   */
  struct mlops_str node_id;
} mlops_system_metrics_options;

/**
 * How the console is captured. Begin with `MLOPS_CONSOLE_OPTIONS_INIT`.
 */
typedef struct mlops_console_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0 (default): the descriptors 1 and 2 are led here, with what C libraries and child processes say; it goes on to
   * where it went before. 0: only what `mlops_console_write` is given.
   */
  int32_t descriptors;
  /**
   * How soon what was said is kept with the run, in microseconds; default 3,000,000.
   */
  int64_t flush_every_us;
  /**
   * What is held while it cannot be kept, in bytes; what is more is dropped and counted. Default 4 MiB.
   */
  size_t buffer_bytes;
} mlops_console_options;

/**
 * Bytes, borrowed for the call.
 */
typedef struct mlops_bytes {
  /**
   * The first byte.
   */
  const void *ptr;
  /**
   * How many bytes.
   */
  size_t len;
} mlops_bytes;

/**
 * One param: `kind` says which field has the value. `mlops_param_text` and its sisters fill it.
 */
typedef struct mlops_param {
  /**
   * The key: 1 to 500 bytes.
   */
  struct mlops_str key;
  /**
   * The text. When read: of any kind, as every language writes it (floats as Python does).
   */
  struct mlops_str text;
  /**
   * The integer, or the truth.
   */
  int64_t integer;
  /**
   * The floating point number. When read: of any kind but text.
   */
  double number;
  /**
   * `MLOPS_PARAM_TEXT`, `MLOPS_PARAM_INT`...
   */
  int32_t kind;
  /**
   * Must be 0.
   */
  int32_t reserved;
} mlops_param;

/**
 * One point of one metric.
 */
typedef struct mlops_metric {
  /**
   * The metric: 1 to 500 bytes.
   */
  struct mlops_str key;
  /**
   * The value; NaN and infinities are kept.
   */
  double value;
  /**
   * The step.
   */
  int64_t step;
  /**
   * When, in UTC microseconds; `MLOPS_TIME_NONE`: now.
   */
  int64_t at;
} mlops_metric;

/**
 * Params, tags and points that are logged as one record: wholly in or wholly out. Begin with `MLOPS_BATCH_INIT`.
 */
typedef struct mlops_batch {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * Params; the same key twice is an error.
   */
  const struct mlops_param *params;
  /**
   * How many params.
   */
  size_t params_count;
  /**
   * Tags; of the same key twice the later wins.
   */
  const struct mlops_tag *tags;
  /**
   * How many tags.
   */
  size_t tags_count;
  /**
   * Points.
   */
  const struct mlops_metric *metrics;
  /**
   * How many points.
   */
  size_t metrics_count;
  /**
   * When the batch is acknowledged: `MLOPS_DURABILITY_DEFAULT` as the store was opened, `MLOPS_DURABILITY_FAST` or
   * `MLOPS_DURABILITY_FULL`.
   */
  int64_t durability;
} mlops_batch;

/**
 * Columns of one length, borrowed. `mlops_points_of(values, count)` fills it without steps and times.
 */
typedef struct mlops_points {
  /**
   * The steps. As an argument NULL: they count up from 0.
   */
  const int64_t *steps;
  /**
   * The times in UTC microseconds. As an argument NULL: now.
   */
  const int64_t *times;
  /**
   * The values.
   */
  const double *values;
  /**
   * How many points.
   */
  size_t count;
} mlops_points;

/**
 * One file in memory.
 */
typedef struct mlops_file {
  /**
   * Its path among the artifacts, parts joined by `/`.
   */
  struct mlops_str path;
  /**
   * Its content.
   */
  struct mlops_bytes bytes;
} mlops_file;

/**
 * A data set that a run has as an input. Begin with `MLOPS_DATASET_INPUT_INIT`.
 */
typedef struct mlops_dataset_input {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The name: 1 to 500 bytes.
   */
  struct mlops_str name;
  /**
   * A digest of the content: 1 to 500 bytes. Of one name, digest and context a run keeps the first.
   */
  struct mlops_str digest;
  /**
   * What kind of source it is, such as `local` or `http`: 1 to 500 bytes.
   */
  struct mlops_str source_type;
  /**
   * Where the data comes from, as JSON: `{"uri": "data/train.csv"}`.
   */
  struct mlops_str source;
  /**
   * Columns and types, as JSON; empty: not known.
   */
  struct mlops_str schema;
  /**
   * Statistics such as the number of rows, as JSON; empty: not known.
   */
  struct mlops_str profile;
  /**
   * What the data was used for, such as `training`; empty: not told. It is the tag `mlflow.data.context`.
   */
  struct mlops_str context;
  /**
   * Tags; of the same key twice the later wins.
   */
  const struct mlops_tag *tags;
  /**
   * How many tags.
   */
  size_t tags_count;
  /**
   * When the input is acknowledged: `MLOPS_DURABILITY_DEFAULT` as the store was opened, `MLOPS_DURABILITY_FAST` or
   * `MLOPS_DURABILITY_FULL`.
   */
  int64_t durability;
} mlops_dataset_input;

/**
 * One file of a model: the bytes, or a local file.
 */
typedef struct mlops_model_file {
  /**
   * The path in the model's folder, parts joined by `/`.
   */
  struct mlops_str path;
  /**
   * What is in it, unless `local_path` is set.
   */
  struct mlops_bytes bytes;
  /**
   * The local file that is stored; empty: the bytes are.
   */
  struct mlops_str local_path;
} mlops_model_file;

/**
 * A model that is logged. Begin with `MLOPS_MODEL_INIT`.
 */
typedef struct mlops_model {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * How frameworks load it, as JSON: `{"my_framework": {"data": "weights.bin"}}`. At least one.
   */
  struct mlops_str flavors;
  /**
   * What goes in and comes out, as JSON in MLflow's form; empty: not told.
   */
  struct mlops_str signature;
  /**
   * What else is kept with it, as JSON; empty: nothing.
   */
  struct mlops_str metadata;
  /**
   * The files.
   */
  const struct mlops_model_file *files;
  /**
   * How many files.
   */
  size_t files_count;
} mlops_model;

/**
 * What identifies a run and how it stands. Begin with `MLOPS_RUN_INFO_INIT`; the texts live as long as the run's data.
 */
typedef struct mlops_run_info {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_RUN_RUNNING`, `MLOPS_RUN_FINISHED`...
   */
  int32_t status;
  /**
   * `MLOPS_LIFECYCLE_ACTIVE` or `MLOPS_LIFECYCLE_DELETED`.
   */
  int32_t lifecycle;
  /**
   * 0.
   */
  int32_t reserved;
  /**
   * The run's id.
   */
  struct mlops_str run_id;
  /**
   * Its experiment's id.
   */
  struct mlops_str experiment_id;
  /**
   * Its name.
   */
  struct mlops_str run_name;
  /**
   * Who started it.
   */
  struct mlops_str user;
  /**
   * The host it was started on.
   */
  struct mlops_str host;
  /**
   * The run it is nested under; empty if none.
   */
  struct mlops_str parent_run_id;
  /**
   * When it began, in UTC microseconds.
   */
  int64_t started_at;
  /**
   * When it ended, in UTC microseconds; `MLOPS_TIME_NONE` while it runs.
   */
  int64_t ended_at;
} mlops_run_info;

/**
 * What a run says about one metric, without its points. Begin with `MLOPS_METRIC_SUMMARY_INIT`; the key lives as long
 * as the run's data.
 */
typedef struct mlops_metric_summary {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The metric.
   */
  struct mlops_str key;
  /**
   * The value at the largest (step, time, value).
   */
  double last;
  /**
   * The step of `last`.
   */
  int64_t last_step;
  /**
   * The time of `last`, in UTC microseconds.
   */
  int64_t last_at;
  /**
   * The smallest value; NaN only if every value is.
   */
  double min;
  /**
   * The largest value; NaN only if every value is.
   */
  double max;
  /**
   * How many points were logged.
   */
  uint64_t count;
} mlops_metric_summary;

/**
 * What a search looks for. Begin with `MLOPS_RUN_QUERY_INIT`, which finds the active runs of all experiments.
 */
typedef struct mlops_run_query {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_VIEW_ACTIVE` (default), `MLOPS_VIEW_DELETED` or `MLOPS_VIEW_ALL`.
   */
  int32_t view;
  /**
   * The ids of the experiments to look in; none: all.
   */
  const struct mlops_str *experiment_ids;
  /**
   * How many ids.
   */
  size_t experiment_ids_count;
  /**
   * A filter such as `metrics.loss < 0.1`; empty: every run.
   */
  struct mlops_str filter;
  /**
   * Order such as `metrics.loss DESC`; then start time descending and run id.
   */
  const struct mlops_str *order_by;
  /**
   * How many orders.
   */
  size_t order_by_count;
  /**
   * Most runs of the page, 1 to 50,000; 0 (default): 1,000. Of a table any number; 0: all.
   */
  size_t max_results;
  /**
   * Where to go on, from the page before; empty: at the beginning.
   */
  struct mlops_str page_token;
} mlops_run_query;

/**
 * A column of a table. Begin with `MLOPS_COLUMN_INIT`; the name lives as long as the table.
 */
typedef struct mlops_column {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_COLUMN_TEXT`, `MLOPS_COLUMN_NUMBER` or `MLOPS_COLUMN_TIME`.
   */
  int32_t kind;
  /**
   * As it was asked for, or such as `run_id`, `metrics.loss` or `params.depth`.
   */
  struct mlops_str name;
} mlops_column;

/**
 * What one run has in one column: `kind` says which field it is in. Begin with `MLOPS_CELL_INIT`; the text lives as long
 * as the table.
 */
typedef struct mlops_cell {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_COLUMN_TEXT`, `MLOPS_COLUMN_NUMBER` or `MLOPS_COLUMN_TIME`.
   */
  int32_t kind;
  /**
   * 1 if the run has nothing there, else 0.
   */
  int32_t is_null;
  /**
   * 0.
   */
  int32_t reserved;
  /**
   * The text; empty in another column.
   */
  struct mlops_str text;
  /**
   * The number; NaN where there is none, and NaN is a number too.
   */
  double number;
  /**
   * The time in UTC microseconds; `MLOPS_TIME_NONE` where there is none.
   */
  int64_t time;
} mlops_cell;

/**
 * One file or folder among a run's artifacts. Begin with `MLOPS_ARTIFACT_INIT`; the texts live as long as the list.
 */
typedef struct mlops_artifact {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 1 for a folder, else 0.
   */
  int32_t is_dir;
  /**
   * The path, parts joined by `/`.
   */
  struct mlops_str path;
  /**
   * The digest of a file's content, `blake3:` and 64 hex digits; empty for a folder.
   */
  struct mlops_str digest;
  /**
   * Size of a file in bytes; 0 for a folder.
   */
  uint64_t size_bytes;
} mlops_artifact;

/**
 * Who is told of alerts: `callback` is called with `user_data` and the alert as JSON, `{"run_id", "title", "text",
 * "level": "WARN", "at": microseconds}`, in the thread that raises it. The text lives for the call, and ends with a NUL
 * that its length does not count. The callback must not unwind.
 */
typedef struct mlops_alert_listener {
  /**
   * What is called.
   */
  void (*callback)(void *user_data, struct mlops_str alert);
  /**
   * What it is given; it may be called from any thread that raises an alert.
   */
  void *user_data;
} mlops_alert_listener;

/**
 * Which runs `mlops_store_sync` copies, and how. Begin with `MLOPS_SYNC_OPTIONS_INIT`, which copies all.
 */
typedef struct mlops_sync_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0: nothing is written, and the report says what would be. Default 0.
   */
  int32_t dry_run;
  /**
   * `MLOPS_ON_CONFLICT_SKIP` (default), `MLOPS_ON_CONFLICT_THEIRS` or `MLOPS_ON_CONFLICT_OURS`.
   */
  int32_t on_conflict;
  /**
   * Not 0: deleted runs too, which are deleted in the destination then. Default 0.
   */
  int32_t include_deleted;
  /**
   * Not 0: runs of an experiment that is deleted in the destination are passed over. Default 0: that is an error.
   */
  int32_t skip_deleted_experiments;
  /**
   * Must be 0.
   */
  int32_t reserved;
  /**
   * Only these runs; none: all.
   */
  const struct mlops_str *run_ids;
  /**
   * How many ids.
   */
  size_t run_ids_count;
  /**
   * Only runs of the experiments of these names; none: of all.
   */
  const struct mlops_str *experiment_names;
  /**
   * How many names.
   */
  size_t experiment_names_count;
  /**
   * Only runs that match this filter; empty: every run.
   */
  struct mlops_str filter;
  /**
   * Only runs that ended at this time, in microseconds, or later, or run still; `MLOPS_TIME_NONE` (default): all.
   */
  int64_t since;
} mlops_sync_options;

/**
 * How a report is made. Begin with `MLOPS_REPORT_OPTIONS_INIT`.
 */
typedef struct mlops_report_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The heading; empty: the run's name, or how many runs there are.
   */
  struct mlops_str title;
  /**
   * The largest image to put into the file, in bytes; default 4 MiB. Larger ones are listed as left out.
   */
  uint64_t image_bytes;
  /**
   * How much all images may take together, in bytes; default 24 MiB.
   */
  uint64_t images_bytes;
  /**
   * Most points of a curve, 10 to 100,000; default 4,000. Of more, the smallest and the largest of every stretch are
   * kept.
   */
  size_t points;
} mlops_report_options;

/**
 * Which models or versions are looked for. Begin with `MLOPS_MODEL_QUERY_INIT`, which finds all.
 */
typedef struct mlops_model_query {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * A filter: models have `name`, `creation_timestamp`, `last_updated_timestamp` and tags, versions `version_number`,
   * `run_id`, `source_path` and `current_stage` too; empty: all.
   */
  struct mlops_str filter;
  /**
   * Order such as `version_number DESC`; then the name, and of versions the highest number first.
   */
  const struct mlops_str *order_by;
  /**
   * How many orders.
   */
  size_t order_by_count;
  /**
   * Most results of the page, 1 to 50,000; 0 (default): 1,000.
   */
  size_t max_results;
  /**
   * Where to go on, from the page before; empty: at the beginning.
   */
  struct mlops_str page_token;
} mlops_model_query;

/**
 * How a version is made. Begin with `MLOPS_VERSION_OPTIONS_INIT`.
 */
typedef struct mlops_version_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0 (default): a source that this store does not have is an error. 0: the version has no files and no digest then.
   */
  int32_t must_exist;
  /**
   * Not 0: a registered model that does not exist is an error. Default 0: it is made, in the same commit.
   */
  int32_t model_must_exist;
  /**
   * Not 0: it is meant that the store does not have the files, where a policy asks for verified sources. Default 0.
   */
  int32_t external;
  /**
   * Where it is from: `runs:/<run id>/<path>`, `models:/<logged model>` or `models:/<name>/<number>`, whose files belong
   * to the version from then on; without `must_exist` any URI.
   */
  struct mlops_str source;
  /**
   * The run that made it; empty: that of the source.
   */
  struct mlops_str run_id;
  /**
   * A link to that run where it is elsewhere; empty: none.
   */
  struct mlops_str run_link;
  /**
   * The logged model that it was made of; empty: that of the source.
   */
  struct mlops_str model_id;
  /**
   * What it is; empty: not told.
   */
  struct mlops_str description;
  /**
   * Its tags.
   */
  const struct mlops_tag *tags;
  /**
   * How many tags.
   */
  size_t tags_count;
} mlops_version_options;

/**
 * How a version is promoted. Begin with `MLOPS_PROMOTE_OPTIONS_INIT`.
 */
typedef struct mlops_promote_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0: who leaves production goes to Staging. Default 0: it is archived.
   */
  int32_t keep_existing;
  /**
   * Not 0: nothing may be left in production, where a policy is strict about it. Default 0.
   */
  int32_t leave_empty;
  /**
   * Must be 0.
   */
  int32_t reserved;
  /**
   * Where it goes; empty: Production.
   */
  struct mlops_str to;
  /**
   * The slot of production, such as `eu`; empty: the one that every model has.
   */
  struct mlops_str slot;
  /**
   * The generation that the slot must have; `MLOPS_GENERATION_ANY` (default): any. Else it is `MLOPS_CONFLICT`, which says
   * who was faster.
   */
  int64_t expect;
} mlops_promote_options;

/**
 * What a gate said of a version. Begin with `MLOPS_GATE_INIT`.
 */
typedef struct mlops_gate {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * The name of the gate, as a policy's field `gate` has it.
   */
  struct mlops_str name;
  /**
   * `pass`, `fail`, `error`, `inconclusive` or `ask`. A verdict on a metric that is NaN is noted as an error, and promotes nothing.
   */
  struct mlops_str verdict;
  /**
   * The version that it was held against; `MLOPS_VERSION_NONE` (default): nothing was in production.
   */
  int64_t baseline;
  /**
   * The candidate's metrics; of each the key and the value count.
   */
  const struct mlops_metric *metrics;
  /**
   * How many metrics.
   */
  size_t metrics_count;
  /**
   * What it found, as JSON; empty: not told.
   */
  struct mlops_str report;
  /**
   * The digest of the data that it looked at; empty: not told.
   */
  struct mlops_str data;
  /**
   * The digest of what the gate itself asks for; empty: not told.
   */
  struct mlops_str rules;
} mlops_gate;

/**
 * Who is told of changes: `callback` is called with `user_data`, the version that is there now, or `MLOPS_VERSION_NONE`, and
 * how often it has changed. The callback must not unwind, and should be short.
 */
typedef struct mlops_watch_listener {
  /**
   * What is called.
   */
  void (*callback)(void *user_data, int64_t version, int64_t changes);
  /**
   * What it is given; it is called from a thread of the library.
   */
  void *user_data;
} mlops_watch_listener;

/**
 * One value for each row: `kind` says which array has them. `mlops_gate_numbers`, `mlops_gate_integers` and
 * `mlops_gate_texts` make it, or begin with `MLOPS_GATE_COLUMN_INIT`.
 */
typedef struct mlops_gate_column {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_GATE_NUMBERS`, `MLOPS_GATE_INTEGERS` or `MLOPS_GATE_TEXTS`.
   */
  int32_t kind;
  /**
   * The values of a column of numbers.
   */
  const double *numbers;
  /**
   * The values of a column of integers.
   */
  const int64_t *integers;
  /**
   * The values of a column of texts.
   */
  const struct mlops_str *texts;
  /**
   * How many values.
   */
  size_t count;
} mlops_gate_column;

/**
 * What a model costs. Begin with `MLOPS_GATE_COSTS_INIT`.
 */
typedef struct mlops_gate_costs {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * How long calls took, in seconds, without those to warm up; those of candidate and baseline were made in turn.
   */
  const double *latencies;
  /**
   * How many calls.
   */
  size_t latencies_count;
  /**
   * The size of its files, in bytes; `MLOPS_GATE_COST_UNKNOWN` (default): not known. So are the others.
   */
  double size_bytes;
  /**
   * The most memory that it took, in bytes.
   */
  double peak_rss_bytes;
  /**
   * How long loading it took, in seconds.
   */
  double load_seconds;
} mlops_gate_costs;

/**
 * A metric of the caller's own that is no mean of values of rows. `callback` is called with `user_data` and places of rows, from
 * 0, in the order of the targets, where a row may stand more than once. It writes the candidate's value, and the baseline's
 * where there is one, and returns 0; any other number is an error of the check.
 *
 * It is called once for all rows and once for each resample, from several threads at once; the same rows must give the same
 * values. It must not unwind.
 */
typedef struct mlops_gate_function {
  /**
   * What is called.
   */
  int32_t (*callback)(void *user_data, const uint32_t *rows, size_t rows_count, double *candidate, double *baseline);
  /**
   * What it is given; it lives until the inputs are freed.
   */
  void *user_data;
} mlops_gate_function;

/**
 * What a gate says. Begin with `MLOPS_GATE_REPORT_INFO_INIT`; the texts live as long as the report.
 */
typedef struct mlops_gate_report_info {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`.
   */
  int32_t verdict;
  /**
   * What a program returns: 0 pass, 1 fail, 5 inconclusive, 6 an approval decides, 7 error.
   */
  int32_t exit_code;
  /**
   * 1 if it is inconclusive and an approval decides, else 0.
   */
  int32_t needs_approval;
  /**
   * How many rows there are.
   */
  int64_t rows;
  /**
   * Which use this is of the data, from 1; 0: it was not counted.
   */
  int64_t holdout_use;
  /**
   * How likely it is at most that one of so many candidates that are no better has passed by luck; NaN: not counted.
   */
  double error_rate;
  /**
   * The error rate of each family of checks, after what the uses of the data cost.
   */
  double alpha;
  /**
   * The error rate that the definition asks for.
   */
  double alpha_asked;
  /**
   * How many checks there are.
   */
  size_t checks_count;
  /**
   * How many of them pass.
   */
  size_t passed_count;
  /**
   * How many fail.
   */
  size_t failed_count;
  /**
   * How many are inconclusive.
   */
  size_t inconclusive_count;
  /**
   * How many are errors.
   */
  size_t errors_count;
  /**
   * How many warnings there are.
   */
  size_t warnings_count;
  /**
   * The name of the gate.
   */
  struct mlops_str gate;
  /**
   * What the primary metric is held to, in words.
   */
  struct mlops_str mode;
  /**
   * The digest of the definition.
   */
  struct mlops_str rules;
  /**
   * What the candidate is called, such as `fraud@5`; empty: nothing.
   */
  struct mlops_str candidate;
  /**
   * What the baseline is called; empty: nothing.
   */
  struct mlops_str baseline;
  /**
   * The digest of the candidate.
   */
  struct mlops_str candidate_digest;
  /**
   * The digest of the baseline; empty: there is no baseline.
   */
  struct mlops_str baseline_digest;
  /**
   * The digest or name of the data.
   */
  struct mlops_str data;
  /**
   * The slice where the candidate is least better, such as `country=DE (+0.007)`; empty: there are none.
   */
  struct mlops_str worst_slice;
} mlops_gate_report_info;

/**
 * One check. Begin with `MLOPS_GATE_CHECK_INIT`; the texts live as long as the report. A number that does not apply, or is not
 * finite, is NaN.
 */
typedef struct mlops_gate_check {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`.
   */
  int32_t verdict;
  /**
   * 0: the report says it, and the gate does not; else 1.
   */
  int32_t is_blocking;
  /**
   * 0.
   */
  int32_t reserved;
  /**
   * What it is about: `inputs`, `primary`, `guardrail`, `slice`, `limit`, `fairness`, `budget`, `leakage`, `holdout` or
   * `first_model`.
   */
  struct mlops_str kind;
  /**
   * What it checks, such as `roc_auc` or `country=DE`.
   */
  struct mlops_str name;
  /**
   * Why, in a sentence.
   */
  struct mlops_str reason;
  /**
   * How the bounds were made; empty: there are none.
   */
  struct mlops_str method;
  /**
   * The candidate's value.
   */
  double candidate;
  /**
   * The baseline's value.
   */
  double baseline;
  /**
   * How much better the candidate is, whichever way the metric counts; of a ratio of latencies: the ratio.
   */
  double difference;
  /**
   * The lower one-sided bound of the difference at `alpha`.
   */
  double lower;
  /**
   * The upper one-sided bound.
   */
  double upper;
  /**
   * The error rate that the bounds are at, after Holm.
   */
  double alpha;
  /**
   * One-sided, of the hypothesis that the check has to reject.
   */
  double p_value;
  /**
   * What the difference is held against: it must lie above `-margin`.
   */
  double margin;
  /**
   * What the value is held against.
   */
  double limit;
  /**
   * The smallest difference that so many rows can show, at a power of 80 %.
   */
  double minimal_detectable;
  /**
   * How many rows were looked at; `MLOPS_GATE_COUNT_NONE`: it is not about rows.
   */
  int64_t rows;
  /**
   * How many rows would show the margin; `MLOPS_GATE_COUNT_NONE`: not known.
   */
  int64_t rows_needed;
} mlops_gate_check;

/**
 * What a reader of a report has to know. Begin with `MLOPS_GATE_WARNING_INIT`; the texts live as long as the report.
 */
typedef struct mlops_gate_warning {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Which, as a word that does not change, such as `few_rows`.
   */
  struct mlops_str code;
  /**
   * The same in a sentence.
   */
  struct mlops_str text;
} mlops_gate_warning;

/**
 * What a report says of the models, and what is known of the data. Begin with `MLOPS_GATE_EVALUATE_OPTIONS_INIT`.
 */
typedef struct mlops_gate_evaluate_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Must be 0.
   */
  uint32_t reserved;
  /**
   * What the candidate is called, such as `fraud@5`; empty: nothing.
   */
  struct mlops_str candidate;
  /**
   * What the baseline is called; empty: nothing.
   */
  struct mlops_str baseline;
  /**
   * Which use this is of the data, from 1, as `mlops_gate_count_use` says; 0 (default): not counted.
   */
  int64_t holdout_use;
} mlops_gate_evaluate_options;

/**
 * What a version is held against, and what is kept. Begin with `MLOPS_GATE_RUN_OPTIONS_INIT`.
 */
typedef struct mlops_gate_run_options {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * Not 0: the result is noted in the registry, so that a policy may ask for it. Default 0.
   */
  int32_t record;
  /**
   * Not 0: the use of the data is counted, where they have a name or their rows ids. Default 0.
   */
  int32_t count;
  /**
   * Must be 0.
   */
  int32_t reserved;
  /**
   * The number or alias of the version that the candidate is held against; empty or `production`: what is there in the slot.
   */
  struct mlops_str against;
  /**
   * The slot of production; empty: the one that every model has.
   */
  struct mlops_str slot;
} mlops_gate_run_options;

/**
 * A test by a t. Begin with `MLOPS_STATS_T_RESULT_INIT`.
 */
typedef struct mlops_stats_t_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The mean of the differences.
   */
  double difference;
  /**
   * Its standard error; infinite for one difference, 0 if they do not vary.
   */
  double error;
  /**
   * The degrees of freedom.
   */
  double df;
  /**
   * Mean over standard error.
   */
  double t;
  /**
   * One-sided, of the hypothesis that the mean is not above 0.
   */
  double p_value;
} mlops_stats_t_result;

/**
 * A test by an F. Begin with `MLOPS_STATS_F_RESULT_INIT`.
 */
typedef struct mlops_stats_f_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Infinite if halves never differ.
   */
  double f;
  /**
   * Two-sided.
   */
  double p_value;
} mlops_stats_f_result;

/**
 * Two one-sided t tests of equivalence. Begin with `MLOPS_STATS_TOST_RESULT_INIT`.
 */
typedef struct mlops_stats_tost_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Of the hypothesis that the mean is `-margin` or less.
   */
  double p_not_below;
  /**
   * Of the hypothesis that it is `margin` or more.
   */
  double p_not_above;
  /**
   * The larger: small means that the mean is within the margin on both sides.
   */
  double p_value;
} mlops_stats_tost_result;

/**
 * What Wilcoxon's test finds. Begin with `MLOPS_STATS_WILCOXON_RESULT_INIT`.
 */
typedef struct mlops_stats_wilcoxon_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 1 if p is exact, else 0.
   */
  int32_t exact;
  /**
   * The sum of the ranks of the differences above 0.
   */
  double statistic;
  /**
   * One-sided, of the hypothesis that the differences are not above 0.
   */
  double p_value;
} mlops_stats_wilcoxon_result;

/**
 * What the test of Diebold and Mariano finds. Begin with `MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT`.
 */
typedef struct mlops_stats_diebold_mariano_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 1 if the sum over lags was not above 0, so that the variance without lags was taken; else 0.
   */
  int32_t without_lags;
  /**
   * Corrected for small samples.
   */
  double statistic;
  /**
   * One-sided, of the hypothesis that the mean is not above 0.
   */
  double p_value;
} mlops_stats_diebold_mariano_result;

/**
 * What McNemar's test finds. Begin with `MLOPS_STATS_MCNEMAR_RESULT_INIT`.
 */
typedef struct mlops_stats_mcnemar_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * One-sided and exact, of the hypothesis that the candidate is not better.
   */
  double p_value;
  /**
   * The same less half the probability of b itself.
   */
  double mid_p;
  /**
   * Two-sided and exact.
   */
  double two_sided;
  /**
   * The two-sided mid-p.
   */
  double two_sided_mid_p;
} mlops_stats_mcnemar_result;

/**
 * What DeLong's test finds. Begin with `MLOPS_STATS_DELONG_RESULT_INIT`.
 */
typedef struct mlops_stats_delong_result {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The candidate's area.
   */
  double candidate;
  /**
   * The baseline's area.
   */
  double baseline;
  /**
   * Candidate less baseline.
   */
  double difference;
  /**
   * The standard error of the difference; 0 if it does not vary, infinite with one positive or one negative row.
   */
  double error;
  /**
   * One-sided, of the hypothesis that the candidate's area is not larger.
   */
  double p_value;
  /**
   * How many rows are of the positive class.
   */
  int64_t positives;
  /**
   * How many are not.
   */
  int64_t negatives;
} mlops_stats_delong_result;

/**
 * An interval. Begin with `MLOPS_STATS_INTERVAL_INIT`.
 */
typedef struct mlops_stats_interval {
  /**
   * The size of this struct.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The lower bound.
   */
  double lower;
  /**
   * The upper bound.
   */
  double upper;
} mlops_stats_interval;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees what a buffer holds and empties it. NULL and an empty buffer are fine.
 *
 * Threads: one at a time for one buffer. Since 0.1.
 */
void mlops_buf_free(struct mlops_buf *buf);

/**
 * The constant's name of a status, such as `MLOPS_NOT_FOUND`; `MLOPS_UNKNOWN` if it is none.
 *
 * The text is static. Threads: any. Since 0.1.
 */
const char *mlops_status_name(int32_t status);

/**
 * One sentence about a status.
 *
 * The text is static. Threads: any. Since 0.1.
 */
const char *mlops_status_text(int32_t status);

/**
 * Whether the same call may succeed later without any change.
 *
 * Threads: any. Since 0.1.
 */
bool mlops_status_is_retryable(int32_t status);

/**
 * The status that came with an error; `MLOPS_OK` for NULL.
 *
 * Threads: any. Since 0.1.
 */
int32_t mlops_error_code(const struct mlops_error *error);

/**
 * What was wrong, with the value, and what to do; empty for NULL. UTF-8 with a NUL at its end.
 *
 * The text lives until the error is freed. Threads: any. Since 0.1.
 */
const char *mlops_error_message(const struct mlops_error *error);

/**
 * The values in the message as a JSON object, to act on: `{"path": "...", "pid": 42, "host": "..."}` of
 * `MLOPS_LOCKED`, `what`, `value` and `expected` of `MLOPS_INVALID_ARGUMENT`...; `{}` if there are none or for NULL.
 * Of a filter, order or column that cannot be read it has the place: `{"what": "filter", "value": "...", "offset":
 * 13, "length": 2}` in bytes, where the length is 0 if something is missing at the end.
 *
 * The text lives until the error is freed. Threads: any. Since 0.1.
 */
const char *mlops_error_detail_json(const struct mlops_error *error);

/**
 * Frees an error. NULL is fine.
 *
 * Threads: any, but nobody may use the error any more. Since 0.1.
 */
void mlops_error_free(struct mlops_error *error);

/**
 * The version of the library that runs, such as `0.1.0`; `MLOPS_VERSION` is the one compiled against.
 *
 * The text is static. Threads: any. Since 0.1.
 */
const char *mlops_version(void);

/**
 * The version of the binary interface of the library that runs: equal to `MLOPS_ABI_VERSION`, or the program must
 * be compiled again.
 *
 * Threads: any. Since 0.1.
 */
uint32_t mlops_abi_version(void);

/**
 * Panics inside the library, for tests: a host must get `MLOPS_INTERNAL` and live.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops__test_panic(struct mlops_error **err);

/**
 * Opens a store; `*out` is freed with `mlops_store_free`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_store_open(const struct mlops_open_options *options,
                              struct mlops_store **out,
                              struct mlops_error **err);

/**
 * Another handle on the same store, freed by itself with `mlops_store_free`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_store_clone(const struct mlops_store *store, struct mlops_store **out, struct mlops_error **err);

/**
 * Frees a handle. The store closes when its last handle and the last of its runs are freed; errors of that are
 * lost, so call `mlops_store_close` before to see them. NULL is fine.
 *
 * Threads: any, but nobody may use the handle any more. Since 0.1.
 */
void mlops_store_free(struct mlops_store *store);

/**
 * Drains what runs logged and forces everything to the disk, for the last time: the store's later
 * `mlops_store_flush` and `mlops_store_close` give `MLOPS_INVALID_STATE`. Its folder is free for other processes
 * when its last handle and the last of its runs are freed.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_store_close(const struct mlops_store *store, struct mlops_error **err);

/**
 * Drains what runs logged and forces everything to the disk.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_store_flush(const struct mlops_store *store, struct mlops_error **err);

/**
 * Where the store is: its absolute path, or `memory:`; empty for NULL.
 *
 * The text lives until the handle is freed. Threads: any. Since 0.1.
 */
struct mlops_str mlops_store_uri(const struct mlops_store *store);

/**
 * The id of the store, a UUID that it keeps wherever its folder goes; empty for NULL.
 *
 * The text lives until the handle is freed. Threads: any. Since 0.1.
 */
struct mlops_str mlops_store_id(const struct mlops_store *store);

/**
 * Whose the store is: `MLOPS_SHARING_PRIVATE` or `MLOPS_SHARING_GROUP`; `MLOPS_SHARING_PRIVATE` for NULL.
 *
 * Threads: any. Since 0.1.
 */
int32_t mlops_store_sharing(const struct mlops_store *store);

/**
 * Whether the store was opened for reading only; false for NULL.
 *
 * Threads: any. Since 0.1.
 */
bool mlops_store_is_read_only(const struct mlops_store *store);

/**
 * Frees what nothing refers to, or with `dry_run` counts it; threads may log at the same time.
 *
 * `*out` becomes JSON: `{"dry_run", "runs": 0, "models": {"count", "bytes"}, "large_blobs", "small_blobs", "trash",
 * "spool", "journal", "kept"}`; `runs` and `models` are what was deleted and is removed for good. Blobs go to the
 * store's trash, which the first call an hour later deletes. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_store_gc(const struct mlops_store *store,
                            const struct mlops_gc_options *options,
                            struct mlops_buf *out,
                            struct mlops_error **err);

/**
 * Reads and checks every byte of a store that no process has open; `repair` not 0 mends what can be mended.
 *
 * `*out` becomes JSON: `{"files": 3, "bytes": 4096, "findings": [{"path", "offset", "problem", "repair"}],
 * "lost": [text]}`; all is well if both lists are empty. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_fsck(struct mlops_str uri, int32_t repair, struct mlops_buf *out, struct mlops_error **err);

/**
 * Copies the store to the folder `dest`, which is made, while this process and others write to it: all that was
 * acknowledged before the call. Every byte is checked. With `keep_going` 0 what is damaged or missing is
 * `MLOPS_CORRUPT` and no copy is made; else damaged files are copied as they are and reported.
 *
 * `*out` becomes JSON: `{"path", "id", "files": 3, "bytes": 4096, "findings": [{"path", "offset", "problem",
 * "repair"}], "lost": [text]}`. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_store_backup(const struct mlops_store *store,
                                struct mlops_str dest,
                                int32_t keep_going,
                                struct mlops_buf *out,
                                struct mlops_error **err);

/**
 * Makes a store at `dest`, where none is yet, from the backup in the folder `source`. The store keeps its id, and
 * is trusted only if that is on this user's list. `keep_going` and `*out` are as in `mlops_store_backup`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_restore(struct mlops_str source,
                           struct mlops_str dest,
                           int32_t keep_going,
                           struct mlops_buf *out,
                           struct mlops_error **err);

/**
 * Makes an experiment; `MLOPS_ALREADY_EXISTS` if the name is taken.
 *
 * `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_create(const struct mlops_store *store,
                                     struct mlops_str name,
                                     const struct mlops_tag *tags,
                                     size_t tags_count,
                                     struct mlops_experiment **out,
                                     struct mlops_error **err);

/**
 * The experiment of this name, made if it does not exist.
 *
 * `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_ensure(const struct mlops_store *store,
                                     struct mlops_str name,
                                     struct mlops_experiment **out,
                                     struct mlops_error **err);

/**
 * The experiment with this id; `MLOPS_NOT_FOUND` if there is none.
 *
 * `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_get(const struct mlops_store *store,
                                  struct mlops_str experiment_id,
                                  struct mlops_experiment **out,
                                  struct mlops_error **err);

/**
 * The experiment of this name; `*out` becomes NULL, and the status `MLOPS_OK`, if there is none.
 *
 * `*out` is freed with `mlops_experiment_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_find(const struct mlops_store *store,
                                   struct mlops_str name,
                                   struct mlops_experiment **out,
                                   struct mlops_error **err);

/**
 * A page of the experiments, by id.
 *
 * `*out` is freed with `mlops_experiments_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_list(const struct mlops_store *store,
                                   const struct mlops_page_options *options,
                                   struct mlops_experiments **out,
                                   struct mlops_error **err);

/**
 * A page of the experiments that match a query.
 *
 * `*out` is freed with `mlops_experiments_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_search(const struct mlops_store *store,
                                     const struct mlops_experiment_query *query,
                                     struct mlops_experiments **out,
                                     struct mlops_error **err);

/**
 * Hides an experiment with all its runs; it can be restored, and keeps its name until then. `MLOPS_NOT_FOUND` if
 * there is none, also if it is deleted already. On the disk when the call returns.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_delete(const struct mlops_store *store,
                                     struct mlops_str experiment_id,
                                     struct mlops_error **err);

/**
 * Shows a deleted experiment again, with its runs but those that were deleted by themselves; `MLOPS_NOT_FOUND` if
 * there is none that is deleted. On the disk when the call returns.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_restore(const struct mlops_store *store,
                                      struct mlops_str experiment_id,
                                      struct mlops_error **err);

/**
 * Gives an experiment another name; `MLOPS_ALREADY_EXISTS` if that is taken, `MLOPS_INVALID_STATE` if the
 * experiment is deleted.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_rename(const struct mlops_store *store,
                                     struct mlops_str experiment_id,
                                     struct mlops_str name,
                                     struct mlops_error **err);

/**
 * Sets tags of an experiment, all or none of them.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_set_tags(const struct mlops_store *store,
                                       struct mlops_str experiment_id,
                                       const struct mlops_tag *tags,
                                       size_t tags_count,
                                       struct mlops_error **err);

/**
 * Removes a tag of an experiment; `MLOPS_NOT_FOUND` if it has no such tag.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_delete_tag(const struct mlops_store *store,
                                         struct mlops_str experiment_id,
                                         struct mlops_str key,
                                         struct mlops_error **err);

/**
 * What identifies an experiment.
 *
 * The texts live as long as the experiment. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_get_info(const struct mlops_experiment *experiment,
                                       struct mlops_experiment_info *out,
                                       struct mlops_error **err);

/**
 * How many tags an experiment has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_experiment_tags_count(const struct mlops_experiment *experiment);

/**
 * The tag at `index`, in the order of the keys.
 *
 * The texts live as long as the experiment. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_tag(const struct mlops_experiment *experiment,
                                  size_t index,
                                  struct mlops_tag *out,
                                  struct mlops_error **err);

/**
 * An experiment as JSON.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_experiment_json(const struct mlops_experiment *experiment,
                                   struct mlops_buf *out,
                                   struct mlops_error **err);

/**
 * Frees an experiment that does not belong to a list. NULL is fine.
 *
 * Threads: any, but nobody may use the experiment any more. Since 0.1.
 */
void mlops_experiment_free(struct mlops_experiment *experiment);

/**
 * How many experiments a page has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_experiments_count(const struct mlops_experiments *experiments);

/**
 * The experiment at `index`; it belongs to the page and must not be freed.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_experiments_at(const struct mlops_experiments *experiments,
                                  size_t index,
                                  const struct mlops_experiment **out,
                                  struct mlops_error **err);

/**
 * What to set as `page_token` for the next page; empty after the last.
 *
 * The text lives as long as the page. Threads: any. Since 0.1.
 */
struct mlops_str mlops_experiments_next_page_token(const struct mlops_experiments *experiments);

/**
 * Frees a page. NULL is fine.
 *
 * Threads: any, but nobody may use the page or its experiments any more. Since 0.1.
 */
void mlops_experiments_free(struct mlops_experiments *experiments);

/**
 * Starts a run.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_start(const struct mlops_store *store,
                             const struct mlops_run_options *options,
                             struct mlops_run **out,
                             struct mlops_error **err);

/**
 * Goes on with a run: its status is running again, its start time kept.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_resume(const struct mlops_store *store,
                              struct mlops_str run_id,
                              struct mlops_run **out,
                              struct mlops_error **err);

/**
 * A handle to log to an existing run without changing its status.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_open(const struct mlops_store *store,
                            struct mlops_str run_id,
                            struct mlops_run **out,
                            struct mlops_error **err);

/**
 * The run's id; empty for NULL.
 *
 * The text lives until the handle is freed. Threads: any. Since 0.1.
 */
struct mlops_str mlops_run_id(const struct mlops_run *run);

/**
 * Ends the run with `MLOPS_RUN_FINISHED`, `MLOPS_RUN_FAILED` or `MLOPS_RUN_KILLED` and waits, bounded, until what
 * it logged is in the store. Ending again gives the run another status and end. The handle must still be freed.
 *
 * `MLOPS_OUT_OF_SPACE` if records of the run were dropped because the disk was full: the run has ended all the same.
 * The error's detail says how many: `{"run", "dropped": 3, "ended": true}`; so does the run's tag
 * `mlops.dropped_records`. `"ended": false`: there was no room for the end, which is written later, while this
 * process lives.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_end(const struct mlops_run *run, int32_t run_status, struct mlops_error **err);

/**
 * As `mlops_run_end`, with the time at which the run ended, for runs that are recorded after the fact: UTC
 * microseconds. A time before the start counts as the start; `MLOPS_TIME_NONE` is now.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_end_at(const struct mlops_run *run, int32_t run_status, int64_t at, struct mlops_error **err);

/**
 * Another handle to the same run, whose calls are acknowledged with this durability: `MLOPS_DURABILITY_FAST` or
 * `MLOPS_DURABILITY_FULL`; `MLOPS_DURABILITY_DEFAULT`: as those of `run`. Kept for many calls, or for one.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_with_durability(const struct mlops_run *run,
                                       int64_t durability,
                                       struct mlops_run **out,
                                       struct mlops_error **err);

/**
 * Frees the handle, which does not end the run. NULL is fine.
 *
 * A run that nobody ends is ended when the process exits, by its exit status `MLOPS_RUN_FINISHED` or
 * `MLOPS_RUN_FAILED`, if its store is open then; else the next to open the store finds it `MLOPS_RUN_KILLED`.
 *
 * Threads: any, but nobody may use the handle any more. Since 0.1.
 */
void mlops_run_free(struct mlops_run *run);

/**
 * Everything about a run but points and files.
 *
 * `*out` is freed with `mlops_run_data_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_get(const struct mlops_store *store,
                           struct mlops_str run_id,
                           struct mlops_run_data **out,
                           struct mlops_error **err);

/**
 * Hides a run.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_delete(const struct mlops_store *store, struct mlops_str run_id, struct mlops_error **err);

/**
 * Shows a deleted run again.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_restore(const struct mlops_store *store, struct mlops_str run_id, struct mlops_error **err);

/**
 * Measures the machine until the run ends in this process, and logs to the run: `system/cpu_utilization_percentage`
 * and others, under MLflow's names. What cannot be read is left out. `MLOPS_UNSUPPORTED` in a build that cannot.
 *
 * Threads: any; it starts one of its own. Since 0.1.
 */
mlops_status mlops_run_log_system_metrics(const struct mlops_store *store,
                                          struct mlops_str run_id,
                                          const struct mlops_system_metrics_options *options,
                                          struct mlops_error **err);

/**
 * Ends what `mlops_run_log_system_metrics` began; fine if nothing did.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_stop_system_metrics(const struct mlops_store *store,
                                           struct mlops_str run_id,
                                           struct mlops_error **err);

/**
 * Keeps what this process says with a run, from now on, as artifacts `console/000001.log`... of the run, of which
 * progress bars have their newest state only. Captures may overlap: each keeps all that is said while it lasts. A
 * forked child goes on saying what it says into its parent's, which it cannot end.
 *
 * `*out` is freed with `mlops_console_free`. End it before the run. Threads: any; it starts two of its own. Since 0.1.
 */
mlops_status mlops_run_capture_console(const struct mlops_store *store,
                                       struct mlops_str run_id,
                                       const struct mlops_console_options *options,
                                       struct mlops_console **out,
                                       struct mlops_error **err);

/**
 * Adds what a host says by other ways than the descriptors: `stream` is `MLOPS_CONSOLE_OUTPUT` or
 * `MLOPS_CONSOLE_ERROR`, `text` bytes of any encoding, of lines or parts of them.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_console_write(const struct mlops_console *console,
                                 int32_t stream,
                                 struct mlops_bytes text,
                                 struct mlops_error **err);

/**
 * Waits, a moment at most, until what was said by the descriptors before the call has come here, so that what is
 * written next stands behind it.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_console_settle(const struct mlops_console *console, struct mlops_error **err);

/**
 * Ends the capture: what was said before the call is kept with the run, and the descriptors lead where they led.
 * `*dropped` becomes how many bytes were dropped. Ending twice is fine. The handle must still be freed.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_console_end(const struct mlops_console *console, int64_t *dropped, struct mlops_error **err);

/**
 * Frees a capture, and ends it. NULL is fine.
 *
 * Threads: any, but nobody may use it any more. Since 0.1.
 */
void mlops_console_free(struct mlops_console *console);

/**
 * What the process of a run said while it was captured; empty if nothing was. It is what was said, which may be no
 * UTF-8, and steer a terminal.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_console(const struct mlops_store *store,
                               struct mlops_str run_id,
                               struct mlops_buf *out,
                               struct mlops_error **err);

/**
 * Logs a param that is text; `MLOPS_CONFLICT` if the run has another value for the key.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_param(const struct mlops_run *run,
                                 struct mlops_str key,
                                 struct mlops_str value,
                                 struct mlops_error **err);

/**
 * Logs a param that is an integer.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_param_int(const struct mlops_run *run,
                                     struct mlops_str key,
                                     int64_t value,
                                     struct mlops_error **err);

/**
 * Logs a param that is a floating point number; its text is that of Python: `1e-05`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_param_double(const struct mlops_run *run,
                                        struct mlops_str key,
                                        double value,
                                        struct mlops_error **err);

/**
 * Logs a param that is `True` (not 0) or `False`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_param_bool(const struct mlops_run *run,
                                      struct mlops_str key,
                                      int32_t value,
                                      struct mlops_error **err);

/**
 * Logs params as one record; nothing of it is kept if one is refused.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_params(const struct mlops_run *run,
                                  const struct mlops_param *params,
                                  size_t params_count,
                                  struct mlops_error **err);

/**
 * Logs params, tags and points as one record; nothing of it is kept if one is refused.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_batch(const struct mlops_run *run,
                                 const struct mlops_batch *batch,
                                 struct mlops_error **err);

/**
 * Logs one point of a metric at the time `at` in UTC microseconds; `MLOPS_TIME_NONE`: now.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_metric(const struct mlops_run *run,
                                  struct mlops_str key,
                                  double value,
                                  int64_t step,
                                  int64_t at,
                                  struct mlops_error **err);

/**
 * Logs many points of one metric as one record, in the order given.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_series(const struct mlops_run *run,
                                  struct mlops_str key,
                                  const struct mlops_points *points,
                                  struct mlops_error **err);

/**
 * Sets a tag, over the value it had.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_set_tag(const struct mlops_run *run,
                               struct mlops_str key,
                               struct mlops_str value,
                               struct mlops_error **err);

/**
 * Removes a tag; `MLOPS_NOT_FOUND` if the run has no such tag.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_delete_tag(const struct mlops_run *run, struct mlops_str key, struct mlops_error **err);

/**
 * Stores a local file or folder under its own name in the artifact folder `folder` (empty: at the top). All or
 * nothing.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_artifact(const struct mlops_run *run,
                                    struct mlops_str local_path,
                                    struct mlops_str folder,
                                    struct mlops_error **err);

/**
 * Stores what a local folder holds, not under its own name, in the artifact folder `folder` (empty: at the top). All
 * or nothing.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_artifacts(const struct mlops_run *run,
                                     struct mlops_str local_path,
                                     struct mlops_str folder,
                                     struct mlops_error **err);

/**
 * Stores bytes as the artifact `path`, over what was there.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_artifact_bytes(const struct mlops_run *run,
                                          struct mlops_str path,
                                          struct mlops_bytes bytes,
                                          struct mlops_error **err);

/**
 * Stores several artifacts from memory, over what was there, all or nothing.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_files(const struct mlops_run *run,
                                 const struct mlops_file *files,
                                 size_t files_count,
                                 struct mlops_error **err);

/**
 * Logs a data set as an input of the run; one of a name, digest and context that the run has already changes nothing.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_input(const struct mlops_run *run,
                                 const struct mlops_dataset_input *input,
                                 struct mlops_error **err);

/**
 * Logs a model as the artifact folder `path` of the run: all its files and its manifest, or nothing. It becomes a logged
 * model of the name `path` too, an output of the run, with the run's params and what it has measured at step 0.
 *
 * `*out` becomes the manifest as JSON, with the digests of the files and, as `model_id`, the id of the logged model, which
 * `models:/<model_id>` names in Python; it is freed with `mlops_buf_free`. If the run refuses the files, the logged model
 * is FAILED and says why. Where the process that owns the store is out of reach, only the run gets the model, and there
 * is no `model_id`. Identical files are stored once. Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_model(const struct mlops_run *run,
                                 struct mlops_str path,
                                 const struct mlops_model *model,
                                 struct mlops_buf *out,
                                 struct mlops_error **err);

/**
 * The manifest of a model as JSON, after a check that its files are exactly those of the manifest. The model is named by
 * `runs:/<run id>/<path>`, `models:/<name>/<version>`, `models:/<name>@<alias>`, `models:/<name>/<stage>`,
 * `models:/<name>/latest` or `models:/<logged model>`; so it is in `mlops_model_read` and `mlops_model_download`. What an
 * alias or a stage names may change between two calls: `mlops_model_version_of_uri` settles it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_manifest(const struct mlops_store *store,
                                  struct mlops_str uri,
                                  struct mlops_buf *out,
                                  struct mlops_error **err);

/**
 * The bytes of one file of a model, checked against their digest.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_read(const struct mlops_store *store,
                              struct mlops_str uri,
                              struct mlops_str path,
                              struct mlops_buf *out,
                              struct mlops_error **err);

/**
 * Copies a model beneath the local folder `dest`, that of a run at its own path, others directly into it, and checks
 * every file; `*out` becomes the path where it is.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_download(const struct mlops_store *store,
                                  struct mlops_str uri,
                                  struct mlops_str dest,
                                  struct mlops_buf *out,
                                  struct mlops_error **err);

/**
 * The points of one metric, in the order (time, step, logged); empty if the run has no such metric.
 *
 * `*out` is freed with `mlops_series_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_metric_history(const struct mlops_store *store,
                                  struct mlops_str run_id,
                                  struct mlops_str key,
                                  struct mlops_series **out,
                                  struct mlops_error **err);

/**
 * The points of a metric over the values of another, such as `epoch`, in the order (step, time, logged); beside each
 * point `mlops_series_at` has the other's value at the largest step that is not above the point's.
 *
 * `*out` is freed with `mlops_series_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_metric_history_by(const struct mlops_store *store,
                                     struct mlops_str run_id,
                                     struct mlops_str key,
                                     struct mlops_str step_metric,
                                     struct mlops_series **out,
                                     struct mlops_error **err);

/**
 * The value of the step metric at each point of a series of `mlops_metric_history_by`, as many as it has points; NaN
 * for points before its first. NULL for another series, and for NULL.
 *
 * They live as long as the series. Threads: any. Since 0.1.
 */
const double *mlops_series_at(const struct mlops_series *series);

/**
 * The columns of a series.
 *
 * They live as long as the series. Threads: any. Since 0.1.
 */
mlops_status mlops_series_points(const struct mlops_series *series, struct mlops_points *out, struct mlops_error **err);

/**
 * Frees a series. NULL is fine.
 *
 * Threads: any, but nobody may use the series any more. Since 0.1.
 */
void mlops_series_free(struct mlops_series *series);

/**
 * What identifies a run and how it stands.
 *
 * The texts live as long as `data`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_data_info(const struct mlops_run_data *data,
                                 struct mlops_run_info *out,
                                 struct mlops_error **err);

/**
 * How many params a run has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_run_data_params_count(const struct mlops_run_data *data);

/**
 * The param at `index`, in the order of the keys: its `kind` as it was logged, its `text` whatever the kind.
 *
 * The texts live as long as `data`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_data_param(const struct mlops_run_data *data,
                                  size_t index,
                                  struct mlops_param *out,
                                  struct mlops_error **err);

/**
 * How many tags a run has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_run_data_tags_count(const struct mlops_run_data *data);

/**
 * The tag at `index`, in the order of the keys.
 *
 * The texts live as long as `data`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_data_tag(const struct mlops_run_data *data,
                                size_t index,
                                struct mlops_tag *out,
                                struct mlops_error **err);

/**
 * How many metrics a run has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_run_data_metrics_count(const struct mlops_run_data *data);

/**
 * The summary of the metric at `index`, in the order of the keys.
 *
 * The key lives as long as `data`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_data_metric(const struct mlops_run_data *data,
                                   size_t index,
                                   struct mlops_metric_summary *out,
                                   struct mlops_error **err);

/**
 * A run as JSON: `{"info": {...}, "params": {key: {"type", "text"}}, "tags": {...}, "metrics": {key: {...}},
 * "inputs": [{"name", "digest", "source_type", "source", "schema", "profile", "tags"}], "origin": null}`.
 * Numbers that JSON does not have are the texts "NaN", "Infinity" and "-Infinity".
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_data_json(const struct mlops_run_data *data, struct mlops_buf *out, struct mlops_error **err);

/**
 * Frees a run's data that does not belong to a list. NULL is fine.
 *
 * Threads: any, but nobody may use the data any more. Since 0.1.
 */
void mlops_run_data_free(struct mlops_run_data *data);

/**
 * A page of the runs that match a query.
 *
 * `*out` is freed with `mlops_runs_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_search(const struct mlops_store *store,
                              const struct mlops_run_query *query,
                              struct mlops_runs **out,
                              struct mlops_error **err);

/**
 * How many runs match a query, on all pages: its order, page size and page token play no part.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_count(const struct mlops_store *store,
                             const struct mlops_run_query *query,
                             size_t *out,
                             struct mlops_error **err);

/**
 * How many runs a page has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_runs_count(const struct mlops_runs *runs);

/**
 * The run at `index`; it belongs to the page and must not be freed.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_runs_at(const struct mlops_runs *runs,
                           size_t index,
                           const struct mlops_run_data **out,
                           struct mlops_error **err);

/**
 * What to set as `page_token` for the next page; empty after the last.
 *
 * The text lives as long as the page. Threads: any. Since 0.1.
 */
struct mlops_str mlops_runs_next_page_token(const struct mlops_runs *runs);

/**
 * A page as JSON: `{"items": [...], "next_page_token": null}`, each run as `mlops_run_data_json` writes it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_runs_json(const struct mlops_runs *runs, struct mlops_buf *out, struct mlops_error **err);

/**
 * Frees a page. NULL is fine.
 *
 * Threads: any, but nobody may use the page or its runs any more. Since 0.1.
 */
void mlops_runs_free(struct mlops_runs *runs);

/**
 * The runs that match a query as a table: all of them, or the first `query.max_results` (0: all) behind
 * `query.page_token`.
 *
 * `columns` names what is wanted, as an order names it: `run_id`, `start_time`, `params.lr`, `metrics.loss`,
 * `metrics.loss.min`, `metrics.loss@100`... Without names the table has id, experiment, status, artifact URI, times,
 * and every metric (its last value), param and tag that a run has.
 *
 * `*out` is freed with `mlops_table_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_search_table(const struct mlops_store *store,
                                    const struct mlops_run_query *query,
                                    const struct mlops_str *columns,
                                    size_t columns_count,
                                    struct mlops_table **out,
                                    struct mlops_error **err);

/**
 * How many runs a table has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_table_rows_count(const struct mlops_table *table);

/**
 * How many columns a table has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_table_columns_count(const struct mlops_table *table);

/**
 * The name and the type of the column at `index`.
 *
 * The name lives as long as the table. Threads: any. Since 0.1.
 */
mlops_status mlops_table_column(const struct mlops_table *table,
                                size_t index,
                                struct mlops_column *out,
                                struct mlops_error **err);

/**
 * What the run of a row has in a column.
 *
 * The text lives as long as the table. Threads: any. Since 0.1.
 */
mlops_status mlops_table_cell(const struct mlops_table *table,
                              size_t row,
                              size_t column,
                              struct mlops_cell *out,
                              struct mlops_error **err);

/**
 * What to set as `page_token` for the next table; empty behind the last run.
 *
 * The text lives as long as the table. Threads: any. Since 0.1.
 */
struct mlops_str mlops_table_next_page_token(const struct mlops_table *table);

/**
 * A table as one struct array of the Arrow C data interface: texts as `large_utf8`, numbers as `float64`, times as
 * `timestamp[us, tz=UTC]`; what a run has not is null.
 *
 * `*array` and `*schema` are the caller's, who ends each by its own `release`; they may outlive the table. What they
 * held before is not released. Threads: any. Since 0.1.
 */
mlops_status mlops_table_arrow(const struct mlops_table *table,
                               struct ArrowArray *array,
                               struct ArrowSchema *schema,
                               struct mlops_error **err);

/**
 * The same as a stream of the Arrow C stream interface, which has one batch.
 *
 * `*stream` is the caller's, who ends it by its own `release`; it may outlive the table. Threads: any; the stream one
 * at a time. Since 0.1.
 */
mlops_status mlops_table_arrow_stream(const struct mlops_table *table,
                                      struct ArrowArrayStream *stream,
                                      struct mlops_error **err);

/**
 * Frees a table. NULL is fine.
 *
 * Threads: any, but nobody may use the table any more. Since 0.1.
 */
void mlops_table_free(struct mlops_table *table);

/**
 * The files and folders directly in the artifact folder `path` (empty: the top); a file's path gives that file.
 *
 * `*out` is freed with `mlops_artifacts_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_artifact_list(const struct mlops_store *store,
                                 struct mlops_str run_id,
                                 struct mlops_str path,
                                 struct mlops_artifacts **out,
                                 struct mlops_error **err);

/**
 * The bytes of one artifact, checked against their digest.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_artifact_read(const struct mlops_store *store,
                                 struct mlops_str run_id,
                                 struct mlops_str path,
                                 struct mlops_buf *out,
                                 struct mlops_error **err);

/**
 * Copies an artifact file or folder (`path` empty: all) beneath the local folder `dest` at its own path; `*out`
 * becomes the path where it is.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_artifact_download(const struct mlops_store *store,
                                     struct mlops_str run_id,
                                     struct mlops_str path,
                                     struct mlops_str dest,
                                     struct mlops_buf *out,
                                     struct mlops_error **err);

/**
 * How many files and folders a list has; 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
size_t mlops_artifacts_count(const struct mlops_artifacts *artifacts);

/**
 * The file or folder at `index`.
 *
 * The texts live as long as the list. Threads: any. Since 0.1.
 */
mlops_status mlops_artifacts_at(const struct mlops_artifacts *artifacts,
                                size_t index,
                                struct mlops_artifact *out,
                                struct mlops_error **err);

/**
 * A list as JSON.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_artifacts_json(const struct mlops_artifacts *artifacts,
                                  struct mlops_buf *out,
                                  struct mlops_error **err);

/**
 * Frees a list. NULL is fine.
 *
 * Threads: any, but nobody may use the list any more. Since 0.1.
 */
void mlops_artifacts_free(struct mlops_artifacts *artifacts);

/**
 * Starts a run that begins with what another has logged: params, tags, artifacts, and the points up to `step`
 * (`MLOPS_STEP_ALL`: all). Files are shared. Without an experiment in `options` it is that of the other.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_fork(const struct mlops_store *store,
                            struct mlops_str run_id,
                            int64_t step,
                            const struct mlops_run_options *options,
                            struct mlops_run **out,
                            struct mlops_error **err);

/**
 * Removes the points of a run behind `step`, from series and summaries, in one commit that is on the disk when this
 * returns. Params, tags and artifacts stay, but for texts, images, tables and histograms of later steps.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_rewind(const struct mlops_store *store,
                              struct mlops_str run_id,
                              int64_t step,
                              struct mlops_error **err);

/**
 * The key of a metric's series in a context such as `subset` = `train`: `loss{subset="train"}`. It is what log calls,
 * histories and filters take.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_series_key(struct mlops_str key,
                              const struct mlops_tag *context,
                              size_t context_count,
                              struct mlops_buf *out,
                              struct mlops_error **err);

/**
 * What a key stands for, as JSON: `{"key": "loss", "context": {"subset": "train"}}`. Every text is one.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_series_key_json(struct mlops_str text, struct mlops_buf *out, struct mlops_error **err);

/**
 * The contexts that a metric of a run has series of, as JSON: `[{}, {"subset": "train"}]`, where an empty one stands
 * for the series without a context.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_metric_contexts_json(const struct mlops_store *store,
                                        struct mlops_str run_id,
                                        struct mlops_str key,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * Says what sums up a metric, or all whose names match `name` with `*` for any text, as JSON:
 * `{"summary": ["min", "best"], "goal": "minimize", "step_metric": "epoch", "hidden": true}`, where all may be left
 * out. Aggregations are `min`, `max`, `mean`, `last`, `first`, `best` and `none`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_define_metric(const struct mlops_run *run,
                                     struct mlops_str name,
                                     struct mlops_str definition,
                                     struct mlops_error **err);

/**
 * What a run says of its metrics as JSON: the definitions of `mlops_run_define_metric` by the name they are for.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_metric_definitions_json(const struct mlops_store *store,
                                               struct mlops_str run_id,
                                               struct mlops_buf *out,
                                               struct mlops_error **err);

/**
 * What sums up each metric of a run as JSON: `{"loss": {"min": 0.1}}`, with NaN and infinities as texts.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_summary_json(const struct mlops_store *store,
                                    struct mlops_str run_id,
                                    struct mlops_buf *out,
                                    struct mlops_error **err);

/**
 * Logs a text, image, table or histogram of a series at a step: `kind` is `MLOPS_MEDIA_TEXT`, `MLOPS_MEDIA_IMAGE`,
 * `MLOPS_MEDIA_TABLE` or `MLOPS_MEDIA_HISTOGRAM` and says what `bytes` are. `*out` is the path of the artifact.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_log_media(const struct mlops_run *run,
                                 struct mlops_str key,
                                 int32_t kind,
                                 struct mlops_bytes bytes,
                                 int64_t step,
                                 struct mlops_buf *out,
                                 struct mlops_error **err);

/**
 * The texts, images, tables and histograms of a run as JSON, by key, step and then as they were logged: a list of
 * `{"key", "step", "kind": "text", "path", "size_bytes", "at"}`; `mlops_artifact_read` reads them.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_media_json(const struct mlops_store *store,
                                  struct mlops_str run_id,
                                  struct mlops_buf *out,
                                  struct mlops_error **err);

/**
 * The same of one series: of `key`, and of one kind of media, or of any for `kind` 0.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_media_history_json(const struct mlops_store *store,
                                      struct mlops_str run_id,
                                      struct mlops_str key,
                                      int32_t kind,
                                      struct mlops_buf *out,
                                      struct mlops_error **err);

/**
 * Writes the run's note, over what it was; an empty text removes it.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_set_note(const struct mlops_run *run, struct mlops_str text, struct mlops_error **err);

/**
 * Raises an alert: it is recorded in the run, and told to the listeners of `mlops_on_alert` and to the user's command,
 * whose failures the run does not notice. Within `wait_us` microseconds after one of the same title nothing is done.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_alert(const struct mlops_run *run,
                             struct mlops_str title,
                             struct mlops_str text,
                             int32_t alert_level,
                             int64_t wait_us,
                             struct mlops_error **err);

/**
 * The alerts of a run as JSON, the oldest first: a list of `{"run_id", "title", "text", "level", "at"}`.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_alerts_json(const struct mlops_store *store,
                                   struct mlops_str run_id,
                                   struct mlops_buf *out,
                                   struct mlops_error **err);

/**
 * Has a listener told of every alert that this process raises from now on, after it was recorded.
 *
 * `*out` is freed with `mlops_alert_subscription_free`, which ends it. Threads: any. Since 0.1.
 */
mlops_status mlops_on_alert(const struct mlops_alert_listener *listener,
                            struct mlops_alert_subscription **out,
                            struct mlops_error **err);

/**
 * Ends a subscription. NULL is fine. A call of the listener that is under way in another thread goes on.
 *
 * Threads: any, but nobody may use the subscription any more. Since 0.1.
 */
void mlops_alert_subscription_free(struct mlops_alert_subscription *subscription);

/**
 * Brings runs of the store `from` into the store `to`: what `to` lacks, and what has changed in `from` since. Doing it
 * twice changes nothing, and every run is in `to` as it was or wholly new. `from` may be open for reading only.
 *
 * `*out` becomes JSON: `{"dry_run", "experiments": [name], "new": [run id], "updated": [run id], "unchanged": 0,
 * "ahead": [run id], "conflicts": [{"run_id", "differs", "resolution"}], "skipped": [{"run_id", "reason"}], "failed":
 * [{"run_id", "reason"}], "logged_models": models, "registered_models": models, "blobs": 0, "bytes": 0}`, where models are
 * `{"new": [id or name], "updated": [...], "unchanged": 0, "ahead": [...], "kept": [{"model", "reason"}]}`. Conflicts and runs that are damaged are no errors: they are
 * listed. Freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_store_sync(const struct mlops_store *from,
                              const struct mlops_store *to,
                              const struct mlops_sync_options *options,
                              struct mlops_buf *out,
                              struct mlops_error **err);

/**
 * Brings runs of a store into the folder `dest`, which is made if it is not there, so that it can be carried: a store
 * like any other. `*out` is as in `mlops_store_sync`.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_store_export(const struct mlops_store *store,
                                struct mlops_str dest,
                                const struct mlops_sync_options *options,
                                struct mlops_buf *out,
                                struct mlops_error **err);

/**
 * Writes runs of a store as plain files into the folder `dest`, for other tools: tables in Parquet, artifacts and models
 * as they are, and a manifest. The folder appears when it is whole. One that is there has to be empty, or with
 * `overwrite` not 0 an earlier export, which goes then. `mlops_store_import` brings the runs back.
 *
 * `*out` becomes JSON: `{"dry_run", "path", "experiments": 0, "runs": 0, "points": 0, "artifacts": 0, "logged_models": 0,
 * "model_versions": 0, "files": 0, "bytes": 0, "skipped": [{"run_id", "reason"}]}`. Freed with `mlops_buf_free`.
 * Threads: any. Since 0.1.
 */
mlops_status mlops_store_export_files(const struct mlops_store *store,
                                      struct mlops_str dest,
                                      const struct mlops_sync_options *options,
                                      int32_t overwrite,
                                      struct mlops_buf *out,
                                      struct mlops_error **err);

/**
 * Brings runs of the store in the folder `source`, which is only read, into a store; an export as plain files is one,
 * too, of which every file is checked first. `*out` is as in `mlops_store_sync`.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_store_import(const struct mlops_store *store,
                                struct mlops_str source,
                                const struct mlops_sync_options *options,
                                struct mlops_buf *out,
                                struct mlops_error **err);

/**
 * Moves a run to another experiment; fine if it is there. It keeps its id, and may go on logging.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_run_move(const struct mlops_store *store,
                            struct mlops_str run_id,
                            struct mlops_str experiment_id,
                            struct mlops_error **err);

/**
 * The sweep of a definition, which is made if there is none of its name; `MLOPS_CONFLICT` if there is one that is
 * defined in another way. The definition is JSON: `{"name": "tuning", "metric": "loss", "max_trials": 20, "space":
 * {"rate": {"min": 1e-5, "max": 0.1, "log": true}, "kind": ["a", "b"]}}`, and if they are not to be the defaults
 * `method` (`random`, `grid`, `given`), `goal` (`minimize`, `maximize`), `seed`, `early_stopping` (`median`, `halving`,
 * or an object with `rule` and its numbers), `max_attempts`, `experiment_id`, `parent_run_id`.
 *
 * `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_ensure(const struct mlops_store *store,
                                struct mlops_str definition,
                                struct mlops_sweep **out,
                                struct mlops_error **err);

/**
 * Makes a sweep of a definition, as `mlops_sweep_ensure` takes it; `MLOPS_ALREADY_EXISTS` if the name is taken.
 *
 * `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_create(const struct mlops_store *store,
                                struct mlops_str definition,
                                struct mlops_sweep **out,
                                struct mlops_error **err);

/**
 * All sweeps of a store by name as JSON: a list of their definitions, each with `status`: how many trials stand how.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_list_json(const struct mlops_store *store, struct mlops_buf *out, struct mlops_error **err);

/**
 * The sweep of a name.
 *
 * `*out` is freed with `mlops_sweep_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_get(const struct mlops_store *store,
                             struct mlops_str name,
                             struct mlops_sweep **out,
                             struct mlops_error **err);

/**
 * Takes a trial and starts its run; `*out` is NULL if there is none to take. No other process takes the same one; one
 * whose process was killed is taken again.
 *
 * `*out` is freed with `mlops_trial_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_take(const struct mlops_sweep *sweep, struct mlops_trial **out, struct mlops_error **err);

/**
 * Takes the next trial of a sweep of the method `given` with these params, a JSON object; `*out` is NULL if there is
 * none to take.
 *
 * `*out` is freed with `mlops_trial_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_take_given(const struct mlops_sweep *sweep,
                                    struct mlops_str params,
                                    struct mlops_trial **out,
                                    struct mlops_error **err);

/**
 * The best trial of those that ended well as JSON: `number`, `attempt`, `run_id`, `params`, `state`, `value`, `step`,
 * `started_at`, `ended_at`; `null` if none has a value.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_best_json(const struct mlops_sweep *sweep, struct mlops_buf *out, struct mlops_error **err);

/**
 * The sweep as JSON: the definition, `status` (how many trials stand how) and `trials`.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_sweep_json(const struct mlops_sweep *sweep, struct mlops_buf *out, struct mlops_error **err);

/**
 * Frees a sweep. NULL is fine.
 *
 * Threads: any, but nobody may use it any more. Since 0.1.
 */
void mlops_sweep_free(struct mlops_sweep *sweep);

/**
 * The number of a trial, from 0; -1 for NULL.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_trial_number(const struct mlops_trial *trial);

/**
 * Which attempt at its number a trial is, from 1: more if the process of one before was killed. 0 for NULL.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_trial_attempt(const struct mlops_trial *trial);

/**
 * Whether early stopping has said, in a report of this process, that it is not worth going on; false for NULL.
 *
 * Threads: any. Since 0.1.
 */
bool mlops_trial_should_stop(const struct mlops_trial *trial);

/**
 * The params to try as a JSON object; they are logged already.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_trial_params_json(const struct mlops_trial *trial, struct mlops_buf *out, struct mlops_error **err);

/**
 * The run of a trial, to log to; end it with `mlops_trial_end`.
 *
 * `*out` is freed with `mlops_run_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_trial_run(const struct mlops_trial *trial, struct mlops_run **out, struct mlops_error **err);

/**
 * Logs a value of the sweep's metric; `*decision` is `MLOPS_TRIAL_STOP` if early stopping says that it is not worth
 * going on, else `MLOPS_TRIAL_CONTINUE`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_trial_report(const struct mlops_trial *trial,
                                double value,
                                int64_t step,
                                int32_t *decision,
                                struct mlops_error **err);

/**
 * Ends a trial and its run with `MLOPS_RUN_FINISHED` or `MLOPS_RUN_FAILED`, also one that was stopped early. The handle
 * must still be freed.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_trial_end(const struct mlops_trial *trial, int32_t run_status, struct mlops_error **err);

/**
 * Frees a trial, which does not end it. NULL is fine.
 *
 * Threads: any, but nobody may use it any more. Since 0.1.
 */
void mlops_trial_free(struct mlops_trial *trial);

/**
 * Writes a report of runs to the file `path`: one page of HTML that opens without network, with curves, metrics,
 * params, images and artifacts. A file that is there is replaced when the report is whole.
 *
 * `*out` becomes JSON: `{"bytes": 4096, "left_out": [{"what", "why"}]}`. Freed with `mlops_buf_free`. Threads: any.
 * Since 0.1.
 */
mlops_status mlops_report_write(const struct mlops_store *store,
                                const struct mlops_str *run_ids,
                                size_t run_ids_count,
                                struct mlops_str path,
                                const struct mlops_report_options *options,
                                struct mlops_buf *out,
                                struct mlops_error **err);

/**
 * Runs side by side as JSON: `{"runs": [{"run_id", "run_name", "status"}], "params": {key: [text or null for each
 * run]}, "tags": {...}, "metrics": {key: [{"last", "last_step", "last_at", "min", "max", "count"} or null]}}`. With
 * `only_differences` not 0 what all have alike is left out.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_run_compare_json(const struct mlops_store *store,
                                    const struct mlops_str *run_ids,
                                    size_t run_ids_count,
                                    int32_t only_differences,
                                    struct mlops_buf *out,
                                    struct mlops_error **err);

/**
 * The curve of a metric of a run over its steps in characters, for a terminal: `width` characters wide (less than 30
 * counts as 30), `height` lines and its axis high.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_metric_plot(const struct mlops_store *store,
                               struct mlops_str run_id,
                               struct mlops_str key,
                               size_t width,
                               size_t height,
                               struct mlops_buf *out,
                               struct mlops_error **err);

/**
 * The curves of one metric, a curve a run over its steps, as the text of an `<svg>` element. Runs without the metric
 * are left out.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_metric_svg(const struct mlops_store *store,
                              const struct mlops_str *run_ids,
                              size_t run_ids_count,
                              struct mlops_str key,
                              struct mlops_buf *out,
                              struct mlops_error **err);

/**
 * Makes a registered model without versions. Names are the same in upper and lower case; they have no `/`, `:` or `@`.
 *
 * `actor` says who does it (empty: `MLOPS_ACTOR`, else who a CI system acts for, else `user.email` of git, else the
 * user), `reason` why; both stand in the history. So it is in every function that changes the registry. Threads: any.
 * Since 0.1.
 */
mlops_status mlops_registered_model_create(const struct mlops_store *store,
                                           struct mlops_str name,
                                           struct mlops_str description,
                                           const struct mlops_tag *tags,
                                           size_t tags_count,
                                           struct mlops_str actor,
                                           struct mlops_str reason,
                                           struct mlops_error **err);

/**
 * A registered model as JSON: `{"name", "description", "tags", "aliases": {alias: number}, "latest_versions": {stage:
 * number}, "generation", "slots": {slot: {"generation", "production", "previous", "event"}}, "created_at",
 * "updated_at"}`, as `mlops models list --json` prints it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_json(const struct mlops_store *store,
                                         struct mlops_str name,
                                         struct mlops_buf *out,
                                         struct mlops_error **err);

/**
 * A page of the registered models that match a query, by name unless it orders them: `{"items": [...],
 * "next_page_token": null}`, each as `mlops_registered_model_json` writes it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_search_json(const struct mlops_store *store,
                                                const struct mlops_model_query *query,
                                                struct mlops_buf *out,
                                                struct mlops_error **err);

/**
 * Gives a registered model another name; its versions keep their numbers, and its policies go along.
 *
 * `MLOPS_CONFLICT` for numbers that were given under the name before, for policies of both names that differ, and without a
 * reason where a policy protects what is in production.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_rename(const struct mlops_store *store,
                                           struct mlops_str name,
                                           struct mlops_str to,
                                           struct mlops_str actor,
                                           struct mlops_str reason,
                                           struct mlops_error **err);

/**
 * Replaces the description of a registered model; an empty one takes it away.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_describe(const struct mlops_store *store,
                                             struct mlops_str name,
                                             struct mlops_str description,
                                             struct mlops_str actor,
                                             struct mlops_str reason,
                                             struct mlops_error **err);

/**
 * Deletes a registered model with its versions, whose numbers are not given again; its events stay. `force` not 0
 * deletes whatever a policy protects, and needs a reason.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_delete(const struct mlops_store *store,
                                           struct mlops_str name,
                                           int32_t force,
                                           struct mlops_str actor,
                                           struct mlops_str reason,
                                           struct mlops_error **err);

/**
 * Sets a tag of a registered model.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_set_tag(const struct mlops_store *store,
                                            struct mlops_str name,
                                            struct mlops_str key,
                                            struct mlops_str value,
                                            struct mlops_str actor,
                                            struct mlops_str reason,
                                            struct mlops_error **err);

/**
 * Removes a tag of a registered model; fine if it has none of this key.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_delete_tag(const struct mlops_store *store,
                                               struct mlops_str name,
                                               struct mlops_str key,
                                               struct mlops_str actor,
                                               struct mlops_str reason,
                                               struct mlops_error **err);

/**
 * Points an alias to a version, whichever it pointed to before. The alias `production` is a promotion.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_set_alias(const struct mlops_store *store,
                                              struct mlops_str name,
                                              struct mlops_str alias,
                                              int64_t version,
                                              struct mlops_str actor,
                                              struct mlops_str reason,
                                              struct mlops_error **err);

/**
 * Removes an alias; fine if the model has none of this name.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_delete_alias(const struct mlops_store *store,
                                                 struct mlops_str name,
                                                 struct mlops_str alias,
                                                 struct mlops_str actor,
                                                 struct mlops_str reason,
                                                 struct mlops_error **err);

/**
 * The version that an alias points to; `previous` is what a rollback goes back to.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_by_alias(const struct mlops_store *store,
                                             struct mlops_str name,
                                             struct mlops_str alias,
                                             int64_t *version,
                                             struct mlops_error **err);

/**
 * What is in production in a slot (empty: the one that every model has): the version, or `MLOPS_VERSION_NONE`, and how
 * often that has changed, which a promotion may expect. `mlops_watch_open` is for hosts that ask again and again.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_production(const struct mlops_store *store,
                                               struct mlops_str name,
                                               struct mlops_str slot,
                                               int64_t *version,
                                               int64_t *generation,
                                               struct mlops_error **err);

/**
 * The version that was in a stage (empty: Production) at a time in microseconds; `MLOPS_VERSION_NONE` if none was. Of
 * Production it is that of the slot.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_at(const struct mlops_store *store,
                                       struct mlops_str name,
                                       struct mlops_str stage,
                                       struct mlops_str slot,
                                       int64_t time,
                                       int64_t *version,
                                       struct mlops_error **err);

/**
 * All that happened under a name as JSON, in order, also to a model that was deleted: a list of events as
 * `mlops models history --json` has them.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_history_json(const struct mlops_store *store,
                                                 struct mlops_str name,
                                                 struct mlops_buf *out,
                                                 struct mlops_error **err);

/**
 * What is left of the versions that were deleted under a name as JSON: a list with number, digest, who, why and when.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_deleted_versions_json(const struct mlops_store *store,
                                                          struct mlops_str name,
                                                          struct mlops_buf *out,
                                                          struct mlops_error **err);

/**
 * Makes a version of a registered model, in one commit: a failure leaves nothing behind. `*version` becomes its number.
 *
 * `actor` and `reason` are as in `mlops_registered_model_create`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_create(const struct mlops_store *store,
                                        struct mlops_str name,
                                        const struct mlops_version_options *options,
                                        struct mlops_str actor,
                                        struct mlops_str reason,
                                        int64_t *version,
                                        struct mlops_error **err);

/**
 * Makes a version of the registered model `to`, which is made if there is none, of the files of a version of another.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_copy(const struct mlops_store *store,
                                      struct mlops_str name,
                                      int64_t version,
                                      struct mlops_str to,
                                      struct mlops_str actor,
                                      struct mlops_str reason,
                                      int64_t *copied,
                                      struct mlops_error **err);

/**
 * The number of the version that `models:/fraud/7`, `models:/fraud@champion`, `models:/fraud/Production` or
 * `models:/fraud/latest` names now.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_of_uri(const struct mlops_store *store,
                                        struct mlops_str uri,
                                        int64_t *version,
                                        struct mlops_error **err);

/**
 * A version as JSON: `{"name", "version", "stage", "status", "aliases", "source", "run_id", "model_id", "description",
 * "tags", "digest", "manifest", "created_by", "created_at", "updated_at"}`, as the command line prints it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_json(const struct mlops_store *store,
                                      struct mlops_str name,
                                      int64_t version,
                                      struct mlops_buf *out,
                                      struct mlops_error **err);

/**
 * The digest of the list of files of a version, which is the same for the same files; empty if the store does not have
 * them.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_digest(const struct mlops_store *store,
                                        struct mlops_str name,
                                        int64_t version,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * A page of the versions that match a query, by name, the highest number first, unless it orders them: `{"items": [...],
 * "next_page_token": null}`, each as `mlops_model_version_json` writes it.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_search_json(const struct mlops_store *store,
                                             const struct mlops_model_query *query,
                                             struct mlops_buf *out,
                                             struct mlops_error **err);

/**
 * Replaces the description of a version; an empty one takes it away.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_describe(const struct mlops_store *store,
                                          struct mlops_str name,
                                          int64_t version,
                                          struct mlops_str description,
                                          struct mlops_str actor,
                                          struct mlops_str reason,
                                          struct mlops_error **err);

/**
 * Sets a tag of a version.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_set_tag(const struct mlops_store *store,
                                         struct mlops_str name,
                                         int64_t version,
                                         struct mlops_str key,
                                         struct mlops_str value,
                                         struct mlops_str actor,
                                         struct mlops_str reason,
                                         struct mlops_error **err);

/**
 * Removes a tag of a version; fine if it has none of this key.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_delete_tag(const struct mlops_store *store,
                                            struct mlops_str name,
                                            int64_t version,
                                            struct mlops_str key,
                                            struct mlops_str actor,
                                            struct mlops_str reason,
                                            struct mlops_error **err);

/**
 * Deletes a version and the aliases that point to it; its number is not given again, and a tombstone stays. `force` not
 * 0 deletes whatever a policy protects, and needs a reason.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_delete(const struct mlops_store *store,
                                        struct mlops_str name,
                                        int64_t version,
                                        int32_t force,
                                        struct mlops_str actor,
                                        struct mlops_str reason,
                                        struct mlops_error **err);

/**
 * Moves a version to None, Staging, Production or Archived, as MLflow does it; who comes to Production archives who was
 * there. `archive_existing` not 0 archives the others of Staging too. `expect` is the generation that the model must
 * have, or `MLOPS_GENERATION_ANY`. `mlops_model_version_promote` can more.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_set_stage(const struct mlops_store *store,
                                           struct mlops_str name,
                                           int64_t version,
                                           struct mlops_str stage,
                                           int32_t archive_existing,
                                           int64_t expect,
                                           struct mlops_str actor,
                                           struct mlops_str reason,
                                           struct mlops_error **err);

/**
 * The files and folders directly in a folder of a version (`path` empty: the top).
 *
 * `*out` is freed with `mlops_artifacts_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_list_files(const struct mlops_store *store,
                                            struct mlops_str name,
                                            int64_t version,
                                            struct mlops_str path,
                                            struct mlops_artifacts **out,
                                            struct mlops_error **err);

/**
 * The bytes of one file of a version, checked against their digest. `mlops_model_read` is for the files of a model with a
 * manifest.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_read_file(const struct mlops_store *store,
                                           struct mlops_str name,
                                           int64_t version,
                                           struct mlops_str path,
                                           struct mlops_buf *out,
                                           struct mlops_error **err);

/**
 * Copies a file or folder of a version (`path` empty: all) beneath the local folder `dest` at its own path, each file
 * checked; `*out` becomes the path where it is.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_download_files(const struct mlops_store *store,
                                                struct mlops_str name,
                                                int64_t version,
                                                struct mlops_str path,
                                                struct mlops_str dest,
                                                struct mlops_buf *out,
                                                struct mlops_error **err);

/**
 * What a version is and where it is from as JSON, noted when it was made: files, run, commit, data sets, environment;
 * `null` for one that was made before there were manifests.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_manifest_json(const struct mlops_store *store,
                                               struct mlops_str name,
                                               int64_t version,
                                               struct mlops_buf *out,
                                               struct mlops_error **err);

/**
 * Moves a version to a stage, in one commit, by what the policy asks for; who was in production there is archived. What
 * is there already stays, without an event.
 *
 * `*generation` becomes that of the slot after it, `*out` JSON: `{"changed", "version", "replaced", "slot",
 * "generation", "event"}`. `MLOPS_DENIED` says what the policy asks for and what is missing, `MLOPS_STALE` that a gate
 * looked at another production than that of now. `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_promote(const struct mlops_store *store,
                                         struct mlops_str name,
                                         int64_t version,
                                         const struct mlops_promote_options *options,
                                         struct mlops_str actor,
                                         struct mlops_str reason,
                                         int64_t *generation,
                                         struct mlops_buf *out,
                                         struct mlops_error **err);

/**
 * Goes back to what was in production in a slot before, or to the version `to` that once was (`MLOPS_VERSION_NONE`: the
 * one before), when its files are verified. Needs a reason; a second time it needs `to`.
 *
 * `*version` becomes what is in production now, `*out` JSON as in `mlops_model_version_promote`; it is freed with
 * `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registered_model_rollback(const struct mlops_store *store,
                                             struct mlops_str name,
                                             struct mlops_str slot,
                                             int64_t to,
                                             struct mlops_str actor,
                                             struct mlops_str reason,
                                             int64_t *version,
                                             struct mlops_buf *out,
                                             struct mlops_error **err);

/**
 * Asks for approval of a version for a stage (empty: Production); `mlops_registry_pending_json` lists it.
 *
 * `*out` becomes JSON: what was said, and `"changed"`; it is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_request_approval(const struct mlops_store *store,
                                                  struct mlops_str name,
                                                  int64_t version,
                                                  struct mlops_str to,
                                                  struct mlops_str actor,
                                                  struct mlops_str reason,
                                                  struct mlops_buf *out,
                                                  struct mlops_error **err);

/**
 * Approves a version for a stage (empty: Production): as it is, with the newest result of a gate, under the policy that
 * holds now. `MLOPS_DENIED`, which is an event too, for who may not.
 *
 * `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_approve(const struct mlops_store *store,
                                         struct mlops_str name,
                                         int64_t version,
                                         struct mlops_str to,
                                         struct mlops_str actor,
                                         struct mlops_str reason,
                                         struct mlops_buf *out,
                                         struct mlops_error **err);

/**
 * Rejects a version for a stage (empty: Production); needs a reason, and stands until the same actor approves or
 * withdraws.
 *
 * `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_reject(const struct mlops_store *store,
                                        struct mlops_str name,
                                        int64_t version,
                                        struct mlops_str to,
                                        struct mlops_str actor,
                                        struct mlops_str reason,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * Takes back what the actor said of a version for a stage (empty: Production).
 *
 * `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_withdraw(const struct mlops_store *store,
                                          struct mlops_str name,
                                          int64_t version,
                                          struct mlops_str to,
                                          struct mlops_str actor,
                                          struct mlops_str reason,
                                          struct mlops_buf *out,
                                          struct mlops_error **err);

/**
 * The versions that somebody wants approved and that are not there yet, as a JSON list.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registry_pending_json(const struct mlops_store *store,
                                         struct mlops_buf *out,
                                         struct mlops_error **err);

/**
 * What the policy asks for before a version goes to a stage (empty: Production) and what is there, as JSON:
 * `"can_promote"`, `"requirements"`, `"approvals"`, `"gates"`, `"policy"` and more.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_status_json(const struct mlops_store *store,
                                             struct mlops_str name,
                                             int64_t version,
                                             struct mlops_str to,
                                             struct mlops_str slot,
                                             struct mlops_buf *out,
                                             struct mlops_error **err);

/**
 * Notes what a gate said of a version; `*out` becomes what is noted, as JSON.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_record_gate(const struct mlops_store *store,
                                             struct mlops_str name,
                                             int64_t version,
                                             const struct mlops_gate *gate,
                                             struct mlops_str actor,
                                             struct mlops_str reason,
                                             struct mlops_buf *out,
                                             struct mlops_error **err);

/**
 * Why a version is where it is, as JSON: event, gate, approvals, run, commit, data sets.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_why_json(const struct mlops_store *store,
                                          struct mlops_str name,
                                          int64_t version,
                                          struct mlops_buf *out,
                                          struct mlops_error **err);

/**
 * The same for people, a line each.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_why_text(const struct mlops_store *store,
                                          struct mlops_str name,
                                          int64_t version,
                                          struct mlops_buf *out,
                                          struct mlops_error **err);

/**
 * The card of a version as JSON, whose keys are always the same.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_card_json(const struct mlops_store *store,
                                           struct mlops_str name,
                                           int64_t version,
                                           struct mlops_buf *out,
                                           struct mlops_error **err);

/**
 * The card of a version as Markdown.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_model_version_card_markdown(const struct mlops_store *store,
                                               struct mlops_str name,
                                               int64_t version,
                                               struct mlops_buf *out,
                                               struct mlops_error **err);

/**
 * What holds for a model that goes to a stage (empty: Production), as JSON: all fields, and `"digest"`. Without a model
 * (empty) the policies that were set, a list.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registry_policy_json(const struct mlops_store *store,
                                        struct mlops_str model,
                                        struct mlops_str to,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * The policies that were set, as a file of TOML that `mlops_registry_set_policies` takes.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registry_policies_toml(const struct mlops_store *store,
                                          struct mlops_buf *out,
                                          struct mlops_error **err);

/**
 * Sets all policies that a text of TOML names, in one commit: `[default.production]` is for the store,
 * `[model."fraud".production]` for a model.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registry_set_policies(const struct mlops_store *store,
                                         struct mlops_str toml,
                                         struct mlops_str actor,
                                         struct mlops_str reason,
                                         struct mlops_error **err);

/**
 * Sets the policy of a model, or of the store (`model` empty), for a stage (empty: Production): a JSON object of fields,
 * such as `{"approvals": 1}`; an empty text takes the policy away.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registry_set_policy(const struct mlops_store *store,
                                       struct mlops_str model,
                                       struct mlops_str to,
                                       struct mlops_str fields,
                                       struct mlops_str actor,
                                       struct mlops_str reason,
                                       struct mlops_error **err);

/**
 * At most `limit` events of all models behind the number `after` (0: from the first), in order, as a JSON list; an empty
 * one is the end. The numbers have no gaps.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registry_events_json(const struct mlops_store *store,
                                        int64_t after,
                                        size_t limit,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * The end of the log of events: the number of the last (0: there is none) and its hash. Kept elsewhere, it shows later
 * whether the log up to there is the same.
 *
 * `*hash` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_registry_head(const struct mlops_store *store,
                                 int64_t *seq,
                                 struct mlops_buf *hash,
                                 struct mlops_error **err);

/**
 * Walks the log of events: `MLOPS_CORRUPT` names the first that was changed. With an end that was kept elsewhere
 * (`kept_hash` empty: without) it is noticed too if the end was cut off or all was written anew. `*seq` becomes how far
 * the log goes.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_registry_verify(const struct mlops_store *store,
                                   int64_t kept_seq,
                                   struct mlops_str kept_hash,
                                   int64_t *seq,
                                   struct mlops_error **err);

/**
 * Watches what is in production in a slot of a model (empty: the one that every model has), or what an alias of it points
 * to, where `alias` is not empty. The model may be one that is not there yet: it has no version then.
 *
 * A thread of the library, one for all watches of a store, looks five times a second, until the last of them is freed:
 * a change of another process is seen within a second, one of this process at once. While the store cannot be reached
 * the last version stays. A watch keeps the store open. In a forked child it shows what was seen before the fork.
 * `*out` is freed with `mlops_watch_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_watch_open(const struct mlops_store *store,
                              struct mlops_str model,
                              struct mlops_str slot,
                              struct mlops_str alias,
                              struct mlops_watch **out,
                              struct mlops_error **err);

/**
 * The version that is there, or `MLOPS_VERSION_NONE`; that for NULL too. It reads one number, and takes some nanoseconds.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_watch_current(const struct mlops_watch *watch);

/**
 * The generation of the slot, that a promotion may expect; 0 for an alias and for NULL.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_watch_generation(const struct mlops_watch *watch);

/**
 * How often it has changed since it is watched; 0 for NULL. It takes some nanoseconds.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_watch_changes(const struct mlops_watch *watch);

/**
 * Whether it has changed since the last time that this, or `mlops_watch_wait`, said so; of many threads that ask, one is
 * told. False for NULL. It takes some nanoseconds.
 *
 * Threads: any. Since 0.1.
 */
bool mlops_watch_changed(const struct mlops_watch *watch);

/**
 * Waits for a change, for `timeout_us` microseconds at most (`MLOPS_WAIT_FOREVER`: for as long as it takes). `*changed`
 * becomes 1, or 0 if the time is over first. `MLOPS_INVALID_STATE` in a forked child.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_watch_wait(const struct mlops_watch *watch,
                              int64_t timeout_us,
                              int32_t *changed,
                              struct mlops_error **err);

/**
 * How long ago the store was last looked at with success, in microseconds: a fraction of a second, unless it cannot be
 * reached. -1 for NULL.
 *
 * Threads: any. Since 0.1.
 */
int64_t mlops_watch_age(const struct mlops_watch *watch);

/**
 * Has a listener told after each change, until the subscription or the watch is freed. It is told what is there then, and
 * not of what came and went between two looks.
 *
 * `*out` is freed with `mlops_watch_subscription_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_watch_on_change(const struct mlops_watch *watch,
                                   const struct mlops_watch_listener *listener,
                                   struct mlops_watch_subscription **out,
                                   struct mlops_error **err);

/**
 * Ends a subscription. NULL is fine. A call of the listener that is under way in another thread goes on.
 *
 * Threads: any, but nobody may use the subscription any more. Since 0.1.
 */
void mlops_watch_subscription_free(struct mlops_watch_subscription *subscription);

/**
 * Frees a watch. NULL is fine.
 *
 * Threads: any, but nobody may use the watch any more. Since 0.1.
 */
void mlops_watch_free(struct mlops_watch *watch);

/**
 * A definition from the text of a file of TOML, as the guide to the gate describes it. A key that there is not is
 * `MLOPS_INVALID_ARGUMENT`, which names the nearest one.
 *
 * `*out` is freed with `mlops_gate_definition_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_definition_from_toml(struct mlops_str text,
                                             struct mlops_gate_definition **out,
                                             struct mlops_error **err);

/**
 * The same from the file at `path`.
 *
 * `*out` is freed with `mlops_gate_definition_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_definition_read(struct mlops_str path,
                                        struct mlops_gate_definition **out,
                                        struct mlops_error **err);

/**
 * The name of a gate, which a policy asks for by its field `gate`; empty for NULL.
 *
 * The text lives as long as the definition. Threads: any. Since 0.1.
 */
struct mlops_str mlops_gate_definition_name(const struct mlops_gate_definition *definition);

/**
 * The digest of what is asked, the same however it is written down, which a policy asks for by its field `gate_rules`;
 * empty for NULL.
 *
 * The text lives as long as the definition. Threads: any. Since 0.1.
 */
struct mlops_str mlops_gate_definition_digest(const struct mlops_gate_definition *definition);

/**
 * What is asked as JSON, with the keys of the file and the defaults that hold.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_definition_json(const struct mlops_gate_definition *definition,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * Frees a definition. NULL is fine.
 *
 * Threads: any, but nobody may use the definition any more. Since 0.1.
 */
void mlops_gate_definition_free(struct mlops_gate_definition *definition);

/**
 * Inputs with nothing in them yet. The functions that follow set what a gate looks at: each copies what it is given, which
 * takes the place of what it set before. Whether it fits together is looked at by the gate, whose verdict is an error if not.
 *
 * `*out` is freed with `mlops_gate_inputs_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_create(struct mlops_gate_inputs **out,
                                      struct mlops_error **err);

/**
 * What stands in a file of predictions, CSV or Parquet, with the columns of `mlops gate --predictions`.
 *
 * `*out` is freed with `mlops_gate_inputs_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_read(struct mlops_str path, struct mlops_gate_inputs **out, struct mlops_error **err);

/**
 * What is true of each row: classes or numbers. All else has as many rows.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_targets(const struct mlops_gate_inputs *inputs,
                                           const struct mlops_gate_column *targets,
                                           struct mlops_error **err);

/**
 * The ids of the rows, integers or texts, each once. With ids, or a name of the data, the use of the data is counted.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_ids(const struct mlops_gate_inputs *inputs,
                                       const struct mlops_gate_column *ids,
                                       struct mlops_error **err);

/**
 * A column of the rows by its name: for slices, groups, fairness, the order of time, or the queries of a ranking.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_column(const struct mlops_gate_inputs *inputs,
                                          struct mlops_str name,
                                          const struct mlops_gate_column *column,
                                          struct mlops_error **err);

/**
 * The classes or numbers that a model predicts: `MLOPS_GATE_CANDIDATE` or `MLOPS_GATE_BASELINE`. There is a baseline as
 * soon as predictions of it are there.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_predictions(const struct mlops_gate_inputs *inputs,
                                               int32_t model,
                                               const struct mlops_gate_column *predictions,
                                               struct mlops_error **err);

/**
 * The scores of the positive class that a model gives, such as its probability, or what a ranking orders by.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_scores(const struct mlops_gate_inputs *inputs,
                                          int32_t model,
                                          const double *scores,
                                          size_t scores_count,
                                          struct mlops_error **err);

/**
 * The probabilities that a model gives, `(n_rows, n_classes)`: one row after another, each with a value for each of the
 * `classes`, whose names are those of the labels (`1` for the label 1). `values_count` is `n_rows` times `n_classes`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_probabilities(const struct mlops_gate_inputs *inputs,
                                                 int32_t model,
                                                 const struct mlops_str *classes,
                                                 size_t classes_count,
                                                 const double *values,
                                                 size_t values_count,
                                                 struct mlops_error **err);

/**
 * The ids of the rows that a model has predictions of, where they are in another order than the targets: those are
 * brought together. A row that is missing, or too many, is an error of the gate.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_prediction_ids(const struct mlops_gate_inputs *inputs,
                                                  int32_t model,
                                                  const struct mlops_gate_column *ids,
                                                  struct mlops_error **err);

/**
 * What each row is worth by a metric of the caller's own, `own:<name>` or `own_loss:<name>`, which is the mean of these
 * values; without a baseline `baseline_count` is 0.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_own(const struct mlops_gate_inputs *inputs,
                                       struct mlops_str name,
                                       const double *candidate,
                                       size_t candidate_count,
                                       const double *baseline,
                                       size_t baseline_count,
                                       struct mlops_error **err);

/**
 * What a model costs, for budgets.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_costs(const struct mlops_gate_inputs *inputs,
                                         int32_t model,
                                         const struct mlops_gate_costs *costs,
                                         struct mlops_error **err);

/**
 * Says whether nothing else ran on the host where latencies were measured (not 0): a budget of latency blocks then, and
 * else warns.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_measuring_host(const struct mlops_gate_inputs *inputs,
                                                  int32_t is_one,
                                                  struct mlops_error **err);

/**
 * The digest of a model that is no version of the registry; empty: that of its predictions.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_model_digest(const struct mlops_gate_inputs *inputs,
                                                int32_t model,
                                                struct mlops_str digest,
                                                struct mlops_error **err);

/**
 * What the data are called where their uses are counted: a digest, or a name and version such as `holdout@7`; empty: the
 * digest of ids and targets.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_data(const struct mlops_gate_inputs *inputs,
                                        struct mlops_str data,
                                        struct mlops_error **err);

/**
 * How many rows without a label were left out, of the candidate's data and of the baseline's.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_unlabelled(const struct mlops_gate_inputs *inputs,
                                              int64_t candidate,
                                              int64_t baseline,
                                              struct mlops_error **err);

/**
 * A hash of each row, and those of the rows that the candidate was trained on: one that is among them fails the gate.
 * `mlops_gate_row_hash` makes them.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_row_hashes(const struct mlops_gate_inputs *inputs,
                                              const uint64_t *rows,
                                              size_t rows_count,
                                              const uint64_t *training,
                                              size_t training_count,
                                              struct mlops_error **err);

/**
 * The hash of a row, from bytes that are the same for the same row.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_row_hash(struct mlops_bytes row, uint64_t *out, struct mlops_error **err);

/**
 * Why a model could not be loaded or asked: the gate is an error then, which says so; empty: it could.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_failure(const struct mlops_gate_inputs *inputs,
                                           struct mlops_str failure,
                                           struct mlops_error **err);

/**
 * Frees inputs. NULL is fine.
 *
 * Threads: any, but nobody may use the inputs any more. Since 0.1.
 */
void mlops_gate_inputs_free(struct mlops_gate_inputs *inputs);

/**
 * A metric `own:<name>` or `own_loss:<name>` that is a function of rows. With `has_baseline` 0 it gives no value of a
 * baseline.
 *
 * The function and its data live until the inputs are freed. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_inputs_set_own_function(const struct mlops_gate_inputs *inputs,
                                                struct mlops_str name,
                                                const struct mlops_gate_function *function,
                                                int32_t has_baseline,
                                                struct mlops_error **err);

/**
 * What a gate says: `MLOPS_VERDICT_PASS`, `_FAIL`, `_INCONCLUSIVE` or `_ERROR`, which NULL is too.
 *
 * Threads: any. Since 0.1.
 */
int32_t mlops_gate_report_verdict(const struct mlops_gate_report *report);

/**
 * What a program returns for a report: 0 pass, 1 fail, 5 inconclusive, 6 an approval decides, 7 error, and for NULL.
 *
 * Threads: any. Since 0.1.
 */
int32_t mlops_gate_report_exit_code(const struct mlops_gate_report *report);

/**
 * What a gate says, with counts, digests and names.
 *
 * The texts live as long as the report. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_get_info(const struct mlops_gate_report *report,
                                        struct mlops_gate_report_info *out,
                                        struct mlops_error **err);

/**
 * The check at `index`; those that are no pass come first.
 *
 * The texts live as long as the report. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_check(const struct mlops_gate_report *report,
                                     size_t index,
                                     struct mlops_gate_check *out,
                                     struct mlops_error **err);

/**
 * The warning at `index`.
 *
 * The texts live as long as the report. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_warning(const struct mlops_gate_report *report,
                                       size_t index,
                                       struct mlops_gate_warning *out,
                                       struct mlops_error **err);

/**
 * A report for people, a line a check.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_text(const struct mlops_gate_report *report,
                                    struct mlops_buf *out,
                                    struct mlops_error **err);

/**
 * A report as Markdown, for a pull request.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_markdown(const struct mlops_gate_report *report,
                                        struct mlops_buf *out,
                                        struct mlops_error **err);

/**
 * A report as XML of JUnit, for a build: each check is a test case.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_junit(const struct mlops_gate_report *report,
                                     struct mlops_buf *out,
                                     struct mlops_error **err);

/**
 * A report as a page of HTML that opens without network, with the intervals drawn.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_html(const struct mlops_gate_report *report,
                                    struct mlops_buf *out,
                                    struct mlops_error **err);

/**
 * A report as JSON, the same that Rust, Python and the command give. Names that are there stay; new ones may come. Numbers
 * that are not finite are null.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_json(const struct mlops_gate_report *report,
                                    struct mlops_buf *out,
                                    struct mlops_error **err);

/**
 * Frees a report. NULL is fine.
 *
 * Threads: any, but nobody may use the report any more. Since 0.1.
 */
void mlops_gate_report_free(struct mlops_gate_report *report);

/**
 * Holds a candidate against a baseline. The same inputs give the same report, whatever the order of the rows and the number
 * of threads. What cannot be judged (NaN, infinite, missing, mismatched rows) is `MLOPS_OK` with a report whose verdict is
 * an error.
 *
 * Nothing is counted or kept. `*out` is freed with `mlops_gate_report_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_evaluate(const struct mlops_gate_definition *definition,
                                 const struct mlops_gate_inputs *inputs,
                                 const struct mlops_gate_evaluate_options *options,
                                 struct mlops_gate_report **out,
                                 struct mlops_error **err);

/**
 * The same for a candidate that is no version of a registered model, with the use of the data counted in the store, if they
 * have a name or their rows ids.
 *
 * `*out` is freed with `mlops_gate_report_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_run_unregistered(const struct mlops_store *store,
                                         const struct mlops_gate_definition *definition,
                                         const struct mlops_gate_inputs *inputs,
                                         const struct mlops_gate_evaluate_options *options,
                                         struct mlops_gate_report **out,
                                         struct mlops_error **err);

/**
 * Holds a version of a model against the one in production, or against another, and notes what came out if `options` say
 * so. The digests are those of both versions. If nothing is in production there is no baseline, whatever the inputs have.
 *
 * `MLOPS_STALE` if production has changed until the result is noted: then nothing is. `*out` is freed with
 * `mlops_gate_report_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_run(const struct mlops_store *store,
                            struct mlops_str name,
                            int64_t version,
                            const struct mlops_gate_definition *definition,
                            const struct mlops_gate_inputs *inputs,
                            const struct mlops_gate_run_options *options,
                            struct mlops_str actor,
                            struct mlops_str reason,
                            struct mlops_gate_report **out,
                            struct mlops_error **err);

/**
 * Notes a report of `mlops_gate_run` that was not noted yet, with the options that it ran with; `*out` becomes what is
 * noted, as JSON. `MLOPS_INVALID_ARGUMENT` for a report of another candidate, `MLOPS_STALE` if production has changed since:
 * then nothing is.
 *
 * `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
 */
mlops_status mlops_gate_report_record(const struct mlops_store *store,
                                      struct mlops_str name,
                                      int64_t version,
                                      const struct mlops_gate_report *report,
                                      const struct mlops_gate_run_options *options,
                                      struct mlops_str actor,
                                      struct mlops_str reason,
                                      struct mlops_buf *out,
                                      struct mlops_error **err);

/**
 * The version that a candidate of a model would be held against, to predict with it; `MLOPS_VERSION_NONE`: nothing is in
 * production.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_baseline_version(const struct mlops_store *store,
                                         struct mlops_str name,
                                         const struct mlops_gate_run_options *options,
                                         int64_t *version,
                                         struct mlops_error **err);

/**
 * Counts a use of data by a candidate, which its digest names, at a gate; `*out` becomes which use it is, from 1. The same
 * candidate, gate and data are counted once.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_count_use(const struct mlops_store *store,
                                  struct mlops_str data,
                                  struct mlops_str candidate,
                                  struct mlops_str gate,
                                  int64_t *out,
                                  struct mlops_error **err);

/**
 * How often data were used.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_gate_uses(const struct mlops_store *store,
                             struct mlops_str data,
                             int64_t *out,
                             struct mlops_error **err);

/**
 * The corrected resampled t of Nadeau and Bengio (2003), for the differences of folds or repeated splits, whose training rows
 * overlap: `mean(d) / sqrt((1/K + test_rows/train_rows) var(d))` with K - 1 degrees of freedom.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_corrected_t(const double *differences,
                                     size_t differences_count,
                                     int64_t train_rows,
                                     int64_t test_rows,
                                     struct mlops_stats_t_result *out,
                                     struct mlops_error **err);

/**
 * Student's paired t, for differences of independent rows; of folds it is too sure: take `mlops_stats_corrected_t`.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_paired_t(const double *differences,
                                  size_t differences_count,
                                  struct mlops_stats_t_result *out,
                                  struct mlops_error **err);

/**
 * The combined 5x2cv F test of Alpaydin (1999), two-sided, for the differences of both halves of five splits: ten numbers,
 * those of a split one after the other.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_five_by_two_f(const double *differences,
                                       size_t differences_count,
                                       struct mlops_stats_f_result *out,
                                       struct mlops_error **err);

/**
 * Two one-sided t tests (Schuirmann, 1987) that the mean difference is between `-margin` and `margin`: for the same model in
 * another runtime.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_tost(const double *differences,
                              size_t differences_count,
                              double margin,
                              struct mlops_stats_tost_result *out,
                              struct mlops_error **err);

/**
 * Wilcoxon's signed-rank test, one-sided, for differences over data sets or tenants, or of rows with heavy tails.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_wilcoxon(const double *differences,
                                  size_t differences_count,
                                  struct mlops_stats_wilcoxon_result *out,
                                  struct mlops_error **err);

/**
 * The test of Diebold and Mariano (1995) with the correction of Harvey, Leybourne and Newbold (1997), of differences of losses in
 * the order of time, for forecasts `horizon` steps ahead.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_diebold_mariano(const double *differences,
                                         size_t differences_count,
                                         int64_t horizon,
                                         struct mlops_stats_diebold_mariano_result *out,
                                         struct mlops_error **err);

/**
 * McNemar's exact test of two models on the same rows: on `b` just the candidate is right, on `c` just the baseline.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_mcnemar(int64_t b,
                                 int64_t c,
                                 struct mlops_stats_mcnemar_result *out,
                                 struct mlops_error **err);

/**
 * DeLong's test of two areas under the ROC curve of the same rows. Each array has a number for each of `rows_count` rows:
 * whether the row is of the positive class (1) or not (0), and the scores of that class.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_delong(const int64_t *targets,
                                const double *candidate,
                                const double *baseline,
                                size_t rows_count,
                                struct mlops_stats_delong_result *out,
                                struct mlops_error **err);

/**
 * Wilson's interval of a share, `count` of `n`, with `alpha / 2` on each side.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_wilson(int64_t count,
                                int64_t n,
                                double alpha,
                                struct mlops_stats_interval *out,
                                struct mlops_error **err);

/**
 * Newcombe's interval of the difference of two shares of different rows, first less second, with `alpha / 2` on each side.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_newcombe(int64_t first,
                                  int64_t first_n,
                                  int64_t second,
                                  int64_t second_n,
                                  double alpha,
                                  struct mlops_stats_interval *out,
                                  struct mlops_error **err);

/**
 * Holm's adjusted p-values, in the order of those given. `adjusted` has room for as many; it may be the same array.
 *
 * Threads: any. Since 0.1.
 */
mlops_status mlops_stats_holm(const double *p_values,
                              size_t p_values_count,
                              double *adjusted,
                              struct mlops_error **err);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* Helpers of this header; the library does not have them. */

#ifdef __cplusplus
extern "C" {
#endif

/* The text of a string literal. */
#ifdef __cplusplus
#define MLOPS_STR(literal) (mlops_str{("" literal), sizeof(literal) - 1})
#else
#define MLOPS_STR(literal) ((mlops_str){("" literal), sizeof(literal) - 1})
#endif

/* No text: for arguments that are not given. */
#define MLOPS_STR_EMPTY MLOPS_STR("")

/* The text up to its NUL; NULL is the empty text. */
static inline mlops_str mlops_cstr(const char *text) {
  mlops_str str;
  str.ptr = text;
  str.len = text == NULL ? 0 : strlen(text);
  return str;
}

/* A param that is text. */
static inline mlops_param mlops_param_text(mlops_str key, mlops_str value) {
  mlops_param param = {key, value, 0, 0.0, MLOPS_PARAM_TEXT, 0};
  return param;
}

/* A param that is an integer. */
static inline mlops_param mlops_param_int(mlops_str key, int64_t value) {
  mlops_param param = {key, {NULL, 0}, value, 0.0, MLOPS_PARAM_INT, 0};
  return param;
}

/* A param that is a floating point number. */
static inline mlops_param mlops_param_double(mlops_str key, double value) {
  mlops_param param = {key, {NULL, 0}, 0, value, MLOPS_PARAM_FLOAT, 0};
  return param;
}

/* A param that is true (not 0) or false. */
static inline mlops_param mlops_param_bool(mlops_str key, int32_t value) {
  mlops_param param = {key, {NULL, 0}, value != 0, 0.0, MLOPS_PARAM_BOOL, 0};
  return param;
}

/* Points with these values: steps count up from 0, the time is now. */
static inline mlops_points mlops_points_of(const double *values, size_t count) {
  mlops_points points = {NULL, NULL, values, count};
  return points;
}

/* Columns of a gate. */
static inline mlops_gate_column mlops_gate_numbers(const double *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_NUMBERS, values, NULL, NULL, count};
  return column;
}

static inline mlops_gate_column mlops_gate_integers(const int64_t *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_INTEGERS, NULL, values, NULL, count};
  return column;
}

static inline mlops_gate_column mlops_gate_texts(const mlops_str *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_TEXTS, NULL, NULL, values, count};
  return column;
}

/* Initialisers: each sets the size of its struct and the defaults. */
#define MLOPS_BUF_INIT {NULL, 0, 0}
#define MLOPS_POINTS_INIT {NULL, NULL, NULL, 0}
#define MLOPS_OPEN_OPTIONS_INIT {sizeof(mlops_open_options), 0, 0, 0, {NULL, 0}, 0, 0, MLOPS_DURABILITY_DEFAULT}
#define MLOPS_GC_OPTIONS_INIT {sizeof(mlops_gc_options), 1, 0, 0, 600000000}
#define MLOPS_SYNC_OPTIONS_INIT                                                                                        \
  {sizeof(mlops_sync_options), 0, MLOPS_ON_CONFLICT_SKIP, 0, 0, 0, NULL, 0, NULL, 0, {NULL, 0}, MLOPS_TIME_NONE}
#define MLOPS_PAGE_OPTIONS_INIT {sizeof(mlops_page_options), MLOPS_VIEW_ACTIVE, 0, {NULL, 0}}
#define MLOPS_EXPERIMENT_QUERY_INIT                                                                                    \
  {sizeof(mlops_experiment_query), MLOPS_VIEW_ACTIVE, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_EXPERIMENT_INFO_INIT {sizeof(mlops_experiment_info), 0, {NULL, 0}, {NULL, 0}, 0, 0}
#define MLOPS_SYSTEM_METRICS_OPTIONS_INIT {sizeof(mlops_system_metrics_options), 1, 10000000, {NULL, 0}}
#define MLOPS_RUN_OPTIONS_INIT                                                                                         \
  {sizeof(mlops_run_options), 0,         {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0},      {NULL, 0},                    \
   {NULL, 0},                 {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL,      0,              MLOPS_TIME_NONE}
#define MLOPS_DATASET_INPUT_INIT                                                                                       \
  {sizeof(mlops_dataset_input), 0,         {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0},                       \
   {NULL, 0},                   {NULL, 0}, NULL,      0,         MLOPS_DURABILITY_DEFAULT}
#define MLOPS_MODEL_INIT {sizeof(mlops_model), 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}
#define MLOPS_BATCH_INIT {sizeof(mlops_batch), 0, NULL, 0, NULL, 0, NULL, 0, MLOPS_DURABILITY_DEFAULT}
#define MLOPS_RUN_INFO_INIT                                                                                            \
  {sizeof(mlops_run_info), 0, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0}
#define MLOPS_METRIC_SUMMARY_INIT {sizeof(mlops_metric_summary), 0, {NULL, 0}, 0.0, 0, 0, 0.0, 0.0, 0}
#define MLOPS_COLUMN_INIT {sizeof(mlops_column), MLOPS_COLUMN_TEXT, {NULL, 0}}
#define MLOPS_CELL_INIT {sizeof(mlops_cell), MLOPS_COLUMN_TEXT, 1, 0, {NULL, 0}, 0.0, MLOPS_TIME_NONE}
#define MLOPS_CONSOLE_OPTIONS_INIT {sizeof(mlops_console_options), 1, 3000000, 4194304}
#define MLOPS_REPORT_OPTIONS_INIT {sizeof(mlops_report_options), 0, {NULL, 0}, 4194304, 25165824, 4000}
#define MLOPS_RUN_QUERY_INIT                                                                                           \
  {sizeof(mlops_run_query), MLOPS_VIEW_ACTIVE, NULL, 0, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_MODEL_QUERY_INIT {sizeof(mlops_model_query), 0, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_VERSION_OPTIONS_INIT                                                                                     \
  {sizeof(mlops_version_options), 1, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}
#define MLOPS_PROMOTE_OPTIONS_INIT {sizeof(mlops_promote_options), 0, 0, 0, {NULL, 0}, {NULL, 0}, MLOPS_GENERATION_ANY}
#define MLOPS_GATE_INIT                                                                                                \
  {sizeof(mlops_gate), 0, {NULL, 0}, {NULL, 0}, MLOPS_VERSION_NONE, NULL, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_COLUMN_INIT {sizeof(mlops_gate_column), MLOPS_GATE_NUMBERS, NULL, NULL, NULL, 0}
#define MLOPS_GATE_COSTS_INIT                                                                                          \
  {sizeof(mlops_gate_costs), 0, NULL, 0, MLOPS_GATE_COST_UNKNOWN, MLOPS_GATE_COST_UNKNOWN, MLOPS_GATE_COST_UNKNOWN}
#define MLOPS_GATE_EVALUATE_OPTIONS_INIT {sizeof(mlops_gate_evaluate_options), 0, {NULL, 0}, {NULL, 0}, 0}
#define MLOPS_GATE_RUN_OPTIONS_INIT {sizeof(mlops_gate_run_options), 0, 0, 0, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_REPORT_INFO_INIT                                                                                    \
  {sizeof(mlops_gate_report_info), MLOPS_VERDICT_ERROR, 7, 0, 0, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, 0,                   \
   {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_CHECK_INIT                                                                                          \
  {sizeof(mlops_gate_check), MLOPS_VERDICT_ERROR, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0.0, 0.0, 0.0,     \
   0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, MLOPS_GATE_COUNT_NONE, MLOPS_GATE_COUNT_NONE}
#define MLOPS_GATE_WARNING_INIT {sizeof(mlops_gate_warning), 0, {NULL, 0}, {NULL, 0}}
#define MLOPS_STATS_T_RESULT_INIT {sizeof(mlops_stats_t_result), 0, 0.0, 0.0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_F_RESULT_INIT {sizeof(mlops_stats_f_result), 0, 0.0, 0.0}
#define MLOPS_STATS_TOST_RESULT_INIT {sizeof(mlops_stats_tost_result), 0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_WILCOXON_RESULT_INIT {sizeof(mlops_stats_wilcoxon_result), 0, 0.0, 0.0}
#define MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT {sizeof(mlops_stats_diebold_mariano_result), 0, 0.0, 0.0}
#define MLOPS_STATS_MCNEMAR_RESULT_INIT {sizeof(mlops_stats_mcnemar_result), 0, 0.0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_DELONG_RESULT_INIT {sizeof(mlops_stats_delong_result), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0}
#define MLOPS_STATS_INTERVAL_INIT {sizeof(mlops_stats_interval), 0, 0.0, 0.0}
#define MLOPS_ARTIFACT_INIT {sizeof(mlops_artifact), 0, {NULL, 0}, {NULL, 0}, 0}

#ifdef __cplusplus
}
#endif

#endif  /* MLOPS_H */
