//! What waits at the server for this part of a run. Others publish, too, so that a part cannot know by
//! itself that nothing is left in a queue, or that it has heard of all of a log; least of all after
//! the server was away, when it hears of entries late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::stream::Stream;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::follow::Progress;
use super::streams;

/// How often the server is asked. Shorter than it takes until all parts believe one another to be quiet.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// So long the server may take to answer, or else it is taken for away.
const PATIENCE: Duration = Duration::from_millis(300);

/// Whether anything waits; the server is asked for as long as this is held.
pub struct Backlog {
    is_empty: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Backlog {
    /// Of these queues, and of logs that were followed so far.
    pub fn of(queues: Vec<Stream>, logs: Vec<(Stream, Arc<Progress>)>) -> Self {
        let is_empty = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(ask(queues, logs, Arc::clone(&is_empty)));
        Self { is_empty, task }
    }

    /// Whether nothing waited when the server was asked last, and it answered.
    pub fn is_empty(&self) -> bool {
        self.is_empty.load(Ordering::Relaxed)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ask(queues: Vec<Stream>, logs: Vec<(Stream, Arc<Progress>)>, is_empty: Arc<AtomicBool>) {
    loop {
        let queues = join_all(queues.iter().map(has_nothing));
        let logs = join_all(logs.iter().map(is_heard_of));
        let (queues, logs) = tokio::join!(queues, logs);
        is_empty.store(queues.into_iter().chain(logs).all(|it| it), Ordering::Relaxed);
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Whether all that a queue was given is handed out and settled; not if nobody answers.
async fn has_nothing(queue: &Stream) -> bool {
    let asked = queue.consumer_info(streams::CONSUMER);
    let Ok(Ok(info)) = tokio::time::timeout(PATIENCE, asked).await else { return false };
    info.num_pending == 0 && info.num_ack_pending == 0
}

/// Whether all that a log has was heard of; not if nobody answers.
async fn is_heard_of((log, progress): &(Stream, Arc<Progress>)) -> bool {
    let Ok(Ok(info)) = tokio::time::timeout(PATIENCE, log.get_info()).await else { return false };
    info.state.messages == 0 || info.state.last_sequence <= progress.read()
}
