//! Live: the same scenario in real time.
//!
//! There is one interpreter, the [`World`](crate::sim::World). A simulated run gives it what its
//! agenda holds by virtual time; a live run lets reality bring it: a message comes out of its
//! link when it has really crossed a channel, a worker is done when its task has
//! really slept or computed, a timer ticks when it has really run down. Each comes back as an
//! [`Input`](crate::sim::Input) with its instant on the monotonic clock, the inputs make the
//! [`Trace`](crate::sim::Trace), and the trace makes the run again.
//!
//! What is real, and what is not:
//!
//! - Real and concurrent: the passing of time, links (one task and one bounded channel each), busy
//!   workers (one task each, on as many threads as the machine has cores), the order in which all
//!   that comes in, and how late it is.
//! - One after the other: what handlers change and what the embedded broker decides. One task owns
//!   the world and takes the inputs in, as one event loop would; a piece of work is what takes time
//!   in between. If that task cannot keep up the channels fill, whoever sends waits, and
//!   [`Status::late`] says by how much.
//! - Not real: latency and loss of links are the scenario's, as added delay and drops. The network
//!   is this machine's memory.
//!
//! `alarm` tells time, `wire` is a link, `worker` a busy worker, `runtime` owns the world, `handle` is
//! what others hold of a live run, `alive` knows all that there are, and `attic` has what of a
//! run or its recording is too much for memory. Where another program keeps the topics (`broker`, `nats`),
//! `ledger` and `book` make of what it says what the world is told.

mod alarm;
mod alive;
mod attic;
mod book;
mod broker;
mod handle;
mod ledger;
mod nats;
mod runtime;
mod wire;
mod worker;

use std::fmt;
use std::sync::Arc;

use crate::model::{Model, ServiceId, Span};

pub use alive::end_all;
pub use attic::TempFile;
pub use handle::{Handle, Part, Phase, Status};

/// How a scenario is run live.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed of all lots that are drawn.
    pub seed: u64,
    /// For how long; then sources stop and what is under way may come to its end.
    pub lasts: Option<Span>,
    /// How long what is under way may take to come to its end.
    pub grace: Span,
    /// How workers spend the time that work takes.
    pub work: Work,
    /// Where topics are.
    pub broker: Where,
    /// If several processes share the run: what this one has to do in it.
    pub sharing: Option<Sharing>,
    /// Whether what comes in is kept, so that the run can be looked at and made again.
    pub is_recorded: bool,
    /// How long nothing has come to what another run has made at the broker before that is deleted,
    /// if that run does not say that it lives.
    pub leftovers_after: Span,
}

/// What one of several processes that share a run has to do in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The services that it runs.
    pub only: Vec<ServiceId>,
    /// Where the processes meet: those that run the same give the same name.
    pub meeting: String,
}

/// Where the topics of a live run are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// In the world itself.
    #[default]
    Embedded,
    /// At a NATS server with JetStream, by its URL; several may be given, with commas.
    Nats(String),
}

impl Where {
    /// What is meant by `embedded`, `nats` (the server that `NATS_URL` names, or one on this
    /// machine), or the URL of a NATS server.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "nats" => {
                let url = std::env::var("NATS_URL").ok().filter(|it| !it.is_empty());
                Ok(Self::Nats(url.unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned())))
            }
            url if nats::servers(url).iter().all(|it| nats::is_url(it)) => {
                Ok(Self::Nats(url.to_owned()))
            }
            other => Err(format!(
                "`{}` is no broker: there is `embedded`, and the URL of a NATS server such as \
                 nats://127.0.0.1:4222",
                nats::safe_name(other)
            )),
        }
    }

    /// How it is called, without secrets.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Embedded => "the embedded broker".to_owned(),
            Self::Nats(url) => format!("NATS at {}", nats::safe_name(url)),
        }
    }
}

/// How workers spend the time that work takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// They sleep, as one that waits for a disk or another machine.
    #[default]
    Sleep,
    /// They compute, as long as it takes: more workers than cores get in one another's way.
    Compute,
}

impl Options {
    /// With this seed, for ever.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            lasts: None,
            grace: Span::from_secs(5),
            work: Work::Sleep,
            broker: Where::Embedded,
            sharing: None,
            is_recorded: true,
            leftovers_after: Span::from_secs(3600),
        }
    }
}

/// Why a live run did not begin.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    pub(crate) const fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Begins a live run, on threads of its own. What keeps it from beginning there (no server
/// answers, say) its [status](Handle::status) tells.
///
/// # Errors
///
/// If the machine gives no threads.
pub fn start(model: Arc<Model>, options: &Options) -> Result<Handle, Error> {
    runtime::start(model, options)
}
