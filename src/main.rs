//! The binary: hands over to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Whoever reads what is printed may have enough, as `head` has: that is no fault of anybody.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.to_string().contains("failed printing to stdout") {
            std::process::exit(0);
        }
        usual(panic);
    }));
    inflight::cli::main()
}
