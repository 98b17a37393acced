//! Links: messages enter, take their time, and leave; or are held, doubled, lost.

use std::sync::Arc;

use crate::engine::dice::Purpose;
use crate::model::{
    Distribution, DropReason, Event, LinkId, MessageId, Role, Span, Time, Transport, What,
};

use super::message::{Message, Token};
use super::plan::{Manner, Plan};
use super::world::{Scheduled, World, mix};

/// A link at an instant.
// In this order: what every message needs comes first.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct LinkState {
    /// Whether all that it does to a message is to take its own time: it is a link of simple
    /// manners, and no fault has touched it. [`World::see_to_links`] keeps it so.
    is_calm: bool,
    /// When the last message will leave: on a stream nobody leaves before it.
    last_due: Time,
    /// When the last byte has entered.
    free_at: Time,
    /// How many faults cut it and hold what is sent.
    pub holding: u32,
    /// How many faults cut it and lose what is sent.
    pub losing: u32,
    /// What it holds.
    pub held: Vec<MessageId>,
    /// A fault's probability of loss, instead of its own.
    pub loss: Option<f64>,
    /// A fault's probability of duplication, instead of its own.
    pub duplication: Option<f64>,
    /// A fault's extra time, and whether messages overtake one another.
    pub extra: Option<(Distribution, bool)>,
    /// Whose turn it is at its end, by place among the instances there: who sends knows its own
    /// turns only, not those of others.
    pub turn: u32,
}

impl LinkState {
    /// A link that no fault has touched.
    pub fn new(manner: Manner) -> Self {
        Self { is_calm: manner.is_simple, ..Self::default() }
    }

    /// Whether a fault is upon it.
    const fn is_troubled(&self) -> bool {
        self.holding > 0
            || self.losing > 0
            || self.loss.is_some()
            || self.duplication.is_some()
            || self.extra.is_some()
    }
}

impl World {
    /// While a fault comes or goes no link is taken to be calm.
    pub(super) fn doubt_links(&mut self) {
        for state in &mut self.links {
            state.is_calm = false;
        }
    }

    /// A fault came or went: which links are calm now.
    pub(super) fn see_to_links(&mut self, plan: &Plan) {
        for (index, state) in self.links.iter_mut().enumerate() {
            let manner = plan.manner(LinkId::from_index(index));
            let is_aimed_at = self.aimed.iter().any(|it| it.link().index() == index);
            state.is_calm = manner.is_simple
                && !state.is_troubled()
                && self.doomed_answers.is_empty()
                && !is_aimed_at;
        }
    }

    /// Puts a message on its link.
    pub(super) fn send(&mut self, plan: &Plan, message: &Message) -> MessageId {
        let id = self.messages.insert(message);
        self.send_off(plan, id);
        id
    }

    /// Puts a message that has been made in its place on its link.
    #[inline(never)]
    pub(super) fn send_off(&mut self, plan: &Plan, id: MessageId) {
        let message = *self.messages.get(id);
        self.set_out(plan, id, &message);
    }

    /// The same, inlined, of a message that was just made, which need not be read back.
    #[inline(always)]
    pub(super) fn set_out(&mut self, plan: &Plan, id: MessageId, message: &Message) {
        let &Message { role, link, attempt, .. } = message;
        let Event { id: event, event_type, lineage, .. } = message.event;
        self.counters.made[role as usize] += 1;
        let key = || mix(lineage, sending(message));
        let state = &mut self.links[link.index()];
        if !state.is_calm {
            return self.send_with_care(plan, id, key());
        }
        let manner = plan.manner(link);
        let mut due = self.now;
        if !manner.is_instant {
            let mut dice = self.dice.stream(Purpose::Latency, key(), u64::from(link.0));
            due += dice.span(&manner.latency);
        }
        if manner.is_in_order {
            due = due.max(state.last_due);
            state.last_due = due;
        }
        self.note(What::Sent { message: id, event, event_type, role, link, due, attempt });
        self.agenda.push(due, Scheduled::Leave(id));
    }

    /// Puts a message on a link that may do more to it than to take its time.
    #[inline(never)]
    fn send_with_care(&mut self, plan: &Plan, id: MessageId, key: u64) {
        let message = *self.messages.get(id);
        let link = message.link;
        self.enter(plan, id, &message, key);
        let duplication = self.links[link.index()]
            .duplication
            .unwrap_or(plan.model.links[link.index()].quality.duplication);
        if duplication > 0.0 {
            let mut dice = self.dice.stream(Purpose::Duplicate, key, u64::from(link.0));
            if dice.chance(duplication) {
                self.counters.made[message.role as usize] += 1;
                let double = self.messages.insert(&message);
                self.enter(plan, double, &message, mix(key, 1));
            }
        }
        if !self.aimed.is_empty() {
            self.strike_what_sets_out(plan, id, &message);
        }
    }

    pub(super) fn enter(&mut self, plan: &Plan, id: MessageId, message: &Message, key: u64) {
        let link = message.link;
        let held = self.links[link.index()].holding > 0;
        let (due, lost) =
            if held { (Time::MAX, false) } else { self.time_on_link(plan, message, key) };
        let doomed = !self.doomed_answers.is_empty() && self.is_doomed(plan, message);
        self.note(What::Sent {
            message: id,
            event: message.event.id,
            event_type: message.event.event_type,
            role: message.role,
            link,
            due,
            attempt: message.attempt,
        });
        if held && doomed {
            self.drop_message(id, DropReason::Lost);
        } else if held {
            self.links[link.index()].held.push(id);
        } else if self.links[link.index()].losing > 0 {
            self.drop_message(id, DropReason::LinkCut);
        } else if lost || doomed {
            self.agenda.push(due, Scheduled::Vanish(id));
        } else {
            self.agenda.push(due, Scheduled::Leave(id));
        }
    }

    /// When a message that enters now leaves, and whether it is lost on the way.
    fn time_on_link(&mut self, plan: &Plan, message: &Message, key: u64) -> (Time, bool) {
        let link = message.link;
        let quality = &plan.model.links[link.index()].quality;
        let state = &mut self.links[link.index()];
        let channel = u64::from(link.0);
        let mut latency = if quality.latency.is_zero() {
            Span::ZERO
        } else {
            self.dice.stream(Purpose::Latency, key, channel).span(&quality.latency)
        };
        let mut reorder = false;
        if let Some((extra, overtakes)) = &state.extra {
            latency = latency + self.dice.stream(Purpose::Fault, key, channel).span(extra);
            reorder = *overtakes;
        }
        let mut begin = self.now;
        if let Some(bandwidth) = quality.bandwidth {
            let size = plan.model.event_types[message.event.event_type.index()].size_bytes;
            begin = begin.max(state.free_at) + Span::from_secs_f64(f64::from(size) / bandwidth);
            state.free_at = begin;
        }
        let mut due = begin + latency;
        let loss = state.loss.unwrap_or(quality.loss);
        let mut lost = false;
        if loss > 0.0 {
            let mut dice = self.dice.stream(Purpose::Loss, key, channel);
            match quality.transport {
                Transport::Datagram => lost = dice.chance(loss),
                Transport::Stream { retransmit } => {
                    // Each try is lost for itself; past a hundred the connection would be gone.
                    let mut tries = 0;
                    while tries < 100 && dice.chance(loss) {
                        due += retransmit;
                        tries += 1;
                    }
                }
            }
        }
        if !reorder && matches!(quality.transport, Transport::Stream { .. }) {
            due = due.max(state.last_due);
            state.last_due = due;
        }
        (due, lost)
    }

    /// A message comes to the end of its link.
    #[inline(never)]
    pub(super) fn leave_link(&mut self, plan: &Plan, id: MessageId) {
        if self.passes_link(id) {
            self.come_out(plan, id);
        }
    }

    /// Whether a message that comes to the end of its link is neither lost there nor held.
    #[inline(always)]
    pub(super) fn passes_link(&mut self, id: MessageId) -> bool {
        let link = self.messages.get(id).link;
        self.links[link.index()].is_calm || self.passes_troubled_link(id, link)
    }

    /// The same of a link that is not calm.
    #[inline(never)]
    fn passes_troubled_link(&mut self, id: MessageId, link: LinkId) -> bool {
        let state = &mut self.links[link.index()];
        if state.losing > 0 {
            self.drop_message(id, DropReason::LinkCut);
            return false;
        }
        if state.holding > 0 {
            state.held.push(id);
            self.note(What::Rescheduled { message: id, due: Time::MAX });
            return false;
        }
        true
    }

    /// A message comes to whom its link leads.
    #[inline(always)]
    pub(super) fn come_out(&mut self, plan: &Plan, id: MessageId) {
        let role = self.messages.get(id).role;
        match role {
            Role::Request | Role::OneWay | Role::Delivery => self.reach_instance(plan, id),
            Role::Reply | Role::Failure => self.answer_came(plan, id),
            Role::Publish
            | Role::Ack
            | Role::Nack
            | Role::Progress
            | Role::Commit
            | Role::Fetch => {
                self.reach_topic(plan, id);
            }
            Role::Confirm | Role::Refusal => self.confirm_came(plan, id),
            Role::Arrival => unreachable!("an arrival never travels"),
        }
    }

    /// A link is whole again: what it held goes on its way.
    pub(super) fn release(&mut self, plan: &Plan, link: LinkId) {
        if self.links[link.index()].holding > 0 {
            return;
        }
        for id in std::mem::take(&mut self.links[link.index()].held) {
            let message = *self.messages.get(id);
            let key = mix(message.event.lineage, sending(&message) | 1 << 7);
            let (due, lost) = self.time_on_link(plan, &message, key);
            self.note(What::Rescheduled { message: id, due });
            let entry = if lost { Scheduled::Vanish(id) } else { Scheduled::Leave(id) };
            self.agenda.push(due, entry);
        }
    }

    /// A message is no more, and did not do what it was for.
    #[inline(never)]
    pub(super) fn drop_message(&mut self, id: MessageId, reason: DropReason) {
        self.counters.dropped[reason as usize] += 1;
        let &Message { role, token, link, to, ref event, .. } = self.messages.get(id);
        let (key, event) = (super::strategy::key(&self.plan, event), event.id);
        self.counters.dropped_roles[role as usize] += 1;
        self.note(What::Dropped { message: id, reason });
        if role == Role::Delivery && self.beliefs.is_some() {
            let plan = Arc::clone(&self.plan);
            self.delivery_lost(&plan, id);
        }
        self.messages.remove(id);
        if role == Role::Delivery && !self.plan.is_naive(to) {
            let plan = Arc::clone(&self.plan);
            self.order_interrupted(&plan, id, link, to, key);
        }
        match (role, token) {
            (Role::Progress, _) => {}
            (_, Token::Ticket(ticket)) => {
                let plan = Arc::clone(&self.plan);
                self.let_go(Self::topic_of(&plan, link), ticket);
            }
            (Role::Publish, _) if reason != DropReason::Duplicate && self.beliefs.is_some() => {
                let plan = Arc::clone(&self.plan);
                self.publish_lost(Self::topic_of(&plan, link), event);
            }
            (Role::Delivery | Role::Commit | Role::Fetch, _)
                if matches!(reason, DropReason::Lost | DropReason::LinkCut) =>
            {
                let plan = Arc::clone(&self.plan);
                self.connection_broke(&plan, to, Self::topic_of(&plan, link), role, token);
            }
            _ => {}
        }
    }

    /// A message is no more, and did what it was for.
    #[inline]
    pub(super) fn end_message(&mut self, id: MessageId) {
        self.end_known_message(id, self.messages.get(id).role);
    }

    /// The same where its role is known.
    #[inline(always)]
    pub(super) fn end_known_message(&mut self, id: MessageId, role: Role) {
        self.counters.ended[role as usize] += 1;
        self.messages.remove(id);
    }

    /// A message that only had to arrive has had its effect.
    pub(super) fn received(&mut self, id: MessageId) {
        self.note(What::Received { message: id });
        self.end_message(id);
    }

    /// The topic at the end of a message's link.
    #[inline]
    pub(super) fn topic_of(plan: &Plan, link: LinkId) -> crate::model::TopicId {
        plan.topic_of(link)
    }
}

/// Which sending of the same event it is: what is sent again has luck of its own.
pub(super) const fn sending(message: &Message) -> u64 {
    let epoch = match message.token {
        Token::Offset { epoch, .. } => epoch,
        // What a producer that has crashed sends once more has luck of its own; the first time
        // it has the luck of one that is not confirmed.
        Token::Publish { incarnation, .. } | Token::Answer { incarnation, .. } => incarnation - 1,
        _ => 0,
    };
    message.role as u64 | (message.attempt as u64) << 8 | (epoch as u64) << 32
}
