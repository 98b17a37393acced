//! What the schedule does to one message: it is aimed at the so-manieth of its kind, and done as
//! that sets out.

use crate::model::{Deed, EventId, FaultId, LinkId, MessageId, Role, Strike, What};

use super::message::Message;
use super::plan::Plan;
use super::world::{Scheduled, World};

/// A deed that waits for its message.
#[derive(Clone, Copy, Debug)]
pub struct Aimed {
    fault: FaultId,
    strike: Strike,
    /// How many more of its kind set out before it.
    before: u32,
    /// The message, once it is there and waits for the deed to be done.
    at: Option<(MessageId, EventId)>,
}

impl Aimed {
    /// On which link.
    pub const fn link(&self) -> LinkId {
        self.strike.link
    }

    fn is_for(&self, message: &Message) -> bool {
        let Strike { link, event_type, .. } = self.strike;
        let carries = matches!(
            message.role,
            Role::Publish
                | Role::Delivery
                | Role::OneWay
                | Role::Request
                | Role::Reply
                | Role::Failure
        );
        carries && message.link == link && message.event.event_type == event_type
    }
}

impl World {
    /// From now on the messages of a kind are counted.
    pub(super) fn aim(&mut self, fault: FaultId, strike: Strike) {
        let before = strike.nth.saturating_sub(1);
        self.aimed.push(Aimed { fault, strike, before, at: None });
    }

    /// What was aimed is not done; false if nothing was, or it is done already.
    pub(super) fn lower(&mut self, fault: FaultId) -> bool {
        let place = self.aimed.iter().position(|it| it.fault == fault);
        place.map(|it| self.aimed.remove(it)).is_some()
    }

    /// A message has set out: what was aimed at it is done.
    #[cold]
    pub(super) fn strike_what_sets_out(&mut self, plan: &Plan, id: MessageId, message: &Message) {
        let mut is_anything_done = false;
        for mut aimed in std::mem::take(&mut self.aimed) {
            let of = aimed.strike;
            let began = What::FaultBegan { fault: aimed.fault };
            match aimed.at {
                // One before it has waited for this one.
                Some((first, event)) if of.deed == Deed::Swap => {
                    if message.link != of.link {
                        self.aimed.push(aimed);
                        continue;
                    }
                    is_anything_done = true;
                    let is_there =
                        self.messages.is_alive(first) && self.messages.get(first).event.id == event;
                    if is_there && self.swap_with_next(first, of.link, began) {
                        self.is_over(aimed.fault);
                    }
                }
                None if aimed.is_for(message) && aimed.before == 0 => match of.deed {
                    Deed::Swap => {
                        aimed.at = Some((id, message.event.id));
                        self.aimed.push(aimed);
                    }
                    // Its broker is busy with handing it out.
                    Deed::Bury => {
                        aimed.at = Some((id, message.event.id));
                        self.aimed.push(aimed);
                        self.agenda.push(self.now, Scheduled::Strike(aimed.fault));
                    }
                    deed => {
                        is_anything_done = true;
                        // It may be gone already: its link was cut.
                        let is_there = self.messages.is_alive(id)
                            && self.messages.get(id).event.id == message.event.id;
                        if is_there && self.perform_deed(plan, id, deed, began) {
                            self.is_over(aimed.fault);
                        }
                    }
                },
                _ => {
                    aimed.before -= u32::from(aimed.at.is_none() && aimed.is_for(message));
                    self.aimed.push(aimed);
                }
            }
        }
        if is_anything_done {
            self.see_to_links(plan);
        }
    }

    /// What was aimed at a message is done, now that nobody has it in hands.
    pub(super) fn strike(&mut self, plan: &Plan, fault: FaultId) {
        let Some(place) = self.aimed.iter().position(|it| it.fault == fault) else { return };
        let aimed = self.aimed.remove(place);
        self.see_to_links(plan);
        let Some((id, event)) = aimed.at else { return };
        let is_there = self.messages.is_alive(id) && self.messages.get(id).event.id == event;
        if is_there && self.perform_deed(plan, id, aimed.strike.deed, What::FaultBegan { fault }) {
            self.is_over(fault);
        }
    }
}
