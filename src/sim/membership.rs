//! Who is a member of a log's group: joining, leaving, heartbeats, sessions, polls.
//!
//! Heartbeats are not sent one by one. A member that is cut off from its broker falls silent; it
//! was heard last at its last heartbeat before, and is heard again at its first one after. If
//! its session has ended meanwhile it is a member no longer and does not know: it works on at
//! what it has, its commits are refused, and when it is heard again and has nothing of its last poll
//! left it joins anew. While the broker itself is away nobody is given up.
//!
//! A poll takes all that has come. The next one follows when that is done; a member with nothing
//! to do polls all the time.

use crate::engine::broker::group::Committed;
use crate::model::{Commit, Consume, GroupId, InstanceId, LinkId, Node, Span, Time, TopicId, What};

use super::plan::Plan;
use super::reading::Reading;
use super::world::{Broker, Scheduled, World};

impl World {
    /// The subscriptions of an instance that starts.
    pub(super) fn connect_consumers(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        self.instances[instance.index()].started = self.now;
        let consumes = &plan.model.services[service.index()].consumes;
        for (place, consume) in consumes.iter().enumerate() {
            // Connections are counted on, so that nothing sent by one before is taken for new.
            let silent = self.is_cut_off(plan, instance, consume);
            let reading = &mut self.instances[instance.index()].reading[place];
            let Reading { session, silence, cut_off, severed, .. } = *reading;
            *reading = Reading {
                session: session + 1,
                upto: consume.prefetch,
                joined: self.now,
                silent,
                silence,
                cut_off,
                severed,
                ..Reading::default()
            };
        }
        for (place, consume) in consumes.iter().enumerate() {
            match &mut self.topics[consume.topic.index()].broker {
                Broker::Queue(_) if self.instances[instance.index()].reading[place].cut_off > 0 => {
                }
                Broker::Queue(queue) => {
                    queue.connect(instance, consume.prefetch);
                    self.attach_remotely(consume.topic, instance, Some(consume.prefetch));
                    self.hand_out_queue(plan, consume.topic);
                }
                Broker::Log(_) => {
                    if !self.instances[instance.index()].reading[place].silent {
                        self.come_in(plan, instance, place);
                    }
                    self.schedule_commit(instance, place, consume.commit);
                }
            }
        }
    }

    /// The subscriptions of an instance that crashed.
    pub(super) fn disconnect_consumers(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        for (place, consume) in plan.model.services[service.index()].consumes.iter().enumerate() {
            let is_remote = self.is_remote(consume.topic);
            match &mut self.topics[consume.topic.index()].broker {
                Broker::Queue(_) if is_remote => {
                    self.attach_remotely(consume.topic, instance, None);
                }
                Broker::Queue(queue) => {
                    let mut effects = Vec::new();
                    queue.disconnect(self.now, instance, &mut effects);
                    self.perform_effects(plan, consume.topic, effects);
                    self.hand_out_queue(plan, consume.topic);
                }
                Broker::Log(_) => {
                    let members = &mut self.groups[consume.group.index()].members;
                    if members.has(instance) {
                        members.silence(instance);
                        self.session_runs_out(plan, instance, place);
                        self.ask_to_read(plan, consume.group);
                    }
                }
            }
        }
    }

    /// An instance says that it leaves the groups of the logs that it reads.
    pub(super) fn leave_groups(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        for consume in &plan.model.services[service.index()].consumes {
            let is_log = plan.is_log(consume.topic);
            if is_log && self.groups[consume.group.index()].members.has(instance) {
                self.expel(plan, consume.group, instance);
            }
        }
    }

    /// A member is heard no more: unless it is heard again, its session ends so long after it was
    /// heard last.
    fn session_runs_out(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let group = self.group_at(plan, instance, place);
        let settings = &plan.model.groups[group.index()];
        let reading = &mut self.instances[instance.index()].reading[place];
        if reading.silent {
            // It was cut off before it crashed, and is as silent as it was.
            reading.silent = false;
            return;
        }
        reading.silence += 1;
        let silence = reading.silence;
        let heard = match settings.heartbeat {
            Span::ZERO => self.now,
            beat => Time(self.now.0 - self.now.since(reading.joined).0 % beat.0),
        };
        let ends = Scheduled::SessionEnds { group, instance, silence };
        self.agenda.push((heard + settings.session_timeout).max(self.now), ends);
    }

    /// A silent member's session has ended: it is a member no longer. If its process is back, it
    /// joins.
    pub(super) fn session_ends(
        &mut self,
        plan: &Plan,
        group: GroupId,
        instance: InstanceId,
        silence: u32,
    ) {
        let settings = &plan.model.groups[group.index()];
        let service = plan.service_of(instance);
        let (place, _) = plan.subscription(service, settings.topic).expect("it is a member");
        if self.instances[instance.index()].reading[place].silence != silence {
            return;
        }
        if self.topics[settings.topic.index()].down > 0 {
            // When the broker is back, it gives everybody a new session.
            return;
        }
        let is_back = self.groups[group.index()].members.is_silent(instance)
            && self.instances[instance.index()].up
            && !self.instances[instance.index()].reading[place].silent;
        if is_back {
            self.groups[group.index()].members.expel(instance);
            self.join(plan, instance, place);
        } else {
            self.expel(plan, group, instance);
        }
    }

    /// A broker that was away is back: the sessions of members begin anew.
    pub(super) fn sessions_begin_anew(&mut self, plan: &Plan, topic: TopicId) {
        for index in 0..self.instances.len() {
            let instance = InstanceId::from_index(index);
            let Some((place, consume)) = plan.subscription(plan.service_of(instance), topic) else {
                continue;
            };
            let group = consume.group;
            let members = &self.groups[group.index()].members;
            let is_gone = members.is_silent(instance);
            let reading = &mut self.instances[index].reading[place];
            if !members.has(instance) || !(is_gone || reading.silent) {
                continue;
            }
            if is_gone {
                reading.silence += 1;
            }
            let ends = Scheduled::SessionEnds { group, instance, silence: reading.silence };
            self.agenda.push(self.now + plan.model.groups[group.index()].session_timeout, ends);
        }
    }

    /// An instance is a member of a group no longer.
    fn expel(&mut self, plan: &Plan, group: GroupId, instance: InstanceId) {
        let left = self.groups[group.index()].members.expel(instance);
        self.rebalance(plan, group, plan.model.groups[group.index()].rebalance_pause);
        for partition in left {
            if self.groups[group.index()].members.reader(partition).is_none() {
                self.note(What::Assigned { group, partition, instance: None });
            }
        }
    }

    /// An instance that the broker can hear wants to be a member.
    fn come_in(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let group = self.group_at(plan, instance, place);
        let settings = &plan.model.groups[group.index()];
        let members = &mut self.groups[group.index()].members;
        if !members.is_silent(instance) {
            return self.join(plan, instance, place);
        }
        let Broker::Log(log) = &self.topics[settings.topic.index()].broker else { return };
        if !settings.static_members {
            // It must wait until its former self's session has ended.
            return;
        }
        let reading = &mut self.instances[instance.index()].reading[place];
        reading.silence += 1;
        members.resume(self.now, instance, reading.session, reading.upto, log);
        for partition in 0..u32::try_from(log.partition_count()).unwrap_or(u32::MAX) {
            if self.groups[group.index()].members.reader(partition) == Some(instance) {
                self.open_lane(instance, group, partition);
            }
        }
        self.hand_out_group(plan, group);
    }

    /// An instance becomes a member.
    fn join(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let group = self.group_at(plan, instance, place);
        let settings = &plan.model.groups[group.index()];
        let members = &mut self.groups[group.index()].members;
        let pause = if members.is_empty() {
            settings.initial_rebalance_delay
        } else {
            settings.rebalance_pause
        };
        let reading = &mut self.instances[instance.index()].reading[place];
        reading.joined = self.now;
        // No session that it had before can end any more.
        reading.silence += 1;
        members.join(instance, reading.session, reading.upto);
        // At the first instant all that are there join together.
        if self.now > Time::ZERO {
            self.rebalance(plan, group, pause);
        }
    }

    /// A member that learned that it is none any more lets go of what it has not begun, and joins
    /// anew.
    fn rejoin(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let consume = self.consume_at(plan, instance, place);
        let of_group = |world: &Self| -> Vec<u32> {
            let lanes = world.instances[instance.index()].lanes.iter();
            lanes.filter(|it| it.group == consume.group).map(|it| it.partition).collect()
        };
        for partition in of_group(self) {
            if let Some(lane) = self.lane(instance, consume.group, partition) {
                self.let_go_lane(plan, instance, lane);
            }
        }
        let held = u32::try_from(of_group(self).len()).unwrap_or(u32::MAX);
        let reading = &mut self.instances[instance.index()].reading[place];
        let (session, upto) = (reading.session + 1, consume.prefetch.saturating_sub(held));
        *reading = Reading {
            session,
            upto,
            room: 0,
            broken: false,
            connecting: false,
            silent: false,
            taken: 0,
            ..*reading
        };
        self.come_in(plan, instance, place);
        if self.is_polling(plan, consume) {
            self.poll_takes(plan, instance, place);
        }
    }

    /// Links are cut: members that hear from their brokers by them fall silent.
    pub(super) fn fall_silent(&mut self, plan: &Plan, links: &[LinkId]) {
        for (instance, place) in readers(plan, links) {
            let state = &self.instances[instance.index()];
            if !state.up || state.reading[place].silent {
                continue;
            }
            let group = self.group_at(plan, instance, place);
            let members = &self.groups[group.index()].members;
            if members.has(instance) && !members.is_silent(instance) {
                self.session_runs_out(plan, instance, place);
            }
            self.instances[instance.index()].reading[place].silent = true;
        }
    }

    /// Links are whole again: members that were silent are heard at their next heartbeats.
    pub(super) fn can_be_heard(&mut self, plan: &Plan, links: &[LinkId]) {
        for (instance, place) in readers(plan, links) {
            let Reading { silent, silence, joined, .. } =
                self.instances[instance.index()].reading[place];
            if !silent {
                continue;
            }
            let group = self.group_at(plan, instance, place);
            let beat = plan.model.groups[group.index()].heartbeat;
            if beat == Span::ZERO {
                self.is_heard_again(plan, instance, place, silence);
                continue;
            }
            let at = Time(joined.0 + self.now.since(joined).0.div_ceil(beat.0) * beat.0);
            let place = u16::try_from(place).expect("subscriptions are few");
            self.agenda.push(at, Scheduled::HeardAgain { instance, place, silence });
        }
    }

    /// A member that was silent is heard again.
    pub(super) fn is_heard_again(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: usize,
        silence: u32,
    ) {
        let consume = self.consume_at(plan, instance, place);
        let state = &self.instances[instance.index()];
        let reading = state.reading[place];
        if !state.up
            || !reading.silent
            || reading.silence != silence
            || self.is_cut_off(plan, instance, consume)
        {
            return;
        }
        let reading = &mut self.instances[instance.index()].reading[place];
        reading.silent = false;
        let members = &self.groups[consume.group.index()].members;
        if members.is_silent(instance) {
            self.come_in(plan, instance, place);
        } else if members.has(instance) {
            reading.silence += 1;
        } else {
            self.is_told_off(plan, instance, consume.topic);
        }
    }

    /// An instance learns that it is not a member of its group. It joins anew when it polls.
    pub(super) fn is_told_off(&mut self, plan: &Plan, instance: InstanceId, topic: TopicId) {
        let service = plan.service_of(instance);
        let (place, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        let state = &self.instances[instance.index()];
        if state.up
            && state.reading[place].taken == 0
            && !self.groups[consume.group.index()].members.has(instance)
            && !self.is_cut_off(plan, instance, consume)
        {
            self.rejoin(plan, instance, place);
        }
    }

    /// Whether a member does anything when it polls, so that its polls must be known.
    pub(super) fn is_polling(&self, plan: &Plan, consume: &Consume) -> bool {
        matches!(consume.commit, Commit::Every(_))
            || plan.model.groups[consume.group.index()].max_poll_interval.is_some()
    }

    /// A member takes what has come.
    pub(super) fn poll_takes(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let consume = self.consume_at(plan, instance, place);
        let taken = self.held(instance, consume.group);
        let state = &mut self.instances[instance.index()];
        let incarnation = state.incarnation;
        let reading = &mut state.reading[place];
        (reading.taken, reading.polled) = (taken, self.now);
        if let Some(most) = plan.model.groups[consume.group.index()].max_poll_interval
            && taken > 0
            && !reading.watched
        {
            reading.watched = true;
            let place = u16::try_from(place).expect("subscriptions are few");
            self.agenda.push(self.now + most, Scheduled::PollEnds { instance, place, incarnation });
        }
    }

    /// How many events of a group an instance has that are not done.
    fn held(&self, instance: InstanceId, group: GroupId) -> u32 {
        let lanes = self.instances[instance.index()].lanes.iter().filter(|it| it.group == group);
        let held: usize = lanes.map(|it| usize::from(it.busy) + it.waiting.len()).sum();
        u32::try_from(held).unwrap_or(u32::MAX)
    }

    /// One event of what a member took at its last poll is done.
    pub(super) fn poll_shrank(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        if !self.is_polling(plan, self.consume_at(plan, instance, place)) {
            return;
        }
        let reading = &mut self.instances[instance.index()].reading[place];
        reading.taken = reading.taken.saturating_sub(1);
        if reading.taken == 0 {
            self.poll(plan, instance, place);
        }
    }

    /// What a member took at its last poll was taken away from it, or some of it.
    pub(super) fn poll_was_cut(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let group = self.group_at(plan, instance, place);
        let held = self.held(instance, group);
        let reading = &mut self.instances[instance.index()].reading[place];
        if reading.taken > held {
            reading.taken = held;
            if held == 0 {
                self.poll(plan, instance, place);
            }
        }
    }

    /// A member has done what it took, and polls.
    fn poll(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let consume = self.consume_at(plan, instance, place);
        let reading = &mut self.instances[instance.index()].reading[place];
        if std::mem::take(&mut reading.commit_due) {
            self.commit_lanes(plan, instance, place);
            self.schedule_commit(instance, place, consume.commit);
        }
        self.is_told_off(plan, instance, consume.topic);
        self.poll_takes(plan, instance, place);
    }

    /// A member may have been busy too long with what it took: then it leaves, and joins anew when
    /// it polls.
    pub(super) fn poll_ends(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: usize,
        incarnation: u32,
    ) {
        let consume = self.consume_at(plan, instance, place);
        let Some(most) = plan.model.groups[consume.group.index()].max_poll_interval else { return };
        let state = &mut self.instances[instance.index()];
        if !state.up || state.incarnation != incarnation {
            return;
        }
        let reading = &mut state.reading[place];
        reading.watched = false;
        if reading.taken == 0 {
            return;
        }
        let ends = reading.polled + most;
        if ends > self.now {
            reading.watched = true;
            let place = u16::try_from(place).expect("subscriptions are few");
            self.agenda.push(ends, Scheduled::PollEnds { instance, place, incarnation });
            return;
        }
        let members = &self.groups[consume.group.index()].members;
        if !reading.silent && members.has(instance) && !members.is_silent(instance) {
            self.expel(plan, consume.group, instance);
        }
    }

    /// A commit comes to the broker: from whom, by which connection, sent when; of which partition,
    /// up to where.
    pub(super) fn commit_came(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        (from, session, sent): (InstanceId, u32, Time),
        (partition, offset): (u32, u64),
    ) {
        let (_, consume) =
            plan.subscription(plan.service_of(from), topic).expect("only subscribers commit");
        let group = consume.group;
        match self.commit(topic, group, (sent, from, session), (partition, offset)) {
            Committed::Moved => self.note(What::Committed { group, partition, offset }),
            Committed::Known => {}
            Committed::Refused => {
                self.groups[group.index()].refused += 1;
                self.note(What::CommitRefused { group, partition, instance: from });
                self.is_told_off(plan, from, topic);
            }
        }
    }

    /// A member commits before it gives a partition up; gives whether that moved anything.
    pub(super) fn member_commits(
        &mut self,
        plan: &Plan,
        group: GroupId,
        instance: InstanceId,
        partition: u32,
        offset: u64,
    ) -> bool {
        let topic = plan.model.groups[group.index()].topic;
        let (place, _) =
            plan.subscription(plan.service_of(instance), topic).expect("it is a member");
        let Reading { silent, session, .. } = self.instances[instance.index()].reading[place];
        let members = &mut self.groups[group.index()].members;
        !silent
            && members.commit(self.now, (instance, session), partition, offset) == Committed::Moved
    }

    /// Whether nothing passes between an instance and the broker it consumes from, either way,
    /// although the broker is there.
    fn is_cut_off(&self, plan: &Plan, instance: InstanceId, consume: &Consume) -> bool {
        let there = plan.link(Node::Service(plan.service_of(instance)), Node::Topic(consume.topic));
        let down = self.topics[consume.topic.index()].down;
        let back = &self.links[plan.reverse(there).index()];
        let there = &self.links[there.index()];
        there.losing > 0 || there.holding > down || back.losing > 0 || back.holding > 0
    }

    fn consume_at<'a>(&self, plan: &'a Plan, instance: InstanceId, place: usize) -> &'a Consume {
        &plan.model.services[plan.service_of(instance).index()].consumes[place]
    }

    fn group_at(&self, plan: &Plan, instance: InstanceId, place: usize) -> GroupId {
        self.consume_at(plan, instance, place).group
    }
}

/// Those who read a log by any of these links: which instance, by which of its subscriptions.
fn readers(plan: &Plan, links: &[LinkId]) -> Vec<(InstanceId, usize)> {
    let mut found = Vec::new();
    for link in links {
        let link = &plan.model.links[link.index()];
        let ((Node::Service(service), Node::Topic(topic))
        | (Node::Topic(topic), Node::Service(service))) = (link.from, link.to)
        else {
            continue;
        };
        if let Some((place, _)) = plan.subscription(service, topic)
            && plan.is_log(topic)
        {
            found.extend(plan.model.instances_of(service).map(|it| (it, place)));
        }
    }
    found
}
