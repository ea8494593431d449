//! Reports as JUnit XML: a bad model fails a build as a bug does.

use std::fmt::Write;

use super::checks::Check;
use super::report::GateReport;
use super::text::values;
use crate::base::markup::escape;
use crate::registry::Verdict;

/// What a check is to a build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Passed,
    Failed,
    Errored,
    Skipped,
}

impl GateReport {
    /// The report as JUnit XML: a suite with a case for each check. What is inconclusive and stops the candidate is a failure,
    /// what is reported only is skipped.
    pub fn to_junit(&self) -> String {
        let cases: Vec<(Case, &Check)> = self.checks.iter().map(|check| (self.case(check), check)).collect();
        let number = |case: Case| cases.iter().filter(|(of, _)| *of == case).count();
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
            cases.len(),
            number(Case::Failed),
            number(Case::Errored),
            number(Case::Skipped)
        );
        let name = escape(&self.gate);
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mlops gate\" {counts}>\n\
             <testsuite name=\"{name}\" {counts}>\n<properties>\n"
        );
        let properties = [
            ("verdict", Some(self.verdict.as_str())),
            ("candidate", self.candidate.as_deref()),
            ("baseline", self.baseline.as_deref()),
            ("candidate_digest", Some(self.candidate_digest.as_str())),
            ("baseline_digest", self.baseline_digest.as_deref()),
            ("data", Some(self.data.as_str())),
            ("rules", Some(self.rules.as_str())),
        ];
        for (key, value) in properties {
            if let Some(value) = value {
                let _ = writeln!(out, "<property name=\"{key}\" value=\"{}\"/>", escape(value));
            }
        }
        out.push_str("</properties>\n");
        for (case, check) in cases {
            self.put_case(&mut out, case, check);
        }
        let lines = self
            .facts()
            .into_iter()
            .chain(self.warnings.iter().map(|one| format!("warning {}: {}", one.code, one.text)));
        let said = std::iter::once(self.headline()).chain(lines).collect::<Vec<_>>().join("\n");
        let _ = write!(out, "<system-out>{}</system-out>\n</testsuite>\n</testsuites>\n", escape(&said));
        out
    }

    fn case(&self, check: &Check) -> Case {
        match (check.verdict, check.is_blocking) {
            (Verdict::Pass, _) => Case::Passed,
            (_, false) => Case::Skipped,
            (Verdict::Error, true) => Case::Errored,
            // Where it is allowed, the gate passes with it.
            (Verdict::Inconclusive | Verdict::Ask, true) if self.verdict == Verdict::Pass => Case::Skipped,
            (Verdict::Fail | Verdict::Inconclusive | Verdict::Ask, true) => Case::Failed,
        }
    }

    fn put_case(&self, out: &mut String, case: Case, check: &Check) {
        let (class, name) = (escape(&format!("{}.{}", self.gate, check.kind.as_str())), escape(&check.name));
        let (message, kind) = (escape(&check.reason), check.verdict.as_str());
        let _ = write!(out, "<testcase classname=\"{class}\" name=\"{name}\"");
        let _ = match case {
            Case::Passed => writeln!(out, "/>"),
            Case::Skipped => writeln!(out, "><skipped message=\"{kind}: {message}\"/></testcase>"),
            Case::Failed | Case::Errored => {
                let tag = if case == Case::Failed { "failure" } else { "error" };
                let detail = escape(&values(&check.numbers));
                writeln!(out, "><{tag} type=\"{kind}\" message=\"{message}\">{detail}</{tag}></testcase>")
            }
        };
    }
}
