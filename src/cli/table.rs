//! The report of a run as a person likes to read it.

use comfy_table::{CellAlignment, Table, presets};

use crate::model::{AnomalyKind, DropReason, Span};
use crate::sim::Report;

use super::progress::Ran;

pub(super) fn print(report: &Report, sentence: &str, ran: &Ran) {
    let variant =
        if report.variant.is_empty() { String::new() } else { format!(" · {}", report.variant) };
    println!("{}{variant}", report.title);
    if !sentence.is_empty() {
        println!("{sentence}");
    }
    let how = if ran.is_live {
        "live".to_owned()
    } else {
        format!("simulated in {}", Span::from_secs_f64(ran.wall.as_secs_f64()))
    };
    println!(
        "\n{:.3} {how}{} · seed {} · {} records · digest {}\n",
        report.simulated,
        if ran.interrupted { " (interrupted)" } else { "" },
        report.seed,
        report.records,
        report.digest,
    );
    services(report);
    calls(report);
    strategies(report);
    topics(report);
    producers(report);
    outboxes(report);
    stores(report);
    messages(report);
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head);
    for column in 1..head.len() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn services(report: &Report) {
    let mut out = table(&[
        "service",
        "arrived",
        "done",
        "failed",
        "rejected",
        "lost",
        "timed out",
        "busy",
        "in queue",
        "in system",
        "wait",
        "response",
        "p50",
        "p90",
        "p99",
        "max",
    ]);
    for it in &report.services {
        out.add_row(vec![
            it.name.clone(),
            it.arrivals.to_string(),
            it.completed.to_string(),
            it.failed.to_string(),
            it.rejected.to_string(),
            it.lost.to_string(),
            it.timed_out.to_string(),
            it.utilisation.map_or("–".into(), |share| format!("{:.1} %", share * 100.0)),
            format!("{:.3}", it.mean_in_queue),
            format!("{:.3}", it.mean_in_system),
            format!("{:.2}", Span::from_secs_f64(it.mean_waiting)),
            format!("{:.2}", Span::from_secs_f64(it.mean_response)),
            format!("{:.2}", it.response_p50),
            format!("{:.2}", it.response_p90),
            format!("{:.2}", it.response_p99),
            format!("{:.2}", it.response_max),
        ]);
    }
    println!("{out}\n");
}

/// Retries and what came of them, if there were any.
fn calls(report: &Report) {
    let mut out = table(&[
        "calls of",
        "retries",
        "breaker open",
        "bulkhead full",
        "budget spent",
        "from memory",
        "conflicts",
    ]);
    let mut there_are_some = false;
    for it in &report.services {
        let [breaker, bulkhead, budget] = it.calls_refused;
        let figures = [it.retries, breaker, bulkhead, budget, it.remembered, it.conflicts];
        if figures.iter().any(|it| *it > 0) {
            there_are_some = true;
            let figures = figures.iter().map(u64::to_string);
            out.add_row(std::iter::once(it.name.clone()).chain(figures).collect::<Vec<_>>());
        }
    }
    if there_are_some {
        println!("{out}\n");
    }
}

/// What consumers' strategies did, if they did anything.
fn strategies(report: &Report) {
    let head = ["strategies", "known already", "stale", "rolled back", "dead letters", "gaps"];
    let mut out = table(&head);
    let mut any = false;
    for it in &report.services {
        let [known, stale] = it.skipped;
        let counts = [known, stale, it.rolled_back, it.dead_lettered, it.gaps];
        if counts.iter().any(|it| *it > 0) {
            any = true;
            let counts = counts.map(|it| it.to_string());
            out.add_row(std::iter::once(it.name.clone()).chain(counts));
        }
    }
    if any {
        println!("{out}\n");
    }
}

fn topics(report: &Report) {
    if report.topics.is_empty() {
        return;
    }
    let mut out = table(&[
        "topic · group",
        "published",
        "delivered",
        "again",
        "acked",
        "dead",
        "duplicates",
        "held",
        "lag",
    ]);
    for it in &report.topics {
        out.add_row(vec![
            it.name.clone(),
            it.published.to_string(),
            it.delivered.to_string(),
            it.redelivered.to_string(),
            if it.is_log { "–".into() } else { it.acked.to_string() },
            if it.is_log { "–".into() } else { it.dead_lettered.to_string() },
            it.deduplicated.to_string(),
            match it.compacted {
                0 => (it.waiting + it.leased).to_string(),
                gone => format!("{} ({gone} compacted)", it.waiting + it.leased),
            },
            match it.truncated {
                0 => String::new(),
                lost => format!("{lost} lost with a leader"),
            },
        ]);
        for group in &it.groups {
            out.add_row(vec![
                format!("  · {}", group.name),
                String::new(),
                group.delivered.to_string(),
                group.redelivered.to_string(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                match group.fell_off {
                    0 => group.lag.to_string(),
                    lost => format!("{} ({lost} fell off)", group.lag),
                },
            ]);
        }
    }
    println!("{out}\n");
}

fn producers(report: &Report) {
    if report.producers.is_empty() {
        return;
    }
    let mut out = table(&[
        "producer → topic",
        "published",
        "confirmed",
        "sent again",
        "failed",
        "forgotten",
        "pending",
    ]);
    for it in &report.producers {
        out.add_row(vec![
            format!("{} → {}", it.service, it.topic),
            it.published.to_string(),
            it.confirmed.to_string(),
            it.retried.to_string(),
            it.failed.to_string(),
            it.forgotten.to_string(),
            it.pending.to_string(),
        ]);
    }
    println!("{out}\n");
}

fn outboxes(report: &Report) {
    if report.outboxes.is_empty() {
        return;
    }
    let mut out = table(&["outbox → topic", "written", "published", "again", "waiting"]);
    for it in &report.outboxes {
        out.add_row(vec![
            format!("{}.{} → {}", it.service, it.name, it.topic),
            it.written.to_string(),
            it.published.to_string(),
            it.again.to_string(),
            it.waiting.to_string(),
        ]);
    }
    println!("{out}\n");
}

fn stores(report: &Report) {
    if report.stores.is_empty() {
        return;
    }
    let mut out = table(&["store", "keys", "total", "updates"]);
    for it in &report.stores {
        out.add_row(vec![
            format!("{}.{}", it.service, it.name),
            it.keys.to_string(),
            format!("{}", it.total),
            it.updates.to_string(),
        ]);
    }
    println!("{out}\n");
    projections(report);
}

fn projections(report: &Report) {
    if report.stores.iter().all(|it| it.projection.is_none()) {
        return;
    }
    let mut out = table(&[
        "projection",
        "holds",
        "should hold",
        "wrong keys",
        "wrong for",
        "window p50",
        "p99",
        "max",
        "not yet",
        "never",
        "anomalies",
    ]);
    for store in &report.stores {
        let Some(it) = &store.projection else { continue };
        let kinds = AnomalyKind::ALL.iter().zip(it.anomalies).filter(|(_, count)| *count > 0);
        let kinds: Vec<String> =
            kinds.map(|(kind, count)| format!("{count} {}", kind.name())).collect();
        out.add_row(vec![
            format!("{}.{} of {}", store.service, store.name, it.topic),
            format!("{}", store.total),
            format!("{}", it.should_total),
            it.wrong_keys.to_string(),
            format!("{:.1} %", it.wrong_share * 100.0),
            format!("{:.2}", it.window_p50),
            format!("{:.2}", it.window_p99),
            format!("{:.2}", it.window_max),
            it.not_yet.to_string(),
            it.never.to_string(),
            if kinds.is_empty() { "none".into() } else { kinds.join(", ") },
        ]);
    }
    println!("{out}\n");
    let stores = report.stores.iter().filter_map(|it| it.projection.as_ref());
    let counted = |kind: &AnomalyKind| stores.clone().any(|it| it.anomalies[*kind as usize] > 0);
    let names = AnomalyKind::in_the_field(AnomalyKind::ALL.into_iter().filter(counted));
    if !names.is_empty() {
        println!("{names}\n");
    }
}

fn messages(report: &Report) {
    let it = &report.messages;
    println!(
        "messages: {} published, {} delivered ({} again), {} acked, {} dead-lettered, {} in flight at the end",
        it.published, it.delivered, it.redelivered, it.acked, it.dead_lettered, it.in_flight
    );
    let dropped: Vec<String> = DropReason::ALL
        .iter()
        .zip(it.dropped)
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{count} {}", reason.name()))
        .collect();
    if !dropped.is_empty() {
        println!("dropped:  {}", dropped.join(", "));
    }
}
