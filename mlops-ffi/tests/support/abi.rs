//! What programs are compiled against, one line a thing: functions, structs and numbers of the header.

use crate::declarations::declarations;

/// The lines of a header, sorted; the first says which version of the binary interface it is.
pub(crate) fn lines(header: &str) -> Vec<String> {
    let mut lines: Vec<_> = declarations(header).into_iter().map(|(_, declaration)| declaration).collect();
    let code = without_comments(header);
    for line in code.lines().filter(|line| line.starts_with("#define MLOPS_") && line.split(' ').count() > 2) {
        // The version changes with every release, and the macros behind it with the structs.
        if !line.starts_with("#define MLOPS_VERSION") && !line.contains(['(', '{', '\\']) {
            lines.push(line.to_owned());
        }
    }
    for body in code.split("\ntypedef struct ").skip(1) {
        if let Some((body, _)) = body.split_once('}').filter(|(body, _)| body.contains('{')) {
            let fields = body.split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push(format!("struct {fields}"));
        }
    }
    lines.retain(|line| !line.contains("MLOPS_ABI_VERSION"));
    lines.sort();
    let version = code.lines().find(|line| line.starts_with("#define MLOPS_ABI_VERSION")).unwrap();
    lines.insert(0, version.to_owned());
    lines
}

/// True if programs that were compiled against `kept` find it in `now`: unchanged, or, for a struct that begins with
/// its size, with more fields at its end.
pub(crate) fn still_there(kept: &str, now: &[String]) -> bool {
    let grows = kept.starts_with("struct ") && kept.contains("{ uint32_t struct_size;");
    now.iter().any(|line| line == kept || (grows && line.starts_with(kept)))
}

fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        code += before;
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code + rest
}

#[test]
fn a_struct_with_a_size_may_grow_and_nothing_else_may_change() {
    let now =
        ["struct a { uint32_t struct_size; int32_t b; int32_t c;".to_owned(), "struct d { int e; int f;".to_owned()];
    assert!(still_there("struct a { uint32_t struct_size; int32_t b;", &now));
    assert!(!still_there("struct a { uint32_t struct_size; int64_t b;", &now));
    assert!(!still_there("struct d { int e;", &now));
}
