//! Series as a table of comma-separated values (RFC 4180).

use crate::measure::series::{ChartKind, Charted};
use crate::model::Unit;
use crate::view::metrics::line_name;

/// The series: a line a bucket, with when it begins and ends in seconds, and a column a figure.
#[must_use]
pub fn series(charted: &Charted) -> String {
    let mut out = String::from("from_s,to_s");
    for (kind, figure) in &charted.figures {
        let what = match kind {
            ChartKind::Response => "response",
            ChartKind::Throughput => "throughput",
            ChartKind::Work => "work done",
            ChartKind::Failures => "failures",
            ChartKind::Queue => "queue depth",
            ChartKind::Lag => "lag",
            ChartKind::InFlight => "in flight",
            ChartKind::Window => "consistency window p99",
            ChartKind::Anomalies => "anomalies",
        };
        let unit = match figure.unit() {
            Unit::Seconds => " [s]",
            Unit::PerSecond => " [1/s]",
            _ => "",
        };
        out.push(',');
        out += &field(&format!("{what} {}{unit}", line_name(&charted.model, *kind, *figure)));
    }
    out += "\r\n";
    for (place, span) in charted.bounds.windows(2).enumerate() {
        let cell = |values: &Vec<Option<f64>>| match values.get(place).copied().flatten() {
            Some(value) => format!(",{value}"),
            None => ",".to_owned(),
        };
        let cells: String = charted.values.iter().map(cell).collect();
        out += &format!("{},{}{cells}\r\n", span[0].as_secs_f64(), span[1].as_secs_f64());
    }
    out
}

/// A field, in quotes where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
