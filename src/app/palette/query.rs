//! What was typed into the search, read as a question about events: `#12`, `checkout/12`,
//! `amount>50`, `customer=c-7 type~payment`, or words.

use crate::history::{Condition, Relation, Test};
use crate::model::{EventTypeId, FieldKind, Model, ServiceId};

/// What was typed, as it is understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Whether it can be a part of a name; it cannot if it compares something.
    pub is_name: bool,
    /// What is asked of events; `None` if nothing is.
    pub conditions: Option<Vec<Condition>>,
    /// Why it cannot be asked of events, in a sentence.
    pub problem: Option<String>,
}

/// A part of what was typed.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Sign(Sign),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Compares(Relation),
    Contains,
}

impl Sign {
    /// What comes of these signs must be tried first: the longer ones.
    const ALL: [(&'static str, Self); 8] = [
        ("!=", Self::Compares(Relation::Unequal)),
        ("<=", Self::Compares(Relation::AtMost)),
        (">=", Self::Compares(Relation::AtLeast)),
        ("==", Self::Compares(Relation::Equal)),
        ("=", Self::Compares(Relation::Equal)),
        ("<", Self::Compares(Relation::Less)),
        (">", Self::Compares(Relation::Greater)),
        ("~", Self::Contains),
    ];

    fn text(self) -> &'static str {
        Self::ALL.iter().rfind(|(_, it)| *it == self).map_or("", |(text, _)| text)
    }
}

/// Reads what was typed about the events of a model.
#[must_use]
pub fn read(text: &str, model: &Model) -> Query {
    let tokens = split(text);
    let is_name = tokens.iter().all(|it| matches!(it, Token::Word(_)));
    match conditions(&tokens, model) {
        Ok(conditions) => {
            // A single letter is in almost every event.
            let is_asked = !conditions.is_empty()
                && conditions.iter().all(|it| match it {
                    Condition::Word(word) => word.chars().count() > 1,
                    _ => true,
                });
            Query { is_name, conditions: is_asked.then_some(conditions), problem: None }
        }
        Err(problem) => Query { is_name, conditions: None, problem: Some(problem) },
    }
}

/// Words and signs. What stands in quotes is one word.
fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let sign = Sign::ALL.iter().find(|(sign, _)| rest.starts_with(sign));
        let is_end = letter.is_whitespace() || letter == '"' || sign.is_some();
        if is_end && !word.is_empty() {
            tokens.push(Token::Word(std::mem::take(&mut word)));
        }
        if let Some((text, sign)) = sign {
            tokens.push(Token::Sign(*sign));
            rest = &rest[text.len()..];
        } else if letter == '"' {
            let quoted = &rest[1..];
            let end = quoted.find('"').unwrap_or(quoted.len());
            tokens.push(Token::Word(quoted[..end].to_owned()));
            rest = quoted.get(end + 1..).unwrap_or("");
        } else {
            if !is_end {
                word.push(letter);
            }
            rest = &rest[letter.len_utf8()..];
        }
    }
    if !word.is_empty() {
        tokens.push(Token::Word(word));
    }
    tokens
}

fn conditions(tokens: &[Token], model: &Model) -> Result<Vec<Condition>, String> {
    let mut found = Vec::new();
    let mut rest = tokens;
    loop {
        rest = match rest {
            [] => return Ok(found),
            [Token::Word(name), Token::Sign(sign), Token::Word(value), rest @ ..] => {
                found.push(compared(name, *sign, value, model)?);
                rest
            }
            [Token::Word(name), Token::Sign(sign), ..] => {
                let sign = sign.text();
                return Err(format!("Nothing stands behind {name}{sign}: what should it be?"));
            }
            [Token::Sign(sign), ..] => {
                let sign = sign.text();
                return Err(format!("The name of a field belongs before {sign}."));
            }
            [Token::Word(word), rest @ ..] => {
                found.extend(plain(word, model)?);
                rest
            }
        }
    }
}

/// A word: an event's identity, or a part of a text.
fn plain(word: &str, model: &Model) -> Result<Vec<Condition>, String> {
    if let Some(number) = word.strip_prefix('#') {
        let count = number
            .parse()
            .map_err(|_| "The number of an event belongs behind #, as in #12.".to_owned())?;
        return Ok(vec![Condition::Count(count)]);
    }
    if let Some((producer, number)) = word.rsplit_once('/')
        && !number.is_empty()
        && number.bytes().all(|it| it.is_ascii_digit())
        && let Ok(count) = number.parse()
    {
        return Ok(vec![Condition::Producer(service(producer, model)?), Condition::Count(count)]);
    }
    Ok(vec![Condition::Word(word.to_owned())])
}

fn service(name: &str, model: &Model) -> Result<ServiceId, String> {
    let names = || model.services.iter().map(|it| it.name.as_str());
    let place = names().position(|it| it.eq_ignore_ascii_case(name));
    let known = || format!("No service is named {name}.{}", meant(name, names()));
    place.map(ServiceId::from_index).ok_or_else(known)
}

/// A field and what it is compared with.
fn compared(name: &str, sign: Sign, value: &str, model: &Model) -> Result<Condition, String> {
    let fields = fields(name, model);
    if fields.is_empty() {
        return match name.to_ascii_lowercase().as_str() {
            "type" => of_type(sign, value, model),
            "producer" | "source" | "from" if sign == Sign::Compares(Relation::Equal) => {
                Ok(Condition::Producer(service(value.trim_start_matches('/'), model)?))
            }
            _ => {
                let every = model.event_types.iter().flat_map(|it| &it.fields);
                let every = every.map(|it| it.name.as_str()).chain(["type", "producer", "key"]);
                Err(format!("No event has a field named {name}.{}", meant(name, every)))
            }
        };
    }
    let test = |kind| test(name, kind, sign, value);
    let tests = fields.iter().map(|(of, place, kind)| Ok((*of, *place, test(*kind)?)));
    // Where types disagree about what the field holds, those are meant that it can be compared in.
    let (good, mut bad): (Vec<_>, Vec<_>) = tests.partition(Result::is_ok);
    match bad.pop() {
        Some(Err(problem)) if good.is_empty() => Err(problem),
        _ => Ok(Condition::Field(good.into_iter().flatten().collect())),
    }
}

/// The fields of this name, or the keys of all types, with what they hold.
fn fields(name: &str, model: &Model) -> Vec<(EventTypeId, usize, FieldKind)> {
    let of = |is_it: &dyn Fn(EventTypeId, usize) -> bool| {
        let mut found = Vec::new();
        for (number, it) in model.event_types.iter().enumerate() {
            let id = EventTypeId::from_index(number);
            for (place, field) in it.fields.iter().enumerate().filter(|it| is_it(id, it.0)) {
                found.push((id, place, field.kind));
            }
        }
        found
    };
    let event_type = |id: EventTypeId| &model.event_types[id.index()];
    let named = of(&|id, place| event_type(id).fields[place].name.eq_ignore_ascii_case(name));
    if named.is_empty() && ["key", "subject"].iter().any(|it| it.eq_ignore_ascii_case(name)) {
        return of(&|id, place| event_type(id).key == Some(place));
    }
    named
}

fn test(name: &str, kind: FieldKind, sign: Sign, value: &str) -> Result<Test, String> {
    let Sign::Compares(relation) = sign else { return Ok(Test::Contains(value.to_owned())) };
    match kind {
        FieldKind::Int | FieldKind::Float => match value.replace(',', ".").parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Test::Number(relation, number)),
            _ => Err(format!("{name} is a number, and {value} is none.")),
        },
        FieldKind::Bool if !["true", "false"].contains(&value.to_ascii_lowercase().as_str()) => {
            Err(format!("{name} is true or false, and not {value}."))
        }
        FieldKind::Text | FieldKind::Bool => match relation {
            Relation::Equal => Ok(Test::Is(true, value.to_owned())),
            Relation::Unequal => Ok(Test::Is(false, value.to_owned())),
            _ => {
                let sign = sign.text();
                Err(format!("{name} is no number: it can be asked with =, != or ~, not {sign}."))
            }
        },
    }
}

/// `type=PaymentCompleted`, `type~payment`.
fn of_type(sign: Sign, value: &str, model: &Model) -> Result<Condition, String> {
    let is_it = |name: &str| match sign {
        Sign::Compares(Relation::Equal) => Some(name.eq_ignore_ascii_case(value)),
        Sign::Compares(Relation::Unequal) => Some(!name.eq_ignore_ascii_case(value)),
        Sign::Contains => Some(name.to_lowercase().contains(&value.to_lowercase())),
        Sign::Compares(_) => None,
    };
    let mut types = Vec::new();
    for (number, it) in model.event_types.iter().enumerate() {
        match is_it(&it.name) {
            None => return Err("A type can be asked with =, != or ~.".to_owned()),
            Some(true) => types.push(EventTypeId::from_index(number)),
            Some(false) => {}
        }
    }
    if types.is_empty() {
        let names = model.event_types.iter().map(|it| it.name.as_str());
        return Err(format!("No type of event is named {value}.{}", meant(value, names)));
    }
    Ok(Condition::Type(types))
}

/// Questions that can be asked of the events of a model, as examples.
#[must_use]
pub fn examples(model: &Model) -> Vec<String> {
    let mut examples = vec!["#12".to_owned()];
    examples.extend(model.services.first().map(|it| format!("{}/12", it.name)));
    let fields = || model.event_types.iter().flat_map(|it| &it.fields);
    let is_number = |kind| matches!(kind, FieldKind::Int | FieldKind::Float);
    let number = fields().find(|it| is_number(it.kind));
    examples.extend(number.map(|it| format!("{}>50", it.name)));
    let text = fields().find(|it| it.kind == FieldKind::Text);
    examples.extend(text.map(|it| format!("{}~7", it.name)));
    examples.extend(model.event_types.first().map(|it| format!("type={}", it.name)));
    examples
}

/// Which name may have been meant.
fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let alike =
        |it: &str| strsim::normalized_damerau_levenshtein(&it.to_lowercase(), &name.to_lowercase());
    let nearest = names.max_by(|a, b| alike(a).total_cmp(&alike(b)));
    nearest.filter(|it| alike(it) >= 0.6).map_or_else(String::new, |it| format!(" Is it {it}?"))
}
