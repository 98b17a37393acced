//! What runs have left at a server that ended without being able to delete their streams, and how
//! such a run is told from one that lives.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::jetstream;
use async_nats::jetstream::stream::Info;
use futures_util::StreamExt;

use crate::live::Error;

/// What every prefix begins with.
pub const OURS: &str = "inflight-";

/// What the streams of all runs are described as.
pub const MARK: &str = "of a run of inflight";

/// How long a run that lives may take to say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// So often it is looked whether runs that died have left something.
const LOOK_EVERY: Duration = Duration::from_secs(20);

fn alive(prefix: &str) -> String {
    format!("{prefix}.alive")
}

/// Answers whoever asks whether this run lives.
pub async fn answer(client: &async_nats::Client, prefix: &str) -> Result<(), Error> {
    let subject = alive(prefix);
    let mut asked = client.subscribe(subject.clone()).await.map_err(|error| {
        Error::new(format!("the NATS server lets us hear nothing on {subject}: {error}"))
    })?;
    let client = client.clone();
    tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            if let Some(reply) = message.reply {
                // Who asks asks again.
                let _ = client.publish(reply, "yes".into()).await;
            }
        }
    });
    Ok(())
}

/// Looks now and then, as long as the program runs, whether runs that died have left something, and
/// deletes it. `now` is the server's time.
pub async fn delete_all(context: jetstream::Context, now: i64, own: String, after: Duration) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let seconds = i64::try_from(LOOK_EVERY.as_secs()).unwrap_or(0);
    for look in 0.. {
        looks.tick().await;
        delete(&context, now + look * seconds, &own, after).await;
    }
}

/// Deletes the streams of runs that do not say that they live, although the server can be
/// reached, and of which nothing has come for so long.
async fn delete(context: &jetstream::Context, now: i64, own: &str, after: Duration) {
    let mut streams = context.streams();
    let (mut found, mut dead): (Vec<Info>, BTreeSet<String>) = Default::default();
    while let Some(Ok(info)) = streams.next().await {
        if info.config.description.as_deref() == Some(MARK) {
            found.push(info);
        }
    }
    for info in found {
        let Some((prefix, _)) = info.config.name.rsplit_once('-') else { continue };
        if !prefix.starts_with(OURS) || prefix == own || !is_old(&info, now, after) {
            continue;
        }
        if !dead.contains(prefix) {
            if lives(context, prefix).await {
                continue;
            }
            dead.insert(prefix.to_owned());
        }
        // Who could not delete it now does so the next time.
        let _ = context.delete_stream(&info.config.name).await;
    }
}

/// Whether nothing has come to a stream for so long.
fn is_old(info: &Info, now: i64, after: Duration) -> bool {
    let last = info.created.unix_timestamp().max(info.state.last_timestamp.unix_timestamp());
    let after = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    now.saturating_sub(last) >= after
}

/// Whether a run lives, as far as can be told: only if the server says that nobody listens it does
/// not.
async fn lives(context: &jetstream::Context, prefix: &str) -> bool {
    let client = context.client();
    let asked = tokio::time::timeout(PATIENCE, client.request(alive(prefix), "".into())).await;
    !matches!(asked, Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders)
}
