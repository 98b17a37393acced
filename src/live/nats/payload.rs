//! An event as a message of NATS: for others to read as a CloudEvent, and for us to read back.

use async_nats::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::live::broker::Published;
use crate::model::event::MAX_FIELDS;
use crate::model::{Event, EventId, EventTypeId, LinkId, Model, Time};
use crate::sim::Origin;

/// The header with all that makes an event, to be read back to the bit.
const EVENT: &str = "Inflight-Event";

/// The header with the run, and which of its publishes this is.
const ORIGIN: &str = "Inflight-Origin";

const WORDS: usize = 5 + MAX_FIELDS;

/// The headers of a publish.
pub fn headers(prefix: &str, published: Published, event: &Event) -> HeaderMap {
    let Event { id, event_type, time, cause, lineage, fields } = event;
    let mut words = [0_u64; WORDS];
    words[..5].copy_from_slice(&[
        id.0,
        event_type.0.into(),
        time.0,
        cause.map_or(0, |it| it.0.wrapping_add(1)),
        *lineage,
    ]);
    words[5..].copy_from_slice(fields);
    let bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
    let mut headers = HeaderMap::new();
    headers.insert(EVENT, STANDARD_NO_PAD.encode(bytes));
    let Published { origin: Origin { part, serial, link }, at } = published;
    headers.insert(ORIGIN, format!("{prefix}/{part}/{serial}/{}/{}", link.0, at.0));
    headers
}

/// The event of a message, and where it was published if that was in this run; `None` if it is no
/// event of ours.
pub fn read(prefix: &str, headers: Option<&HeaderMap>) -> Option<(Event, Option<Published>)> {
    let headers = headers?;
    let bytes = STANDARD_NO_PAD.decode(headers.get(EVENT)?.as_str()).ok()?;
    if bytes.len() != WORDS * 8 {
        return None;
    }
    let mut words = [0_u64; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    let mut fields = [0; MAX_FIELDS];
    fields.copy_from_slice(&words[5..]);
    let event = Event {
        id: EventId(words[0]),
        event_type: EventTypeId(u16::try_from(words[1]).ok()?),
        time: Time(words[2]),
        cause: words[3].checked_sub(1).map(EventId),
        lineage: words[4],
        fields,
    };
    let origin = headers.get(ORIGIN).and_then(|it| origin(prefix, it.as_str()));
    Some((event, origin))
}

fn origin(prefix: &str, text: &str) -> Option<Published> {
    let mut parts = text.strip_prefix(prefix)?.strip_prefix('/')?.split('/');
    let mut next = || parts.next();
    let part = next()?.parse().ok()?;
    let serial = next()?.parse().ok()?;
    let link = LinkId(next()?.parse().ok()?);
    let at = Time(next()?.parse().ok()?);
    Some(Published { origin: Origin { part, serial, link }, at })
}

/// The event as a structured CloudEvent: id, source and type are what they are for everybody.
pub fn text(model: &Model, event: &Event) -> String {
    let producer = event.id.producer();
    let source = model.services.get(producer.index()).map_or("", |it| it.name.as_str());
    let kind = &model.event_types[event.event_type.index()];
    let data: serde_json::Map<String, serde_json::Value> = kind
        .fields
        .iter()
        .zip(event.fields)
        .map(|(field, value)| (field.name.clone(), value.into()))
        .collect();
    serde_json::json!({
        "specversion": "1.0",
        "id": event.id.count().to_string(),
        "source": format!("/{source}"),
        "type": kind.name,
        "data": data,
    })
    .to_string()
}
