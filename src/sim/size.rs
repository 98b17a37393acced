//! How much memory a world takes.

use super::message::Message;
use super::task::TaskState;
use super::world::{Broker, Scheduled, World};

/// What an entry of an ordered map takes beside its key and value, on the average.
const NODE_BYTES: usize = 16;

impl World {
    /// About how much memory it has in common with copies of it, in bytes (what consumers and
    /// projections remember, and what compaction has left), but not with this earlier one: without
    /// the full chunks of its logs.
    #[must_use]
    pub fn apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let logs = self.topics.iter().enumerate().map(|(at, topic)| match &topic.broker {
            Broker::Log(log) => log.apart_bytes(earlier.and_then(|it| it.topics[at].log())),
            Broker::Queue(_) => 0,
        });
        let since = earlier.map(Self::now);
        let by_instance = self.instances.iter().flat_map(|it| &it.known).flatten();
        let together = self.services.iter().flat_map(|it| &it.receivers);
        let known = by_instance.chain(together.filter_map(|it| it.known.as_ref()));
        let beliefs = self.beliefs.as_ref().map_or(0, |it| {
            let earlier = earlier.and_then(|it| it.beliefs.as_ref());
            it.projections.apart_bytes(earlier.map(|it| &it.projections))
        });
        logs.sum::<usize>() + known.map(|it| it.apart_bytes(since)).sum::<usize>() + beliefs
    }

    /// About how much memory the full chunks of its logs take that an earlier one does not have, in
    /// bytes.
    #[must_use]
    pub fn sealed_apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let logs = self.topics.iter().enumerate().filter_map(|(at, it)| Some((at, it.log()?)));
        let before = |at: usize| earlier.and_then(|it| it.topics[at].log());
        logs.map(|(at, log)| log.sealed_apart_bytes(before(at))).sum()
    }

    /// About how much of that a later one has, too.
    #[must_use]
    pub fn sealed_shared_bytes(&self, later: &Self) -> usize {
        let logs = self.topics.iter().zip(&later.topics);
        let logs = logs.filter_map(|(it, later)| Some((it.log()?, later.log()?)));
        logs.map(|(it, later)| it.sealed_shared_bytes(later)).sum()
    }

    /// About how much memory a copy of it takes, in bytes. What copies share (the model, sealed
    /// parts of logs, what consumers remember) is not counted.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let tables = self.messages.slot_count() * size_of::<Message>()
            + self.agenda.len() * (size_of::<Scheduled>() + 16)
            + self.tasks.slots.len() * size_of::<TaskState>();
        let instances: usize = self
            .instances
            .iter()
            .map(|it| {
                let waiting = it.queue.len() + it.blocked.len();
                let lanes: usize = it
                    .lanes
                    .iter()
                    .map(|lane| 96 + 4 * lane.waiting.len() + 24 * lane.early.len())
                    .sum();
                size_of_val(it) + 4 * waiting + lanes + 64 * it.known.len()
            })
            .sum();
        let topics: usize = self
            .topics
            .iter()
            .map(|it| {
                size_of_val(it)
                    + it.remote.as_ref().map_or(0, |it| it.size_bytes())
                    + it.mirror.as_ref().map_or(0, |it| it.size_bytes())
                    + match &it.broker {
                        Broker::Log(log) => log.size_bytes(),
                        Broker::Queue(queue) => queue.size_bytes(),
                    }
            })
            .sum();
        let services: usize =
            self.services.iter().map(|it| size_of_val(it) + it.statistics.size_bytes()).sum();
        let held: usize = self.links.iter().map(|it| size_of_val(it) + 4 * it.held.len()).sum();
        size_of::<Self>()
            + size_of_val(&*self.aimed)
            + tables
            + instances
            + topics
            + services
            + held
            + self.stores.value_count() * (2 * size_of::<u64>() + 8 + NODE_BYTES)
    }
}
