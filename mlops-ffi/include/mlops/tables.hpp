// Searches for runs, as structs and as tables. Part of mlops.hpp.

#ifndef MLOPS_TABLES_HPP
#define MLOPS_TABLES_HPP

#include "experiments.hpp"

namespace mlops {

/// What one run has in one column of a table: nothing, a text or a number. Times are numbers of microseconds.
using cell = std::variant<std::monostate, std::string_view, double, std::int64_t>;

/// Runs as columns, in the order of the search.
class table {
 public:
  /// How many runs.
  std::size_t rows() const noexcept { return mlops_table_rows_count(get()); }
  /// How many columns.
  std::size_t columns() const noexcept { return mlops_table_columns_count(get()); }

  /// Name and type (`MLOPS_COLUMN_TEXT`...) of a column; the name lives as long as the table.
  result<mlops_column> column(std::size_t index) const {
    mlops_column found = MLOPS_COLUMN_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_table_column(get(), index, &found, what); });
    if (!done) return done.error();
    return found;
  }

  /// What the run of a row has in a column: std::monostate if nothing. A text lives as long as the table.
  result<cell> at(std::size_t row, std::size_t column) const {
    mlops_cell found = MLOPS_CELL_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_table_cell(get(), row, column, &found, what); });
    if (!done) return done.error();
    if (found.is_null != 0) return cell();
    if (found.kind == MLOPS_COLUMN_NUMBER) return cell(found.number);
    if (found.kind == MLOPS_COLUMN_TIME) return cell(found.time);
    return cell(detail::view(found.text));
  }

  /// Where the next table goes on; empty behind the last run.
  std::string_view next_page_token() const noexcept { return detail::view(mlops_table_next_page_token(get())); }

  /// The table for who speaks the Arrow C data interface; each is ended by its own `release`.
  result<void> to_arrow(struct ArrowArray* array, struct ArrowSchema* schema) const {
    return detail::call([&](mlops_error** what) { return mlops_table_arrow(get(), array, schema, what); });
  }

  /// The same for the Arrow C stream interface.
  result<void> to_arrow_stream(struct ArrowArrayStream* stream) const {
    return detail::call([&](mlops_error** what) { return mlops_table_arrow_stream(get(), stream, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_table* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_table, mlops_table_free>;
  /// Takes an object of the C functions over.
  explicit table(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  handle handle_;
};

namespace detail {

/// A query as the C functions take it, as long as it and the query live.
class raw_query {
 public:
  explicit raw_query(const run_query& query) : ids_(strs(query.experiment_ids)), order_by_(strs(query.order_by)) {
    raw_.view = query.view;
    raw_.experiment_ids = ids_.data();
    raw_.experiment_ids_count = ids_.size();
    raw_.filter = str(query.filter);
    raw_.order_by = order_by_.data();
    raw_.order_by_count = order_by_.size();
    raw_.max_results = query.max_results;
    raw_.page_token = str(query.page_token);
  }

  const mlops_run_query* get() const noexcept { return &raw_; }

 private:
  std::vector<mlops_str> ids_;
  std::vector<mlops_str> order_by_;
  mlops_run_query raw_ = MLOPS_RUN_QUERY_INIT;
};

/// How a store finds runs.
class store_with_searches : public store_with_experiments {
 public:
  /// A page of the runs that match a query.
  result<page<run_data>> search_runs(const run_query& query = {}) const {
    const raw_query raw(query);
    auto found = make<mlops_runs, mlops_runs_free>(
        [&](mlops_runs** out, mlops_error** what) { return mlops_run_search(get(), raw.get(), out, what); });
    if (!found) return found.error();
    return read_page<run_data>(found->get(), mlops_runs_count, mlops_runs_at, mlops_runs_next_page_token);
  }

  /// The runs that match a query as a table, all or the first `max_results`: the columns that are named, such as
  /// `metrics.loss.min`, or all that a run has something in.
  result<table> search_table(const run_query& query = {}, const std::vector<std::string>& columns = {}) const {
    const raw_query raw(query);
    const std::vector<mlops_str> names = strs(columns);
    return wrap<table>(make<mlops_table, mlops_table_free>([&](mlops_table** out, mlops_error** what) {
      return mlops_run_search_table(get(), raw.get(), names.data(), names.size(), out, what);
    }));
  }

  /// How many runs match a query, on all pages.
  result<std::size_t> count_runs(const run_query& query = {}) const {
    const raw_query raw(query);
    std::size_t count = 0;
    auto done = call([&](mlops_error** what) { return mlops_run_count(get(), raw.get(), &count, what); });
    if (!done) return done.error();
    return count;
  }

 protected:
  using store_with_experiments::store_with_experiments;
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_TABLES_HPP
