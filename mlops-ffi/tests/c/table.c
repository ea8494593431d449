/* Searches as tables, cell by cell and as Arrow's structs: both say the same. Counting, pages, and errors with a place. */

#include "check.h"

#include <math.h>

static void fill(const mlops_store *store) {
  static const char *const ids[] = {"a", "b", "c", "d"};
  for (int i = 0; i < 4; i++) {
    mlops_run *run = start_run(store, ids[i]);
    if (i != 3) OK(mlops_run_log_param_int(run, MLOPS_STR("depth"), i, &error));
    if (i != 3) OK(mlops_run_log_param(run, MLOPS_STR("model"), i == 0 ? MLOPS_STR("tree") : MLOPS_STR("ein Wald ☃"), &error));
    for (int step = 0; step < 3 && i != 3; step++) {
      const double loss = i == 2 && step == 2 ? NAN : (i + 1.0) / (step + 1.0);
      OK(mlops_run_log_metric(run, MLOPS_STR("loss"), loss, step, MLOPS_TIME_NONE, &error));
    }
    if (i != 1) OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
    mlops_run_free(run);
  }
}

static mlops_cell cell(const mlops_table *table, size_t row, size_t column) {
  mlops_cell found = MLOPS_CELL_INIT;
  OK(mlops_table_cell(table, row, column, &found, &error));
  return found;
}

static int is_valid(const struct ArrowArray *array, size_t row) {
  const unsigned char *bitmap = array->buffers[0];
  return bitmap == NULL || (bitmap[row / 8] >> (row % 8) & 1) == 1;
}

/* Each cell is what Arrow has at its place. */
static void compare(const mlops_table *table, const struct ArrowArray *array, const struct ArrowSchema *schema) {
  const size_t rows = mlops_table_rows_count(table), columns = mlops_table_columns_count(table);
  CHECK(strcmp(schema->format, "+s") == 0 && schema->n_children == (int64_t)columns);
  CHECK(array->length == (int64_t)rows && array->n_children == (int64_t)columns && array->null_count == 0);
  for (size_t c = 0; c < columns; c++) {
    const struct ArrowArray *values = array->children[c];
    mlops_column column = MLOPS_COLUMN_INIT;
    OK(mlops_table_column(table, c, &column, &error));
    CHECK(is(column.name, schema->children[c]->name) && values->length == (int64_t)rows && values->offset == 0);
    CHECK((schema->children[c]->flags & ARROW_FLAG_NULLABLE) != 0);
    for (size_t r = 0; r < rows; r++) {
      const mlops_cell found = cell(table, r, c);
      CHECK(found.kind == column.kind && found.is_null == !is_valid(values, r));
      if (column.kind == MLOPS_COLUMN_TEXT) {
        const int64_t *offsets = values->buffers[1];
        const char *bytes = values->buffers[2];
        CHECK(strcmp(schema->children[c]->format, "U") == 0);
        CHECK(offsets[r + 1] - offsets[r] == (int64_t)found.text.len);
        CHECK(found.text.len == 0 || memcmp(bytes + offsets[r], found.text.ptr, found.text.len) == 0);
        CHECK(isnan(found.number) && found.time == MLOPS_TIME_NONE);
      } else if (column.kind == MLOPS_COLUMN_NUMBER) {
        const double *numbers = values->buffers[1];
        CHECK(strcmp(schema->children[c]->format, "g") == 0 && found.text.len == 0);
        CHECK(found.is_null ? isnan(found.number) : memcmp(&numbers[r], &found.number, sizeof found.number) == 0);
      } else {
        const int64_t *times = values->buffers[1];
        CHECK(column.kind == MLOPS_COLUMN_TIME && strcmp(schema->children[c]->format, "tsu:UTC") == 0);
        CHECK(found.is_null ? found.time == MLOPS_TIME_NONE : times[r] == found.time);
      }
    }
  }
}

static void asked_columns(const mlops_store *store) {
  static const mlops_str columns[] = {{"run_id", 6},         {"metrics.loss.min", 16}, {"metrics.loss", 12},
                                      {"params.model", 12},  {"end_time", 8},          {"metrics.loss@1", 14},
                                      {"params.depth", 12}};
  static const mlops_str order[] = {{"metrics.loss.min DESC", 21}};
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_table *table = NULL;
  struct ArrowArray array;
  struct ArrowSchema schema;
  struct ArrowArrayStream stream;
  query.order_by = order;
  query.order_by_count = 1;
  OK(mlops_run_search_table(store, &query, columns, 7, &table, &error));
  CHECK(mlops_table_rows_count(table) == 4 && mlops_table_columns_count(table) == 7);
  CHECK(mlops_table_next_page_token(table).len == 0);
  CHECK(is(cell(table, 0, 0).text, "c") && cell(table, 0, 1).number == 1.5 && isnan(cell(table, 0, 2).number));
  CHECK(!cell(table, 0, 2).is_null && is(cell(table, 0, 3).text, "ein Wald ☃"));
  CHECK(is(cell(table, 1, 0).text, "b") && cell(table, 1, 4).is_null && cell(table, 1, 5).number == 1.0);
  CHECK(is(cell(table, 3, 0).text, "d") && cell(table, 3, 1).is_null && cell(table, 3, 3).is_null);
  CHECK(cell(table, 0, 4).time > 1700000000000000 && is(cell(table, 2, 6).text, "0"));
  OK(mlops_table_arrow(table, &array, &schema, &error));
  compare(table, &array, &schema);
  schema.release(&schema);
  CHECK(schema.release == NULL);

  /* The stream: its schema, one batch, and then a batch that is released. */
  struct ArrowArray batch;
  OK(mlops_table_arrow_stream(table, &stream, &error));
  CHECK(stream.get_schema(&stream, &schema) == 0 && stream.get_next(&stream, &batch) == 0);
  compare(table, &batch, &schema);
  batch.release(&batch);
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == NULL);
  schema.release(&schema);
  stream.release(&stream);

  mlops_cell found = MLOPS_CELL_INIT;
  mlops_column column = MLOPS_COLUMN_INIT;
  FAILS(MLOPS_INVALID_ARGUMENT, "below the count of rows, 4", mlops_table_cell(table, 4, 0, &found, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "below the count, 7", mlops_table_cell(table, 0, 7, &found, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "below the count, 7", mlops_table_column(table, 7, &column, &error));

  /* What Arrow has outlives the table. */
  mlops_table_free(table);
  CHECK(((const double *)array.children[1]->buffers[1])[0] == 1.5);
  array.release(&array);
  CHECK(array.release == NULL);
}

static void every_column(const mlops_store *store) {
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_table *table = NULL;
  mlops_column column = MLOPS_COLUMN_INIT;
  struct ArrowArray array;
  struct ArrowSchema schema;
  int losses = 0;
  OK(mlops_run_search_table(store, &query, NULL, 0, &table, &error));
  for (size_t c = 0; c < mlops_table_columns_count(table); c++) {
    OK(mlops_table_column(table, c, &column, &error));
    losses += is(column.name, "metrics.loss") && column.kind == MLOPS_COLUMN_NUMBER;
  }
  CHECK(losses == 1);
  OK(mlops_table_arrow(table, &array, &schema, &error));
  compare(table, &array, &schema);
  array.release(&array);
  schema.release(&schema);
  mlops_table_free(table);

  query.filter = MLOPS_STR("metrics.loss > 1000");
  OK(mlops_run_search_table(store, &query, NULL, 0, &table, &error));
  CHECK(mlops_table_rows_count(table) == 0);
  OK(mlops_table_arrow(table, &array, &schema, &error));
  compare(table, &array, &schema);
  array.release(&array);
  schema.release(&schema);
  mlops_table_free(table);
}

static void pages_and_views(const mlops_store *store) {
  static const mlops_str run_id = {"run_id", 6};
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  char found[8] = "", token[4096];
  size_t count = 0;
  query.order_by = &run_id;
  query.order_by_count = 1;
  query.max_results = 3;
  for (int pages = 1; pages <= 2; pages++) {
    mlops_table *table = NULL;
    OK(mlops_run_search_table(store, &query, &run_id, 1, &table, &error));
    for (size_t row = 0; row < mlops_table_rows_count(table); row++) strncat(found, cell(table, row, 0).text.ptr, 1);
    snprintf(token, sizeof token, "%s", mlops_table_next_page_token(table).ptr);
    CHECK((token[0] == '\0') == (pages == 2));
    query.page_token = mlops_cstr(token);
    mlops_table_free(table);
  }
  CHECK(strcmp(found, "abcd") == 0);
  OK(mlops_run_count(store, &query, &count, &error));
  CHECK(count == 4);
  OK(mlops_run_delete(store, MLOPS_STR("b"), &error));
  query.page_token = MLOPS_STR_EMPTY;
  query.view = MLOPS_VIEW_DELETED;
  OK(mlops_run_count(store, &query, &count, &error));
  CHECK(count == 1);
  query.view = MLOPS_VIEW_ALL;
  query.filter = MLOPS_STR("params.model = 'tree' OR metrics.loss.count = 3");
  OK(mlops_run_count(store, &query, &count, &error));
  CHECK(count == 3);
  query.experiment_ids = &run_id;
  query.experiment_ids_count = 1;
  OK(mlops_run_count(store, &query, &count, &error));
  CHECK(count == 0);
  OK(mlops_run_restore(store, MLOPS_STR("b"), &error));
}

/* The detail of an error says where in the text it is. */
static void places(const mlops_store *store) {
  static const mlops_str orders[] = {{"run_id", 6}, {"metrics.loss DOWN", 17}};
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_table *table = NULL;
  mlops_error *error = NULL;
  size_t count = 77;
  query.filter = MLOPS_STR("params.`größe` = 'x' and metrics.loss <> 1");
  CHECK(mlops_run_count(store, &query, &count, &error) == MLOPS_INVALID_ARGUMENT && count == 77);
  CHECK(strcmp(mlops_error_detail_json(error),
               "{\"length\":2,\"offset\":40,\"value\":\"params.`größe` = 'x' and metrics.loss <> 1\",\"what\":\"filter\"}") == 0);
  CHECK(strstr(mlops_error_message(error), "unexpected `<>` at character 39 of the filter") != NULL);
  mlops_error_free(error);
  query.filter = MLOPS_STR_EMPTY;
  query.order_by = orders;
  query.order_by_count = 2;
  CHECK(mlops_run_search_table(store, &query, NULL, 0, &table, &error) == MLOPS_INVALID_ARGUMENT && table == NULL);
  CHECK(strcmp(mlops_error_detail_json(error),
               "{\"length\":4,\"offset\":13,\"value\":\"metrics.loss DOWN\",\"what\":\"order\"}") == 0);
  mlops_error_free(error);
  query.order_by_count = 0;
  CHECK(mlops_run_search_table(store, &query, &orders[1], 1, &table, &error) == MLOPS_INVALID_ARGUMENT);
  CHECK(strstr(mlops_error_detail_json(error), "\"what\":\"column\"") != NULL);
  mlops_error_free(error);
  query.page_token = MLOPS_STR("abc");
  FAILS(MLOPS_INVALID_ARGUMENT, "page token", mlops_run_search_table(store, &query, NULL, 0, &table, &error));
}

int main(void) {
  mlops_store *store = open_store("memory:");
  fill(store);
  asked_columns(store);
  every_column(store);
  pages_and_views(store);
  places(store);
  mlops_store_free(store);
  puts("table: ok");
  return 0;
}
