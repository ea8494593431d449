//! The command `mlops`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    // Buffered whole lines: a million points are not a million system calls.
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    ExitCode::from(mlops_core::cli::run(args, &mut out, &mut std::io::stderr()))
}
