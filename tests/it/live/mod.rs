//! Live runs: what really comes, in whatever order and however late, makes a run like any other;
//! and what a scenario promises holds, whoever its broker is.
//!
//! Nothing here measures how long anything takes: a run is waited for until it is over, and
//! would be cut off after a time that no machine needs.
#![expect(clippy::disallowed_methods, reason = "live runs go by the clock of the wall")]

mod command_line;
mod contract;
mod contract_logs;
mod elsewhere;
mod embedded;
mod inputs;
mod looking_back;
mod nats;
mod sharing;
mod window;

use std::sync::Arc;
use std::time::{Duration, Instant};

use inflight::live::{self, Handle, Phase, Status, Where};
use inflight::model::{Model, Span};
use inflight::scenario;
use inflight::sim::{Trace, World};

/// Longer than anything here takes.
const CAP: Duration = Duration::from_secs(120);

fn model(text: &str) -> Arc<Model> {
    let read = scenario::read(text, "live.ron");
    let scenario = read.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    scenario.variants[0].model.clone()
}

fn start(model: &Arc<Model>, broker: &Where) -> Handle {
    let grace = Span::from_secs(60);
    let options = live::Options { broker: broker.clone(), grace, ..live::Options::new(model.seed) };
    live::start(Arc::clone(model), &options).unwrap()
}

/// Waits until something is so of a run.
fn wait(handle: &Handle, what: &str, mut is_so: impl FnMut(&Status) -> bool) -> Status {
    let begin = Instant::now();
    loop {
        let status = handle.status();
        assert_ne!(status.phase, Phase::Failed, "{:?}", status.trouble);
        if is_so(&status) {
            return status;
        }
        assert!(begin.elapsed() < CAP, "{what}: never, it is at {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sees a run to its end; gives its world, which is what its trace makes.
fn end(handle: Handle) -> (World, Trace) {
    wait(&handle, "the end", |it| it.phase == Phase::Over);
    let begin = Instant::now();
    while !handle.is_over() {
        assert!(begin.elapsed() < CAP, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (trace, script) = (handle.trace(), handle.script());
    let (model, seed) = (handle.model().clone(), handle.seed());
    let world = handle.join().expect("a live run does not panic");
    let audit = world.audit();
    assert!(audit.is_balanced(), "{audit:?}");
    let mut again = World::live(model, seed, trace.source());
    again.retrace(&trace, &script, &mut ());
    assert_eq!(again.digest(), world.digest(), "what came in, once more, is the same run");
    assert_eq!(again.report(), world.report());
    (world, trace)
}

fn topic<'r>(
    report: &'r inflight::sim::Report,
    name: &str,
) -> &'r inflight::sim::report::TopicReport {
    report.topics.iter().find(|it| it.name == name).unwrap()
}

fn service<'r>(
    report: &'r inflight::sim::Report,
    name: &str,
) -> &'r inflight::sim::report::ServiceReport {
    report.services.iter().find(|it| it.name == name).unwrap()
}
