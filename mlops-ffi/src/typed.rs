//! Contexts and definitions of metrics, and series of texts, images, tables and histograms.

use mlops_core::SeriesKey;
use mlops_core::runs::{MediaKind, MediaValue, MetricDefinition, RunExt};

use crate::args::refuse;
use crate::boundary::export;
use crate::json;
use crate::runs::mlops_run;
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_bytes, mlops_str, mlops_tag, tags};

/// UTF-8.
pub const MLOPS_MEDIA_TEXT: i32 = 1;
/// The bytes of a PNG, JPEG, GIF, WebP or SVG file.
pub const MLOPS_MEDIA_IMAGE: i32 = 2;
/// JSON: `{"columns": ["a"], "rows": [[1]]}`.
pub const MLOPS_MEDIA_TABLE: i32 = 3;
/// JSON: `{"edges": [0.0, 1.0], "counts": [5.0]}`.
pub const MLOPS_MEDIA_HISTOGRAM: i32 = 4;

fn kind(number: i32) -> mlops_core::Result<MediaKind> {
    match number {
        MLOPS_MEDIA_TEXT => Ok(MediaKind::Text),
        MLOPS_MEDIA_IMAGE => Ok(MediaKind::Image),
        MLOPS_MEDIA_TABLE => Ok(MediaKind::Table),
        MLOPS_MEDIA_HISTOGRAM => Ok(MediaKind::Histogram),
        other => Err(refuse("kind of media", other.to_string(), "MLOPS_MEDIA_TEXT, MLOPS_MEDIA_IMAGE...")),
    }
}

export! {
    /// The key of a metric's series in a context such as `subset` = `train`: `loss{subset="train"}`. It is what log calls,
    /// histories and filters take.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_series_key(
        key: mlops_str,
        context: *const mlops_tag,
        context_count: usize,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: `context_count` pairs, whose texts live for this call.
        let context = unsafe { tags(context.slice(context_count)?, "context") }?;
        let series = SeriesKey { key: key.to_owned(), context: context.into_iter().collect() };
        out.set(series.text()?.into());
        Ok(())
    }

    /// What a key stands for, as JSON: `{"key": "loss", "context": {"subset": "train"}}`. Every text is one.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_series_key_json(text: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&SeriesKey::parse(text))?.into());
        Ok(())
    }

    /// The contexts that a metric of a run has series of, as JSON: `[{}, {"subset": "train"}]`, where an empty one stands
    /// for the series without a context.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_metric_contexts_json(
        store: *const mlops_store,
        run_id: mlops_str,
        key: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(json::text(&store.store.runs().metric_contexts(run_id, key)?)?.into());
        Ok(())
    }

    /// Says what sums up a metric, or all whose names match `name` with `*` for any text, as JSON:
    /// `{"summary": ["min", "best"], "goal": "minimize", "step_metric": "epoch", "hidden": true}`, where all may be left
    /// out. Aggregations are `min`, `max`, `mean`, `last`, `first`, `best` and `none`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_define_metric(run: *const mlops_run, name: mlops_str, definition: mlops_str) -> mlops_status {
        let read: MetricDefinition = serde_json::from_str(definition).map_err(|error| {
            let shown: String = definition.chars().take(300).collect();
            refuse("definition", shown, format!("a definition of a metric as JSON: {error}"))
        })?;
        run.run.define_metric(name, &read)
    }

    /// What a run says of its metrics as JSON: the definitions of `mlops_run_define_metric` by the name they are for.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_metric_definitions_json(
        store: *const mlops_store,
        run_id: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let found = store.store.runs().metric_definitions(run_id)?;
        out.set(json::text(&found.iter().collect::<std::collections::BTreeMap<_, _>>())?.into());
        Ok(())
    }

    /// What sums up each metric of a run as JSON: `{"loss": {"min": 0.1}}`, with NaN and infinities as texts.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_summary_json(store: *const mlops_store, run_id: mlops_str, out: *mut mlops_buf) -> mlops_status {
        let summary = store.store.runs().summary(run_id)?;
        let values = |values: Vec<(mlops_core::runs::Aggregation, f64)>| {
            values.into_iter().map(|(one, value)| (one.name().to_owned(), json::number(value))).collect()
        };
        let all: serde_json::Map<_, _> =
            summary.into_iter().map(|(key, of)| (key, serde_json::Value::Object(values(of)))).collect();
        out.set(json::text(&all)?.into());
        Ok(())
    }

    /// Logs a text, image, table or histogram of a series at a step: `kind` is `MLOPS_MEDIA_TEXT`, `MLOPS_MEDIA_IMAGE`,
    /// `MLOPS_MEDIA_TABLE` or `MLOPS_MEDIA_HISTOGRAM` and says what `bytes` are. `*out` is the path of the artifact.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_log_media(
        run: *const mlops_run,
        key: mlops_str,
        kind: i32,
        bytes: mlops_bytes,
        step: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let value = MediaValue::decode(crate::typed::kind(kind)?, bytes.to_vec())?;
        out.set(run.run.log_media(key, &value, step)?.into());
        Ok(())
    }

    /// The texts, images, tables and histograms of a run as JSON, by key, step and then as they were logged: a list of
    /// `{"key", "step", "kind": "text", "path", "size_bytes", "at"}`; `mlops_artifact_read` reads them.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_media_json(store: *const mlops_store, run_id: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&store.store.runs().media(run_id)?)?.into());
        Ok(())
    }

    /// The same of one series: of `key`, and of one kind of media, or of any for `kind` 0.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_media_history_json(
        store: *const mlops_store,
        run_id: mlops_str,
        key: mlops_str,
        kind: i32,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let kind = if kind == 0 { None } else { Some(crate::typed::kind(kind)?) };
        out.set(json::text(&store.store.runs().media_history(run_id, key, kind)?)?.into());
        Ok(())
    }

    /// Writes the run's note, over what it was; an empty text removes it.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_set_note(run: *const mlops_run, text: mlops_str) -> mlops_status {
        run.run.set_note(text)
    }
}
