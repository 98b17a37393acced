//! What can be set of something on the list of faults: the parameters of an act, with their units
//! and bounds, and what a person types for them.

use crate::model::{Act, Deed, EventTypeId, FaultKind, Model, Position, Setting, Span, Value};
use crate::scenario::parse_span;

/// A parameter of an act.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// What it is called.
    pub name: String,
    /// In what it is counted.
    pub unit: Unit,
    /// What it is now, in its unit; infinite for no limit.
    pub value: f64,
    /// The least that it may be.
    pub least: f64,
    /// The most that it may be; infinite where it may be without a limit.
    pub most: f64,
    /// Whether `value` may be infinite: no limit, for ever.
    pub may_be_endless: bool,
}

/// In what a parameter is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time, in seconds.
    Time,
    /// A share, in per cent.
    Percent,
    /// So many times.
    Times,
    /// Whole things.
    Count,
    /// Bytes a second.
    Rate,
    /// A plain number.
    Plain,
    /// Yes (1) or no (0).
    Switch,
}

impl Parameter {
    const fn new(name: String, unit: Unit, value: f64, least: f64, most: f64) -> Self {
        Self { name, unit, value, least, most, may_be_endless: false }
    }

    const fn or_endless(mut self) -> Self {
        self.may_be_endless = true;
        self
    }

    /// What it is, with its unit.
    #[must_use]
    pub fn text(&self) -> String {
        let value = self.value;
        match self.unit {
            _ if value.is_infinite() && self.unit == Unit::Time => "for ever".to_owned(),
            _ if value.is_infinite() => "no limit".to_owned(),
            Unit::Time => {
                let sign = if value < 0.0 { "-" } else { "" };
                format!("{sign}{}", Span::from_secs_f64(value.abs()))
            }
            Unit::Percent => format!("{} %", short(value)),
            Unit::Times => format!("{}×", short(value)),
            Unit::Rate => format!("{} B/s", short(value)),
            Unit::Count | Unit::Plain => short(value),
            Unit::Switch => if value > 0.5 { "yes" } else { "no" }.to_owned(),
        }
    }

    /// What a person typed, or why it is nothing that it could be.
    ///
    /// # Errors
    /// In a sentence.
    pub fn parse(&self, text: &str) -> Result<f64, String> {
        let text = text.trim();
        let is_word = |words: &[&str]| words.iter().any(|it| text.eq_ignore_ascii_case(it));
        if self.may_be_endless && is_word(&["no limit", "for ever", "none", "∞", "never"]) {
            return Ok(f64::INFINITY);
        }
        let value = match self.unit {
            Unit::Time => time(text).ok_or("a time such as 12.4 s, 250 ms or 2 min")?,
            _ => {
                let ends = ["%", "×", "x", "B/s"];
                let number = ends.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
                let number = number.trim().parse().ok().filter(|it: &f64| it.is_finite());
                number.ok_or("a number")?
            }
        };
        let is_whole = self.unit == Unit::Count;
        if is_whole && value.fract().abs() > 1e-9 {
            return Err("a whole number".to_owned());
        }
        if value < self.least || value > self.most {
            let bound = |value: f64| Self { value, ..self.clone() }.text();
            return Err(match self.most.is_finite() {
                true => format!("from {} to {}", bound(self.least), bound(self.most)),
                false => format!("at least {}", bound(self.least)),
            });
        }
        Ok(value)
    }

    /// A little more, or less: the next of 1, 2, 5, 10 … of a tenth of it.
    #[must_use]
    pub fn stepped(&self, up: bool) -> f64 {
        let step = match self.unit {
            _ if self.value.is_infinite() => {
                return if up { self.value } else { self.least.max(8.0) };
            }
            Unit::Switch => return f64::from(u8::from(up)),
            Unit::Count | Unit::Plain => 1.0,
            Unit::Percent => 5.0,
            Unit::Times => 0.5,
            Unit::Time | Unit::Rate => round_step(self.value.abs()),
        };
        let to = if up { self.value + step } else { self.value - step };
        // A step down to nothing goes to half, as long as nothing is too little.
        let to = if to < self.least.max(1e-12) && self.least > 0.0 { self.value / 2.0 } else { to };
        let to = if matches!(self.unit, Unit::Count) { to.round() } else { to };
        to.clamp(self.least, self.most)
    }
}

/// A time as a person types it: with a unit, or in seconds; behind zero with a minus.
#[must_use]
pub fn time(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix(['-', '−']).map_or((1.0, text), |rest| (-1.0, rest));
    let packed: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let seconds = match packed.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => seconds,
        Ok(_) => return None,
        Err(_) => parse_span(&packed).ok()?.as_secs_f64(),
    };
    Some(sign * seconds)
}

/// A tenth of a value, rounded to 1, 2 or 5 of a power of ten.
fn round_step(value: f64) -> f64 {
    let tenth = (value / 10.0).max(1e-6);
    let power = 10_f64.powf(tenth.log10().floor());
    let lead = tenth / power;
    power
        * if lead < 1.5 {
            1.0
        } else if lead < 3.5 {
            2.0
        } else {
            5.0
        }
}

fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The parameters of an act; not its instant, nor how long it lasts.
#[must_use]
pub fn parameters(model: &Model, act: &Act) -> Vec<Parameter> {
    let mut found = Vec::new();
    each(model, &mut act.clone(), |parameter| {
        let value = parameter.value;
        found.push(parameter);
        value
    });
    found
}

/// The act with one of its parameters set otherwise.
#[must_use]
pub fn with(model: &Model, act: &Act, place: usize, value: f64) -> Act {
    let mut act = act.clone();
    let mut at = 0;
    each(model, &mut act, |parameter| {
        let is_it = at == place;
        at += 1;
        if is_it { value } else { parameter.value }
    });
    act
}

/// Shows each parameter of an act in turn, and sets it to what is given back.
fn each(model: &Model, act: &mut Act, mut see: impl FnMut(Parameter) -> f64) {
    match act {
        Act::Message { copy, deed } => done(model, copy.event_type, deed, &mut see),
        Act::Break { kind: FaultKind::Strike(strike), .. } => {
            whole(&mut strike.nth, "which", 1.0, &mut see);
            done(model, strike.event_type, &mut strike.deed, &mut see);
        }
        Act::Break { kind, .. } => fault(kind, &mut see),
        Act::Mend(_) => {}
        Act::Set(setting) => set(setting, &mut see),
        Act::FailNext { count, .. } => whole(count, "how many", 0.0, &mut see),
        Act::Purge { .. } | Act::Omit { .. } => {}
    }
}

fn done(
    model: &Model,
    event_type: EventTypeId,
    deed: &mut Deed,
    see: &mut impl FnMut(Parameter) -> f64,
) {
    match deed {
        Deed::Delay(by) => span(by, "by", 0.0, see),
        Deed::Edit { field, value } => {
            let fields = &model.event_types[event_type.index()].fields;
            let name = fields.get(usize::from(*field)).map_or("value", |it| &it.name);
            edit(name, value, see);
        }
        Deed::Duplicate | Deed::Drop | Deed::Swap | Deed::LoseAnswer | Deed::Bury => {}
    }
}

fn fault(kind: &mut FaultKind, see: &mut impl FnMut(Parameter) -> f64) {
    match kind {
        FaultKind::Slow { factor, .. } => {
            *factor = see(Parameter::new("slower".into(), Unit::Times, *factor, 0.01, 1e6));
        }
        FaultKind::Cut { hold, .. } => switch(hold, "keep what is sent", see),
        FaultKind::Loss { probability, .. } | FaultKind::Duplicate { probability, .. } => {
            let percent = 100.0 * *probability;
            let name = "probability".into();
            *probability = see(Parameter::new(name, Unit::Percent, percent, 0.0, 100.0)) / 100.0;
        }
        FaultKind::Delay { extra, reorder, .. } => {
            distribution(extra, "extra", see);
            switch(reorder, "overtaking", see);
        }
        FaultKind::Outage { forgets, .. } => span(forgets, "forgets acks of", 0.0, see),
        FaultKind::Replay { to: Position::Offset(offset), .. } => {
            #[expect(clippy::cast_precision_loss, reason = "an offset that a person typed")]
            let value = *offset as f64;
            let name = "from offset".into();
            *offset = to_u64(see(Parameter::new(name, Unit::Count, value, 0.0, 1e15)));
        }
        FaultKind::Replay { to: Position::Time(at), .. } => {
            let name = "from".into();
            let from = see(Parameter::new(name, Unit::Time, at.as_secs_f64(), 0.0, 1e9));
            *at = crate::model::Time::from_secs_f64(from);
        }
        FaultKind::Set(setting) => set(setting, see),
        FaultKind::FailNext { count, .. } => whole(count, "how many", 0.0, see),
        FaultKind::Crash { .. }
        | FaultKind::Replay { .. }
        | FaultKind::Disconnect { .. }
        | FaultKind::LeaderLoss { .. }
        | FaultKind::Strike(_)
        | FaultKind::Purge { .. } => {}
    }
}

fn set(setting: &mut Setting, see: &mut impl FnMut(Parameter) -> f64) {
    match setting {
        Setting::Instances { instances, .. } => whole(instances, "instances", 0.0, see),
        Setting::Workers { workers, .. } => limit(workers, "workers", 0.0, see),
        Setting::Strategy { .. } => {}
        Setting::Prefetch { prefetch, .. } => whole(prefetch, "prefetch", 1.0, see),
        Setting::AckWait { wait, .. } => {
            let value = wait.map_or(f64::INFINITY, Span::as_secs_f64);
            let wish = Parameter::new("ack wait".into(), Unit::Time, value, 0.001, 1e9);
            let value = see(wish.or_endless());
            *wait = value.is_finite().then(|| Span::from_secs_f64(value));
        }
        Setting::MaxDeliveries { most, .. } => limit(most, "deliveries", 1.0, see),
        Setting::Latency { latency, .. } => distribution(latency, "latency", see),
        Setting::Bandwidth { bandwidth, .. } => {
            let value = bandwidth.unwrap_or(f64::INFINITY);
            let wish = Parameter::new("bandwidth".into(), Unit::Rate, value, 1.0, 1e15);
            let value = see(wish.or_endless());
            *bandwidth = value.is_finite().then_some(value);
        }
        Setting::Clock { ahead, .. } => {
            #[expect(clippy::cast_precision_loss, reason = "a clock is off by less than 104 days")]
            let value = *ahead as f64 / 1e9;
            let value = see(Parameter::new("ahead by".into(), Unit::Time, value, -1e6, 1e6));
            #[expect(clippy::cast_possible_truncation, reason = "within its bounds")]
            let nanos = (value * 1e9).round() as i64;
            *ahead = nanos;
        }
    }
}

fn edit(name: &str, value: &mut Value, see: &mut impl FnMut(Parameter) -> f64) {
    #[expect(clippy::cast_precision_loss, reason = "a field that a person typed")]
    #[expect(clippy::cast_possible_truncation, reason = "within its bounds")]
    match value {
        Value::Int(it) => {
            let wish = Parameter::new(name.into(), Unit::Count, *it as f64, -1e15, 1e15);
            *it = see(wish).round() as i64;
        }
        Value::Float(it) => {
            *it = see(Parameter::new(name.into(), Unit::Plain, *it, -1e15, 1e15));
        }
        _ => {}
    }
}

fn span(it: &mut Span, name: &str, least: f64, see: &mut impl FnMut(Parameter) -> f64) {
    let wish = Parameter::new(name.into(), Unit::Time, it.as_secs_f64(), least, 1e9);
    *it = Span::from_secs_f64(see(wish));
}

fn distribution(
    it: &mut crate::model::Distribution,
    name: &str,
    see: &mut impl FnMut(Parameter) -> f64,
) {
    let mean = it.mean() / 1e9;
    let value = see(Parameter::new(name.into(), Unit::Time, mean, 0.0, 1e6));
    if (value - mean).abs() > 1e-12 {
        *it = it.with_mean(value * 1e9);
    }
}

fn switch(it: &mut bool, name: &str, see: &mut impl FnMut(Parameter) -> f64) {
    let value = f64::from(u8::from(*it));
    *it = see(Parameter::new(name.into(), Unit::Switch, value, 0.0, 1.0)) > 0.5;
}

fn whole(it: &mut u32, name: &str, least: f64, see: &mut impl FnMut(Parameter) -> f64) {
    let wish = Parameter::new(name.into(), Unit::Count, f64::from(*it), least, 1e6);
    *it = to_u32(see(wish));
}

fn limit(it: &mut Option<u32>, name: &str, least: f64, see: &mut impl FnMut(Parameter) -> f64) {
    let value = it.map_or(f64::INFINITY, f64::from);
    let value = see(Parameter::new(name.into(), Unit::Count, value, least, 1e6).or_endless());
    *it = value.is_finite().then(|| to_u32(value));
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn to_u32(value: f64) -> u32 {
    value.round() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn to_u64(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution, LinkId, ServiceId};

    fn model() -> Model {
        let first = &crate::scenario::library::entries()[0];
        let read =
            crate::scenario::read(first.text, first.path).expect("it is part of the program");
        (*read.variants[0].model).clone()
    }

    fn set_first(act: &Act, value: f64) -> Act {
        with(&model(), act, 0, value)
    }

    #[test]
    fn what_is_typed_is_taken_or_said_to_be_wrong() {
        let time = Parameter::new("at".into(), Unit::Time, 1.0, 0.0, 1e9);
        assert_eq!(time.parse("12.4s"), Ok(12.4));
        assert_eq!(time.parse(" 250 ms "), Ok(0.25));
        assert_eq!(time.parse("3"), Ok(3.0));
        assert!(time.parse("soon").unwrap_err().contains("12.4 s"));
        assert!(time.parse("-1s").is_err());
        let share = Parameter::new("p".into(), Unit::Percent, 20.0, 0.0, 100.0);
        assert_eq!(share.parse("35 %"), Ok(35.0));
        assert_eq!(share.parse("135 %").unwrap_err(), "from 0 % to 100 %");
        let count = Parameter::new("n".into(), Unit::Count, 2.0, 1.0, 1e6).or_endless();
        assert_eq!(count.parse("no limit"), Ok(f64::INFINITY));
        assert_eq!(count.parse("1.5").unwrap_err(), "a whole number");
    }

    #[test]
    fn what_is_set_is_what_is_read() {
        let links = vec![LinkId(0)];
        let service = ServiceId(0);
        let acts = [
            Act::FailNext { service, count: 3 },
            Act::Set(Setting::Workers { service, workers: None }),
            Act::Set(Setting::Clock { service, ahead: -2_000_000_000 }),
            Act::Break {
                kind: FaultKind::Loss { links: links.clone(), probability: 0.2 },
                lasts: None,
            },
            Act::Break {
                kind: FaultKind::Delay {
                    links,
                    extra: Distribution::LogNormal { mu: 18.0, sigma: 0.5 },
                    reorder: true,
                },
                lasts: None,
            },
        ];
        for act in acts {
            let was = parameters(&model(), &act)[0].clone();
            assert_eq!(set_first(&act, was.value), act, "{}", was.name);
            let changed = set_first(&act, 4.0);
            assert!((parameters(&model(), &changed)[0].value - 4.0).abs() < 1e-9);
        }
    }
}
