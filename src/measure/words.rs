//! Expectations in words: a sentence that says what is expected, for people who do not read the
//! language of scenario files.

use crate::model::{
    Claim, During, Expectation, Figure, GroupId, Level, Mode, Model, Moment, Relation, Service,
    ServiceId, Span, Stat, StoreId, Term, Time, TopicId, Unit,
};

use super::compare::fault_name;
use super::judge;

/// Variants as expectations number them: what each is called, and its model.
pub type Variants<'a> = [(&'a str, &'a Model)];

/// What is expected, in a sentence: `While ledger is down, the share of customers that are served is
/// within 15 % of 42 %.`
#[must_use]
pub fn expectation(it: &Expectation, variants: &Variants) -> String {
    let Some((_, model)) = variants.get(it.variant) else { return it.text.clone() };
    let when = [how_often(it.mode, model), span(it.during, model)];
    let when: Vec<String> = when.into_iter().flatten().collect();
    let claim = claim(&it.claim, it.variant, variants);
    let sentence = if when.is_empty() { claim } else { format!("{}, {claim}", when.join(" ")) };
    let mut letters = sentence.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn how_often(mode: Mode, model: &Model) -> Option<String> {
    let fault = |place: usize| {
        model.faults.get(place).map_or_else(|| "a fault".into(), |it| fault_name(model, &it.kind))
    };
    Some(match mode {
        Mode::Measured => return None,
        Mode::Always => "at every instant".into(),
        Mode::Never => "at no instant".into(),
        Mode::Eventually => "at some instant".into(),
        Mode::By(at) => format!("at some instant up to {}", instant(at)),
        Mode::Within(limit, Moment::At(at)) => format!("within {limit} after {}", instant(at)),
        Mode::Within(limit, Moment::Broken(it)) => {
            format!("within {limit} from when {}", fault(it))
        }
        Mode::Within(limit, Moment::Mended(it)) => {
            format!("within {limit} after the end of “{}”", fault(it))
        }
    })
}

/// Over which span it is; nothing of the whole run.
fn span(during: During, model: &Model) -> Option<String> {
    let fault = |place: usize| model.faults.get(place).map(|it| fault_name(model, &it.kind));
    match during {
        During::Whole => None,
        During::Between(from, until) => {
            Some(format!("from {} to {}", instant(from), instant(until)))
        }
        During::Fault(it) => fault(it).map(|it| format!("while {it}")),
        During::After(it) => fault(it).map(|it| format!("after the end of “{it}”")),
    }
}

/// An instant with no more decimals than it takes.
fn instant(at: Time) -> Span {
    at.since(Time::ZERO)
}

fn claim(claim: &Claim, variant: usize, variants: &Variants) -> String {
    let unit = judge::unit(claim);
    let term = |it| term(it, unit, variant, variants);
    let (left, right) = (term(&claim.left), term(&claim.right));
    let relation = match claim.relation {
        Relation::Below => "is below".into(),
        Relation::Above => "is above".into(),
        Relation::AtMost => "is at most".into(),
        Relation::AtLeast => "is at least".into(),
        Relation::Equal => "is".into(),
        Relation::Unequal => "is not".into(),
        Relation::Near(share) => {
            format!("is within {} of", judge::number(share, Unit::Share))
        }
    };
    format!("{left} {relation} {right}")
}

/// A side of a claim. Of a figure it is said in which variant, unless that is the one it is about.
fn term(it: &Term, unit: Unit, about: usize, variants: &Variants) -> String {
    let plain = |it: f64| judge::number(it, Unit::Count);
    let inner = |it: &Term| term(it, Unit::Count, about, variants);
    match it {
        Term::Number(value) => judge::number(*value, unit),
        Term::Figure { variant, figure: it } => match variants.get(*variant) {
            Some((_, model)) if *variant == about => figure(*it, model),
            Some((name, model)) => format!("{} in “{name}”", figure(*it, model)),
            None => "a figure".to_owned(),
        },
        Term::Times(times, of) => format!("{} times {}", plain(*times), inner(of)),
        Term::Plus(one, other) => format!("{} plus {}", inner(one), inner(other)),
        Term::Minus(one, other) => format!("{} less {}", inner(one), inner(other)),
        Term::Over(one, other) => format!("{} divided by {}", inner(one), inner(other)),
    }
}

/// A figure, to be said before "is".
#[must_use]
pub fn figure(figure: Figure, model: &Model) -> String {
    let service = |it: ServiceId| model.services[it.index()].name.as_str();
    let is_workload = |it: ServiceId| model.services[it.index()].workload.is_some();
    let topic = |it: TopicId| model.topics[it.index()].name.as_str();
    let time = |stat: Stat| match stat {
        Stat::Mean => "the mean time",
        Stat::P50 => "the median time",
        Stat::P90 => "the p90 of the time",
        Stat::P99 => "the p99 of the time",
        Stat::Max => "the longest time",
    };
    let store = |it| store(model, it);
    let (who, where_from) = (|it| group(model, it).0, |it| group(model, it).1);
    let of_store =
        |it: Option<StoreId>| it.map_or_else(String::new, |it| format!(" of {}", store(it)));
    let anomalies = |of, kind: Option<crate::model::AnomalyKind>| {
        let kind = kind.map_or_else(String::new, |it| format!(" “{}”", it.name()));
        format!("the number of anomalies{kind}{}", of_store(of))
    };
    match figure {
        Figure::Level(it) => level(it, model),
        Figure::Free(it, stat) => {
            format!("{} until {} are free again", time(stat), service(it))
        }
        Figure::Outcome(it, stat) => {
            format!("{} until {} are served", time(stat), service(it))
        }
        Figure::Accepted(it) => format!("the share of {} that are accepted", service(it)),
        Figure::Available(it) => format!("the share of {} that are served", service(it)),
        Figure::Open(it) => format!("the number of {} who know no outcome", service(it)),
        Figure::Request(from, to, stat) => {
            format!("{} until {} has an answer of {}", time(stat), service(from), service(to))
        }
        Figure::Response(it, stat) => {
            format!("{} that messages are at {}", time(stat), service(it))
        }
        Figure::Waiting(it, stat) => {
            format!("{} that messages wait at {}", time(stat), service(it))
        }
        Figure::Arrived(it) if is_workload(it) => format!("the number of {}", service(it)),
        Figure::Arrived(it) => format!("the number of messages that come to {}", service(it)),
        Figure::Completed(it) if is_workload(it) => {
            format!("the number of {} that are served", service(it))
        }
        Figure::Completed(it) => format!("the number of messages handled by {}", service(it)),
        Figure::Failed(it) if is_workload(it) => {
            format!("the number of {} that are not served", service(it))
        }
        Figure::Failed(it) => format!("the number of failures of {}", service(it)),
        Figure::Rejected(it) => format!("the number of messages turned away at {}", service(it)),
        Figure::Lost(it) => format!("the number of messages lost at {}", service(it)),
        Figure::TimedOut(it) => {
            format!("the number of calls of {} not answered in time", service(it))
        }
        Figure::RateIn(it) => format!("the rate at which {} get work", service(it)),
        Figure::RateOut(it) => format!("the rate at which {} get done", service(it)),
        Figure::Utilisation(it) => format!("the utilisation of {}", service(it)),
        Figure::MeanQueue(it) => format!("the mean queue at {}", service(it)),
        Figure::MaxQueue(it) => format!("the longest queue at {}", service(it)),
        Figure::MeanInSystem(it) => format!("the mean number of messages at {}", service(it)),
        Figure::BlastRadius => "the number of parts that show errors or stop".into(),
        Figure::MaxLag(it) => {
            format!("the furthest that {} is behind on {}", who(it), where_from(it))
        }
        Figure::MeanLag(it) => {
            format!("how far {} is behind on {} on average", who(it), where_from(it))
        }
        Figure::Recovery(it) => {
            format!("the time until {} has caught up on {}", who(it), where_from(it))
        }
        Figure::MeanInFlight => "the mean number of messages in flight".into(),
        Figure::MaxInFlight => "the greatest number of messages in flight".into(),
        Figure::Window(it, stat) => format!("{} until {} has an event", time(stat), store(it)),
        Figure::WrongShare(it) => {
            format!("the share of time in which {} is not what it should be", store(it))
        }
        Figure::Anomalies(of, kind) => anomalies(of, kind),
        Figure::AnomaliesPerThousand(of, kind) => {
            format!("{} per thousand events", anomalies(of, kind))
        }
        Figure::NotYet(it) => {
            format!("the number of events not yet applied to {}", store(it))
        }
        Figure::Never(it) => {
            format!("the number of events that never will be applied to {}", store(it))
        }
        Figure::Published(it) => format!("the number of events published to {}", topic(it)),
        Figure::Delivered(it) => format!("the number of deliveries of {}", topic(it)),
        Figure::Redelivered(it) => format!("the number of redeliveries of {}", topic(it)),
        Figure::DeadLettered(it) => format!("the number of dead letters of {}", topic(it)),
        Figure::Messages => "the number of messages".into(),
        Figure::MessagesPerTransaction => "the number of messages per transaction".into(),
        Figure::BytesPerTransaction => "the number of bytes per transaction".into(),
        Figure::Polls => "the number of questions of polls".into(),
        Figure::EmptyPolls => "the number of questions that teach nothing".into(),
        Figure::Duplicates => "the number of copies beyond the first".into(),
        Figure::Retries => "the number of requests and publishes sent again".into(),
        Figure::WastedShare => "the share of messages that are wasted".into(),
        Figure::Parts => "the number of parts to run and watch".into(),
        Figure::IdempotentHandlers => "the number of handlers made idempotent".into(),
        Figure::Knows(it) => format!("the number of others that {} names", service(it)),
        Figure::KnownBy(it) => format!("the number of others that name {}", service(it)),
    }
}

fn level(level: Level, model: &Model) -> String {
    let service = |it: ServiceId| model.services[it.index()].name.as_str();
    let store = |it| store(model, it);
    match level {
        Level::Total(it) => format!("what {} holds in all", store(it)),
        Level::ShouldTotal(it) => format!("what {} should hold in all", store(it)),
        Level::Held(it, None) => format!("what {} holds", store(it)),
        Level::Held(it, Some(key)) => {
            format!("what {} holds under {}", store(it), model.value_text(key))
        }
        Level::WrongKeys(it) => {
            format!("the number of keys under which {} is not what it should be", store(it))
        }
        Level::Lag(it) => {
            let (who, topic) = group(model, it);
            format!("how far {who} is behind on {topic}")
        }
        Level::Queue(it) => format!("the queue at {}", service(it)),
        Level::Busy(it) => format!("the number of busy workers of {}", service(it)),
        Level::Up(it) => format!("the number of running instances of {}", service(it)),
        Level::InFlight => "the number of messages in flight".into(),
        Level::Done(it) => format!("the number of messages handled by {} so far", service(it)),
        Level::AnomaliesSoFar(of, kind) => {
            format!("{} so far", figure(Figure::Anomalies(of, kind), model))
        }
    }
}

/// A store with whose it is: `ledger's balance`.
fn store(model: &Model, it: StoreId) -> String {
    let store = &model.stores[it.index()];
    format!("{}’s {}", model.services[store.service.index()].name, store.name)
}

/// Who consumes, and from where.
fn group(model: &Model, it: GroupId) -> (&str, &str) {
    let group = &model.groups[it.index()];
    let reads = |of: &&Service| of.consumes.iter().any(|consume| consume.group == it);
    let who = model.services.iter().find(reads).map_or(&group.name, |it| &it.name);
    (who, &model.topics[group.topic.index()].name)
}
