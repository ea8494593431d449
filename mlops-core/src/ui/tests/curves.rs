use super::super::metric_svg;
use super::super::plot::{PlotOptions, plot};
use super::super::svg::{Curve, curves};
use super::*;

const STRANGE: [f64; 6] = [1.0, f64::NAN, f64::MAX, -f64::MAX, f64::INFINITY, 2.0];

/// The numbers of a picture are all finite.
fn check_svg(picture: &str) {
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
    assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
}

#[test]
fn svg_escapes_names_and_leaves_gaps() {
    let y = [1.0, 2.0, f64::NAN, 4.0, f64::INFINITY, 5.0, 6.0];
    let x: Vec<f64> = (0..7).map(f64::from).collect();
    let one = Curve { name: EVIL, x: &x, y: &y };
    let picture = curves(EVIL, EVIL, &[one, one]);
    check_svg(&picture);
    assert!(!picture.contains("<script") && !picture.contains("<img") && !picture.contains("<!--"));
    assert!(picture.contains("&lt;/script&gt;&lt;script&gt;alert(1)"));
    assert_eq!((picture.matches("<polyline").count(), picture.matches("<circle").count()), (4, 2));
}

#[test]
fn svg_draws_whatever_numbers_there_are() {
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    let shapes: [&[f64]; 5] = [&STRANGE, &[f64::NAN; 6], &[3.0; 6], &[], &[0.0]];
    for y in shapes {
        check_svg(&curves("loss", "step", &[Curve { name: "run", x: &x[..y.len()], y }]));
    }
    assert!(curves("loss", "step", &[]).contains("no finite points"));
    let many: Vec<f64> = (0..100_000).map(|at| f64::from(at % 7)).collect();
    let picture = curves("loss", "step", &[Curve { name: "run", x: &many, y: &many }]);
    assert!(picture.len() < 50_000, "{}", picture.len());
}

#[test]
fn svg_of_a_metric_has_a_curve_for_each_run_that_has_it() {
    let (store, ids) = store_of(12, |at, run| {
        if at > 0 {
            run.log_series("loss", &[5, 0], &[], &[1.0, 2.0]).unwrap();
        }
    });
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let picture = metric_svg(&store, &ids, "loss").unwrap();
    assert_eq!(picture.matches("<polyline").count(), 11);
    assert!(picture.contains("and 3 more") && picture.contains("<title>name-11</title>"));
    assert!(metric_svg(&store, &["nobody"], "loss").is_err());
}

#[test]
fn a_terminal_curve_fits_its_width_and_shows_its_shape() {
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let falling: Vec<f64> = x.iter().map(|x| 100.0 - x).collect();
    for width in [30, 80, 200] {
        let drawn = plot(&x, &falling, "step", PlotOptions { width, height: 10 });
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), 13, "{drawn}");
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{drawn}");
        assert!(["100 ┤⠉", "100 ┤⠑"].iter().any(|start| lines[0].starts_with(start)), "{drawn}");
        assert!(drawn.contains("└─") && lines[12].trim() == "step", "{drawn}");
    }
}

#[test]
fn a_terminal_curve_is_drawn_whatever_numbers_there_are() {
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    let drawn = plot(&x, &STRANGE, "step", PlotOptions::default());
    assert!(drawn.contains("step; 2 points are NaN or infinite"), "{drawn}");
    assert_eq!(
        plot(&x[..1], &[f64::NAN], "step", PlotOptions::default()),
        "step; no finite points; 1 point is NaN or infinite\n"
    );
    assert_eq!(plot(&[], &[], "step", PlotOptions::default()), "step; no finite points\n");
    for y in [&[3.0][..], &[0.0; 6], &[-2.5; 3]] {
        let drawn = plot(&x[..y.len()], y, "step", PlotOptions { width: 0, height: 0 });
        assert!(drawn.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{drawn}");
    }
}
