//! A consumer group of a log: members, assignment, positions, committed offsets.
//!
//! The committed offset is the *next* one to be read; it moves a position and says nothing of
//! single messages (Kafka documentation, "Consumer Position").

use crate::model::{Assignment, Group, InstanceId, Position, Protocol, Time};

use super::log::Log;

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Members {
    start_at: Position,
    assignment: Assignment,
    protocol: Protocol,
    members: Vec<Member>,
    partitions: Vec<Reading>,
    next_epoch: u32,
    /// The partition whose turn it is to be read.
    turn: u32,
}

/// One partition as the group sees it.
#[derive(Clone, Copy, Debug)]
struct Reading {
    reader: Option<InstanceId>,
    /// The next offset to be sent to the reader.
    position: u64,
    /// Counted up whenever the position is set: what was sent in another epoch is stale.
    epoch: u32,
    committed: Option<u64>,
    /// No deliveries before this: a rebalance is under way.
    paused_until: Time,
    /// When it was given to its reader or set to another offset: commits from before are void.
    since: Time,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    instance: InstanceId,
    /// The connection that it reads by, counted by the member.
    session: u32,
    /// The connection that it joined by: what it said by one before is of another membership.
    joined: u32,
    /// The first epoch of this connection.
    first_epoch: u32,
    /// How many events were sent by this connection.
    sent: u32,
    /// How many may be sent by it so far.
    upto: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    /// Its process is gone, and the broker does not know it yet.
    Silent,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The group's position moved.
    Moved,
    /// It was there already.
    Known,
    /// Whoever sent it may not commit.
    Refused,
}

/// Something that a reader is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub reader: InstanceId,
    /// From which partition.
    pub partition: u32,
    /// What.
    pub what: Part,
}

/// A part of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An event.
    Event {
        /// Its offset.
        offset: u64,
        /// The epoch it is sent in.
        epoch: u32,
    },
    /// Offsets at which there is nothing any more, which the reader passes over.
    Hole {
        /// The first.
        from: u64,
        /// The one behind the last.
        to: u64,
        /// The first that was not deleted at the old end, for its age or the log's size.
        kept_from: u64,
    },
}

impl Members {
    /// A group without members.
    #[must_use]
    pub fn new(settings: &Group, partitions: usize) -> Self {
        let reading = Reading {
            reader: None,
            position: 0,
            epoch: 0,
            committed: None,
            paused_until: Time::ZERO,
            since: Time::ZERO,
        };
        Self {
            start_at: settings.start_at,
            assignment: settings.assignment,
            protocol: settings.protocol,
            members: Vec::new(),
            partitions: vec![reading; partitions],
            next_epoch: 0,
            turn: 0,
        }
    }

    /// A member joined (or a known one is back), with room for `upto` events. It takes part
    /// from the next [`rebalance`](Self::rebalance) on.
    pub fn join(&mut self, instance: InstanceId, session: u32, upto: u32) {
        let first_epoch = self.next_epoch.wrapping_add(1);
        let state = State::Present;
        let member =
            Member { instance, session, joined: session, first_epoch, sent: 0, upto, state };
        match self.members.iter_mut().find(|it| it.instance == instance) {
            Some(known) => *known = member,
            None => self.members.push(member),
        }
    }

    /// A known member's process is gone; until its session times out the broker keeps its
    /// partitions for it.
    pub fn silence(&mut self, instance: InstanceId) {
        for member in &mut self.members {
            if member.instance == instance {
                member.state = State::Silent;
            }
        }
    }

    /// Whether a member is known and its process gone.
    #[must_use]
    pub fn is_silent(&self, instance: InstanceId) -> bool {
        self.members.iter().any(|it| it.instance == instance && it.state == State::Silent)
    }

    /// Whether any member's process is gone and the broker does not know it yet.
    #[must_use]
    pub fn any_silent(&self) -> bool {
        self.members.iter().any(|it| it.state == State::Silent)
    }

    /// Whether an instance is a member, as far as the broker knows.
    #[must_use]
    pub fn has(&self, instance: InstanceId) -> bool {
        self.members.iter().any(|it| it.instance == instance)
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member is one no longer: it left, or its session timed out. Gives the partitions that it
    /// read.
    pub fn expel(&mut self, instance: InstanceId) -> Vec<u32> {
        self.members.retain(|it| it.instance != instance);
        let mut left = Vec::new();
        // Should it come back, it is another member, and begins at what was committed.
        for (partition, reading) in (0..).zip(&mut self.partitions) {
            if reading.reader == Some(instance) {
                reading.reader = None;
                left.push(partition);
            }
        }
        left
    }

    /// A member that was silent and is known by name takes its partitions up again, from what
    /// was committed.
    pub fn resume(&mut self, now: Time, instance: InstanceId, session: u32, upto: u32, log: &Log) {
        self.join(instance, session, upto);
        for partition in 0..self.partitions.len() {
            if self.partitions[partition].reader == Some(instance) {
                self.rewind(now, partition, log);
            }
        }
    }

    /// Who would read each partition if they were shared out now.
    #[must_use]
    pub fn shares(&self) -> Vec<Option<InstanceId>> {
        let mut members: Vec<InstanceId> = self.members.iter().map(|it| it.instance).collect();
        members.sort_unstable();
        let (count, among) = (self.partitions.len(), members.len());
        if among == 0 {
            return vec![None; count];
        }
        let by_place = |place: &dyn Fn(usize) -> usize| {
            (0..count).map(|it| Some(members[place(it)])).collect()
        };
        match self.assignment {
            Assignment::Range => {
                let (each, more) = (count / among, count % among);
                let boundary = more * (each + 1);
                by_place(&|it| match it {
                    _ if it < boundary => it / (each + 1),
                    _ => more + (it - boundary) / each,
                })
            }
            Assignment::RoundRobin => by_place(&|it| it % among),
            Assignment::Sticky => self.sticky(&members),
        }
    }

    /// Each member keeps what it has, up to its fair share; what is left goes to those who have
    /// least.
    fn sticky(&self, members: &[InstanceId]) -> Vec<Option<InstanceId>> {
        let mut shares: Vec<Option<InstanceId>> =
            self.partitions.iter().map(|it| it.reader.filter(|it| members.contains(it))).collect();
        let load = |shares: &[Option<InstanceId>], member: InstanceId| {
            shares.iter().filter(|it| **it == Some(member)).count()
        };
        let least = |shares: &[Option<InstanceId>]| {
            members.iter().copied().min_by_key(|&it| load(shares, it))
        };
        for partition in 0..shares.len() {
            if shares[partition].is_none() {
                shares[partition] = least(&shares);
            }
        }
        // From who has most to who has least, while that makes it more even.
        while let (Some(most), Some(least)) =
            (members.iter().copied().max_by_key(|&it| load(&shares, it)), least(&shares))
            && load(&shares, most) > load(&shares, least) + 1
            && let Some(given) = shares.iter().rposition(|it| *it == Some(most))
        {
            shares[given] = Some(least);
        }
        shares
    }

    /// Shares the partitions out anew; nothing is delivered to those who must stand still before
    /// `resume_at`. Gives each partition whose reader changed. A partition that moved is read
    /// again from what was committed; the others go on undisturbed.
    pub fn rebalance(
        &mut self,
        now: Time,
        log: &Log,
        resume_at: Time,
    ) -> Vec<(u32, Option<InstanceId>)> {
        let mut moved = Vec::new();
        for (partition, reader) in self.shares().into_iter().enumerate() {
            let moves = self.partitions[partition].reader != reader;
            if moves || self.protocol == Protocol::Eager {
                let reading = &mut self.partitions[partition];
                reading.paused_until = reading.paused_until.max(resume_at);
            }
            if moves {
                self.partitions[partition].reader = reader;
                self.rewind(now, partition, log);
                moved.push((number(partition), reader));
            }
        }
        moved
    }

    /// Sets the group back, or forward, to an offset of a partition: it is committed, and read
    /// from next.
    pub fn seek(&mut self, now: Time, partition: u32, offset: u64) {
        let epoch = self.new_epoch();
        let reading = &mut self.partitions[partition as usize];
        reading.committed = Some(offset);
        (reading.position, reading.epoch, reading.since) = (offset, epoch, now);
    }

    fn new_epoch(&mut self) -> u32 {
        self.next_epoch = self.next_epoch.wrapping_add(1);
        self.next_epoch
    }

    fn rewind(&mut self, now: Time, partition: usize, log: &Log) {
        let epoch = self.new_epoch();
        let reading = &mut self.partitions[partition];
        (reading.epoch, reading.since) = (epoch, now);
        reading.position = reading.committed.unwrap_or_else(|| {
            let begin = log.offset_of(number(partition), self.start_at);
            if self.start_at != Position::Earliest {
                // The group has begun here: a later rewind must not skip what was published
                // meanwhile.
                reading.committed = Some(begin);
            }
            begin
        });
    }

    /// The deliveries that are due now: an event of each partition in turn, so that one that is far
    /// behind does not keep the others from being read.
    pub fn hand_out(&mut self, now: Time, log: &Log, out: &mut Vec<Due>) {
        let count = number(self.partitions.len());
        let mut empty = 0;
        while empty < count {
            let partition = self.turn % count;
            self.turn = (partition + 1) % count;
            empty = if self.hand_out_next(now, log, partition, out) { 0 } else { empty + 1 };
        }
    }

    /// The deliveries of one partition that are due now.
    pub fn hand_out_partition(&mut self, now: Time, log: &Log, partition: u32, out: &mut Vec<Due>) {
        while self.hand_out_next(now, log, partition, out) {}
    }

    /// Who may be sent more of a partition now: which instance, by which of its connections, in
    /// which epoch. For a log that another program keeps.
    #[must_use]
    pub fn reading(&self, now: Time, partition: u32) -> Option<(InstanceId, u32, u32)> {
        let reading = &self.partitions[partition as usize];
        let member = self.members.iter().find(|it| Some(it.instance) == reading.reader)?;
        let reads = now >= reading.paused_until && member.state == State::Present;
        reads.then_some((member.instance, member.session, reading.epoch))
    }

    /// How many events each member may be sent by its connection: which instance, by which
    /// connection, so many in all, of which so many were sent.
    pub fn rooms(&self) -> impl Iterator<Item = (InstanceId, u32, u32, u32)> + '_ {
        self.members.iter().map(|it| (it.instance, it.session, it.upto, it.sent))
    }

    /// What another program has sent to a partition's reader: gives the position before it, or
    /// `None` if it was there before.
    pub fn sent(&mut self, partition: u32, offset: u64) -> Option<u64> {
        let reading = &mut self.partitions[partition as usize];
        let member = self.members.iter_mut().find(|it| Some(it.instance) == reading.reader)?;
        if offset < reading.position {
            return None;
        }
        member.sent += 1;
        Some(std::mem::replace(&mut reading.position, offset + 1))
    }

    /// The next delivery of a partition, and what there is no more before it. Gives whether there
    /// was one.
    fn hand_out_next(&mut self, now: Time, log: &Log, partition: u32, out: &mut Vec<Due>) -> bool {
        let reading = &mut self.partitions[partition as usize];
        if now < reading.paused_until || reading.position >= log.high(partition) {
            return false;
        }
        let member = self.members.iter_mut().find(|it| Some(it.instance) == reading.reader);
        let Some(member) = member.filter(|it| it.state == State::Present && it.sent < it.upto)
        else {
            return false;
        };
        let (reader, from) = (member.instance, reading.position);
        // What is there no more cannot be read: the reader goes on at the next that is.
        let offset = log.next_kept(partition, from);
        if offset > from {
            let kept_from = log.start(partition).clamp(from, offset);
            let what = Part::Hole { from, to: offset, kept_from };
            out.push(Due { reader, partition, what });
            reading.position = offset;
            return true;
        }
        member.sent += 1;
        reading.position += 1;
        let what = Part::Event { offset, epoch: reading.epoch };
        out.push(Due { reader, partition, what });
        true
    }

    /// A fetch arrived: by this connection the member has room for `upto` events in all. If the
    /// connection is a new one, what was sent by the one before is lost, and it reads on from
    /// the `positions` that it gives for its partitions.
    pub fn fetch(
        &mut self,
        instance: InstanceId,
        session: u32,
        upto: u32,
        positions: impl IntoIterator<Item = (u32, u64)>,
    ) {
        let Some(member) = self.members.iter_mut().find(|it| it.instance == instance) else {
            return;
        };
        if session == member.session {
            member.upto = member.upto.max(upto);
        } else if session > member.session {
            let first_epoch = self.next_epoch.wrapping_add(1);
            *member = Member { session, upto, first_epoch, sent: 0, ..*member };
            for (partition, position) in positions {
                if self.partitions[partition as usize].reader == Some(instance) {
                    let epoch = self.new_epoch();
                    let reading = &mut self.partitions[partition as usize];
                    (reading.position, reading.epoch) = (position, epoch);
                }
            }
        }
    }

    /// A commit arrived that was sent at an instant, by this connection of the member. One from a
    /// member that no longer reads the partition, or from when it was a member before, or from
    /// before the partition was given to its reader or a replay, is refused (Kafka:
    /// `ILLEGAL_GENERATION`).
    pub fn commit(
        &mut self,
        sent: Time,
        (instance, session): (InstanceId, u32),
        partition: u32,
        offset: u64,
    ) -> Committed {
        let committed = self.judge(sent, (instance, session), partition, offset);
        if committed == Committed::Moved {
            self.partitions[partition as usize].committed = Some(offset);
        }
        committed
    }

    /// What becomes of a commit if it is heard now.
    #[must_use]
    pub fn judge(
        &self,
        sent: Time,
        (instance, session): (InstanceId, u32),
        partition: u32,
        offset: u64,
    ) -> Committed {
        let reading = &self.partitions[partition as usize];
        let member = self.members.iter().find(|it| it.instance == instance);
        if reading.reader != Some(instance)
            || reading.since > sent
            || member.is_none_or(|it| session < it.joined)
        {
            return Committed::Refused;
        }
        if reading.committed.is_some_and(|committed| offset <= committed) {
            return Committed::Known;
        }
        Committed::Moved
    }

    /// Another program has noted a commit. Gives whether that moved anything.
    pub fn confirm(&mut self, partition: u32, offset: u64) -> bool {
        let reading = &mut self.partitions[partition as usize];
        let moves = reading.committed.is_none_or(|committed| offset > committed);
        if moves {
            reading.committed = Some(offset);
        }
        moves
    }

    /// The next offset to be sent to a partition's reader.
    #[must_use]
    pub fn position(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].position
    }

    /// The present epoch of a partition.
    #[must_use]
    pub fn epoch(&self, partition: u32) -> u32 {
        self.partitions[partition as usize].epoch
    }

    /// Whether what was sent to a member in this epoch takes up room of its present connection.
    #[must_use]
    pub fn is_of_present_connection(&self, instance: InstanceId, epoch: u32) -> bool {
        self.members.iter().any(|it| it.instance == instance && it.first_epoch <= epoch)
    }

    /// Who reads a partition.
    #[must_use]
    pub fn reader(&self, partition: u32) -> Option<InstanceId> {
        self.partitions[partition as usize].reader
    }

    /// The next offset to be read, as committed; the start of the log if never.
    #[must_use]
    pub fn committed(&self, partition: u32, log: &Log) -> u64 {
        self.partitions[partition as usize].committed.unwrap_or_else(|| log.start(partition))
    }

    /// How far the group's commits are behind the ends of the partitions, in events.
    #[must_use]
    pub fn lag(&self, log: &Log) -> u64 {
        (0..self.partitions.len())
            .map(|it| {
                let partition = number(it);
                log.end(partition).saturating_sub(self.committed(partition, log))
            })
            .sum()
    }
}

fn number(partition: usize) -> u32 {
    u32::try_from(partition).expect("partitions are counted in 32 bits")
}
