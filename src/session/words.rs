//! How numbers, times, names and distributions are written, so that they are read back as they
//! were.

use crate::model::{Distribution, Model, Node as End, ServiceId, Span, Time, TopicId};
use crate::scenario::reader::Reader;
use crate::scenario::syntax::{Kind, Node, parse};

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            it if it.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(it))),
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

/// A text as it stands, over as many lines as it has.
pub(super) fn raw(text: &str) -> String {
    let runs = text.split('"').skip(1);
    let hashes = runs.map(|it| it.len() - it.trim_start_matches('#').len() + 1).max().unwrap_or(1);
    let hashes = "#".repeat(hashes);
    format!("r{hashes}\"{text}\"{hashes}")
}

/// A time with its unit, exact: `"1.5s"`.
pub(super) fn span(span: Span) -> String {
    let (unit, name) = match span.0 {
        0 => (1_000_000_000, "s"),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, part) = (span.0 / unit, span.0 % unit);
    let digits = unit.ilog10() as usize;
    let part = if part == 0 { String::new() } else { format!(".{part:0digits$}") };
    format!("\"{whole}{}{name}\"", part.trim_end_matches('0'))
}

/// An instant, as the time since the beginning.
pub(super) fn time(at: Time) -> String {
    span(at.since(Time::ZERO))
}

pub(super) fn service(model: &Model, id: ServiceId) -> String {
    name(model.services.get(id.index()).map(|it| it.name.as_str()), id.index())
}

pub(super) fn topic(model: &Model, id: TopicId) -> String {
    name(model.topics.get(id.index()).map(|it| it.name.as_str()), id.index())
}

pub(super) fn end(model: &Model, end: End) -> String {
    match end {
        End::Service(id) => service(model, id),
        End::Topic(id) => topic(model, id),
    }
}

/// A name; of what the model does not have, one that nothing has.
pub(super) fn name(name: Option<&str>, index: usize) -> String {
    name.map_or_else(|| format!("\"#{index}\""), quoted)
}

/// A distribution of times: as scenarios have it, or, where that would not be exact, by its
/// numbers, in ns.
pub(super) fn distribution(it: &Distribution) -> String {
    let readable = readable(it);
    let reader = Reader::default();
    let read = readable.as_deref().and_then(|text| parse(text).ok());
    let read = read.and_then(|node| reader.distribution(&node, false));
    match readable {
        Some(text) if read == Some(*it) && !reader.has_problems() => text,
        _ => format!("Exact({})", exact(it)),
    }
}

fn readable(it: &Distribution) -> Option<String> {
    let of = |nanos: f64| (nanos >= 0.0).then(|| span(Span::from_secs_f64(nanos / 1e9)));
    Some(match *it {
        Distribution::Constant(value) => of(value)?,
        Distribution::Uniform { low, high } => format!("Uniform({}, {})", of(low)?, of(high)?),
        Distribution::Exponential { mean } => format!("Exponential({})", of(mean)?),
        Distribution::Normal { mean, deviation } => {
            format!("Normal({}, {})", of(mean)?, of(deviation)?)
        }
        Distribution::LogNormal { mu, sigma } => {
            let p99 = (mu + sigma * 2.326_347_874).exp();
            format!("LogNormal({}, {})", of(mu.exp())?, of(p99)?)
        }
        Distribution::Gamma { shape, scale } => {
            format!("Gamma({shape:?}, {})", of(shape * scale)?)
        }
        Distribution::Pareto { least, shape } => format!("Pareto({}, {shape:?})", of(least)?),
    })
}

fn exact(it: &Distribution) -> String {
    match *it {
        Distribution::Constant(value) => format!("Constant(value: {value:?})"),
        Distribution::Uniform { low, high } => format!("Uniform(low: {low:?}, high: {high:?})"),
        Distribution::Exponential { mean } => format!("Exponential(mean: {mean:?})"),
        Distribution::Normal { mean, deviation } => {
            format!("Normal(mean: {mean:?}, deviation: {deviation:?})")
        }
        Distribution::LogNormal { mu, sigma } => format!("LogNormal(mu: {mu:?}, sigma: {sigma:?})"),
        Distribution::Gamma { shape, scale } => {
            format!("Gamma(shape: {shape:?}, scale: {scale:?})")
        }
        Distribution::Pareto { least, shape } => {
            format!("Pareto(least: {least:?}, shape: {shape:?})")
        }
    }
}

/// Reads what [`distribution`] writes.
pub(super) fn read_distribution(reader: &Reader, node: &Node) -> Option<Distribution> {
    let Kind::Tuple(Some(name), items) = &node.kind else {
        return reader.distribution(node, false);
    };
    let ("Exact", [inner]) = (name.as_str(), items.as_slice()) else {
        return reader.distribution(node, false);
    };
    const KNOWN: [&str; 7] =
        ["Constant", "Uniform", "Exponential", "Normal", "LogNormal", "Gamma", "Pareto"];
    let (Kind::Struct(Some(name), _) | Kind::Tuple(Some(name), _)) = &inner.kind else {
        reader.wrong(&inner.place, "no distribution", "Constant(value: 5e6), …");
        return None;
    };
    let Some(&what) = KNOWN.iter().find(|it| *it == name) else {
        reader.unknown(&inner.place, "distribution", name, KNOWN);
        return None;
    };
    let fields = reader.fields(inner, what)?;
    let number = |name: &'static str| fields.required(name).and_then(|it| reader.number(it));
    // Those that must be above zero.
    let above = |name: &'static str| fields.required(name).and_then(|it| reader.positive(it));
    let read = match what {
        "Constant" => number("value").map(Distribution::Constant),
        "Uniform" => {
            let ends = number("low").zip(number("high"));
            ends.map(|(low, high)| Distribution::Uniform { low, high })
        }
        "Exponential" => above("mean").map(|mean| Distribution::Exponential { mean }),
        "Normal" => {
            let both = number("mean").zip(number("deviation"));
            both.map(|(mean, deviation)| Distribution::Normal { mean, deviation })
        }
        "LogNormal" => {
            let both = number("mu").zip(number("sigma"));
            both.map(|(mu, sigma)| Distribution::LogNormal { mu, sigma })
        }
        "Gamma" => {
            let both = above("shape").zip(above("scale"));
            both.map(|(shape, scale)| Distribution::Gamma { shape, scale })
        }
        _ => {
            let both = above("least").zip(above("shape"));
            both.map(|(least, shape)| Distribution::Pareto { least, shape })
        }
    };
    fields.finish();
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_span;

    #[test]
    fn times_are_read_as_they_were_written() {
        let odd = [0, 1, 999, 1_000, 1_001, 60_000_000_000, 1_500_000_000, 86_399_999_999_999];
        for nanos in odd.into_iter().chain((0..63).map(|it| 3 << it)).filter(|it| *it < 3 << 60) {
            let text = span(Span(nanos));
            assert_eq!(parse_span(text.trim_matches('"')), Ok(Span(nanos)), "{text}");
        }
    }

    #[test]
    fn a_raw_text_may_hold_what_ends_raw_texts() {
        for text in ["", "a\"b", "a\"#b", "\"##\"#", "r#\"x\"#", "#\"", "\"##"] {
            let node = parse(&raw(text)).unwrap();
            assert_eq!(node.kind, Kind::Text(text.to_owned()));
        }
    }
}
