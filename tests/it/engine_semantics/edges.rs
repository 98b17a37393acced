//! Where a limit falls: the last that is within it, and the first that is not.

use inflight::engine::breaker::Breaker;
use inflight::engine::strategy::Versions;
use inflight::model::{Breaker as Settings, BreakerState, ServiceId, Span, Time, Trip};

use crate::expert_mistakes::run;

#[test]
fn what_fell_off_the_log_is_counted() {
    let body = r#"
        events: { "E": Event() },
        topics: { "l": Log(retention_events: 2) },
        workloads: { "s": Workload(arrivals: At(["0s", "0s", "0s", "0s", "0s", "0s"]), event: "E", do: [Publish("E", "l")]) },
        services: { "r": Service(consumes: { "l": Consume(start: Earliest, prefetch: 1, on: { "E": [Work("300ms")] }) }) },
    "#;
    let report = run(body, 9.0);
    let group = &report.topics[0].groups[0];
    assert_eq!((group.fell_off, group.delivered, group.lag), (3, 3, 0));
}

#[test]
fn a_version_is_stale_unless_it_is_newer() {
    let mut versions = Versions::default();
    assert!(!versions.is_stale(7, 1));
    versions.advance(7, 3);
    assert!(versions.is_stale(7, 2) && versions.is_stale(7, 3));
    assert!(!versions.is_stale(7, 4) && !versions.is_stale(8, 1));
}

/// Where a breaker counts failures in a row, one failed trial is enough.
#[test]
fn a_half_open_breaker_opens_again_with_its_first_failure() {
    let settings = Settings {
        name: String::new(),
        service: ServiceId(0),
        trip: Trip::InARow(1),
        open_for: Span::from_secs(1),
        trial: 2,
    };
    let at = |seconds: f64| Time::from_secs_f64(seconds);
    let mut breaker = Breaker::default();
    let pass = breaker.let_through(at(0.0), &settings).unwrap();
    breaker.report(at(0.0), &settings, pass, false);
    assert!(breaker.let_through(at(0.9), &settings).is_none());
    let trials = [0, 1].map(|_| breaker.let_through(at(1.0), &settings).unwrap());
    assert!(breaker.let_through(at(1.0), &settings).is_none(), "no third trial");
    breaker.report(at(1.1), &settings, trials[0], false);
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker.report(at(1.1), &settings, trials[1], true);
    assert_eq!(breaker.state(), BreakerState::Open, "the other says nothing any more");
}
