use super::super::compare;
use super::*;

#[test]
fn a_comparison_has_a_cell_for_each_run_and_knows_what_differs() {
    let (store, ids) = store_of(3, |at, run| {
        run.log_param("same", 1.into()).unwrap();
        run.log_param("depth", i64::try_from(at).unwrap().into()).unwrap();
        run.log_metric("nan", f64::NAN, 0, None).unwrap();
        if at > 0 {
            run.log_metric("loss", 0.5, 0, None).unwrap();
            run.set_tag("owner", "ada").unwrap();
        }
    });
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let all = compare(&store, &ids).unwrap();
    let rows: Vec<(&str, bool)> = all.params.iter().map(|row| (row.key.as_str(), row.differs)).collect();
    assert_eq!(rows, [("depth", true), ("same", false)]);
    assert!(all.tags.iter().all(|row| row.key != "mlflow.runName"));
    let found = all.only_differences();
    assert_eq!(found.params[0].cells, ["0", "1", "2"].map(|text| Some(text.to_owned())));
    assert_eq!(found.metrics.len(), 1, "NaN is NaN: {:?}", found.metrics);
    assert_eq!(
        found.metrics[0].cells.iter().map(|cell| cell.map(|c| c.last)).collect::<Vec<_>>(),
        [None, Some(0.5), Some(0.5)]
    );
    assert_eq!(found.tags[0].cells, [None, Some("ada".into()), Some("ada".into())]);
}
