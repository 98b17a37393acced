//! The connection: where to, who we are, what is said when it is lost; and messages between
//! services, through the server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::{ConnectErrorKind, ConnectOptions, Event};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Sender, UnboundedSender, unbounded_channel};

use crate::live::Error;
use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::live::wire::Parcel;
use crate::model::Time;

/// How long an answer of the server may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// So much may wait for us in a subscription before the client lets it go.
const ROOM: usize = 1 << 18;

/// Whether this is the URL of a server.
pub fn is_url(text: &str) -> bool {
    ["nats://", "tls://"].iter().any(|it| text.starts_with(it))
}

/// The URLs of several servers, which stand between commas. What follows a comma and is no URL is
/// part of a password that has one.
pub fn servers(urls: &str) -> Vec<&str> {
    let mut begins = vec![0];
    let commas = urls.match_indices(',').map(|(at, _)| at + 1);
    begins.extend(commas.filter(|at| is_url(urls[*at..].trim_start())));
    let ends = begins.iter().skip(1).map(|it| it - 1).chain([urls.len()]);
    begins.iter().zip(ends).map(|(begin, end)| urls[*begin..end].trim()).collect()
}

/// Servers' addresses without who we are: what may be shown.
#[must_use]
pub fn safe_name(urls: &str) -> String {
    let of_one = |url: &&str| {
        let rest = url.split_once("://").map_or(*url, |(_, rest)| rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        rest.trim_end_matches('/').to_owned()
    };
    servers(urls).iter().map(of_one).collect::<Vec<_>>().join(", ")
}

/// How often there was a connection: more often than before if it was lost meanwhile.
pub fn connections(client: &async_nats::Client) -> u64 {
    client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed)
}

/// Connects by the usual options of the environment: `NATS_USER` and `NATS_PASSWORD`,
/// `NATS_TOKEN`, `NATS_CREDS` (a file), `NATS_CA`, `NATS_CERT` and `NATS_KEY` (files).
pub async fn connect(url: &str, teller: Sender<News>) -> Result<async_nats::Client, Error> {
    let name = safe_name(url);
    let of_events = name.clone();
    let options = options()
        .await?
        .name("inflight")
        .connection_timeout(PATIENCE)
        .request_timeout(Some(PATIENCE))
        .subscription_capacity(ROOM)
        // It comes back within a moment of the server's coming back.
        .reconnect_delay_callback(|tries| {
            Duration::from_millis(50 * u64::try_from(tries.min(10)).unwrap_or(10))
        })
        .event_callback(move |event| {
            let (teller, name) = (teller.clone(), of_events.clone());
            async move {
                let said = match event {
                    Event::Connected => Tale::Connection(Ok(())),
                    Event::Disconnected | Event::Closed => Tale::Connection(Err(format!(
                        "the connection to the NATS server at {name} is lost; is it running? \
                         Connecting again as soon as it answers"
                    ))),
                    Event::SlowConsumer(_) => Tale::Trouble(
                        "more comes from the NATS server than is taken in; some was let go and \
                         will be delivered again"
                            .to_owned(),
                    ),
                    _ => return,
                };
                // If nobody listens the run is over.
                let _ = teller.send(News::Told(said)).await;
            }
        });
    options.connect(servers(url).as_slice()).await.map_err(|error| {
        Error::new(match error.kind() {
            ConnectErrorKind::ServerParse => {
                format!("`{name}` is no address of a NATS server; one is nats://127.0.0.1:4222")
            }
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                format!(
                    "the NATS server at {name} does not let us in; say who we are by NATS_USER \
                     and NATS_PASSWORD, NATS_TOKEN or NATS_CREDS"
                )
            }
            ConnectErrorKind::Tls => format!(
                "the NATS server at {name} and we do not agree on TLS ({error}); NATS_CA, \
                 NATS_CERT and NATS_KEY name files of certificates"
            ),
            _ => format!(
                "no NATS server answers at {name}; start one with `nats-server -js`, or say \
                 where it is with --broker nats://HOST:PORT"
            ),
        })
    })
}

async fn options() -> Result<ConnectOptions, Error> {
    let of = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let mut options = ConnectOptions::new();
    if let (Some(user), Some(password)) = (of("NATS_USER"), of("NATS_PASSWORD")) {
        options = options.user_and_password(user, password);
    }
    if let Some(token) = of("NATS_TOKEN") {
        options = options.token(token);
    }
    if let Some(file) = of("NATS_CREDS") {
        let read = options.credentials_file(&file).await;
        options = read.map_err(|error| {
            Error::new(format!("NATS_CREDS names `{file}`, which cannot be read: {error}"))
        })?;
    }
    if let Some(file) = of("NATS_CA") {
        options = options.add_root_certificates(PathBuf::from(file));
    }
    if let (Some(certificate), Some(key)) = (of("NATS_CERT"), of("NATS_KEY")) {
        options = options.add_client_certificate(certificate.into(), key.into());
    }
    Ok(options)
}

/// Sends what goes between services through the server, and hears what comes; again what was on
/// its way when the connection was lost.
pub async fn carry(
    client: &async_nats::Client,
    prefix: &str,
    teller: Sender<News>,
) -> Result<UnboundedSender<Parcel>, Error> {
    let subject = format!("{prefix}.message");
    let mut coming = client.subscribe(subject.clone()).await.map_err(|error| {
        Error::new(format!("the NATS server lets us hear nothing on {subject}: {error}"))
    })?;
    let (enter, mut going) = unbounded_channel::<Parcel>();
    let client = client.clone();
    tokio::spawn(async move {
        let mut out: BTreeMap<u64, Time> = BTreeMap::new();
        let mut look = tokio::time::interval(Duration::from_millis(500));
        let mut reconnects = connections(&client);
        loop {
            tokio::select! {
                parcel = going.recv() => {
                    let Some(Parcel { number, due, .. }) = parcel else { return };
                    out.insert(number, due);
                    let text = number.to_string();
                    if client.publish(subject.clone(), text.into()).await.is_err() {
                        return;
                    }
                }
                message = coming.next() => {
                    let Some(message) = message else { return };
                    let text = std::str::from_utf8(&message.payload).unwrap_or_default();
                    let Some(number) = text.parse().ok() else { continue };
                    if let Some(due) = out.remove(&number)
                        && teller.send(News::Told(Tale::Came { number, due })).await.is_err()
                    {
                        return;
                    }
                }
                _ = look.tick() => {
                    let now = connections(&client);
                    if now != reconnects {
                        reconnects = now;
                        for number in out.keys() {
                            // If that is lost too it is sent once more next time.
                            let _ = client.publish(subject.clone(), number.to_string().into()).await;
                        }
                    }
                }
            }
        }
    });
    Ok(enter)
}
