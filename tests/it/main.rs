//! The one test binary: a module for each thing a user would lose.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounting;
mod architecture;
mod attics;
mod breaking;
mod command_line;
mod compare_view;
mod desk;
mod comparing;
mod determinism;
mod differences;
mod drawing;
mod engine_semantics;
mod expert_mistakes;
mod finding;
mod faults;
mod futures;
mod generate;
mod hostile_files;
mod lanes;
mod live;
mod lanes_panel;
mod journeys;
mod layout;
mod measuring;
mod metrics_view;
mod panels;
mod queueing_theory;
mod real_broker;
mod random_walk;
mod scenario_files;
mod scrubbing;
mod sessions;
mod swarm;
mod swarm_producers;
mod swarm_projections;
mod swarm_queues;
mod top_bar;
mod transport;
mod window;

/// Says that a test is skipped for want of a tool, to the terminal itself: what a test prints
/// that passes is not shown. Where everything is required, that is a failure.
fn skipped(what: &str, tool: &str) {
    use std::io::Write;
    let text = format!("SKIPPED: {what} needs {tool}, which is not installed");
    assert!(std::env::var_os("INFLIGHT_REQUIRE_ALL").is_none(), "{text}");
    let _ = writeln!(std::io::stderr(), "{text}");
}
