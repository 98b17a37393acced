//! Events are made: their identity, and their fields given, copied from their cause, or drawn.

use crate::engine::dice::Purpose;
use crate::engine::handler::Given;
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Event, EventId, EventTypeId, FieldDraw, MessageId, ServiceId, Text, Time, Value,
};

use super::message::Message;
use super::plan::Plan;
use super::world::World;

impl World {
    /// Makes an event.
    #[inline(always)]
    pub(super) fn make_event(
        &mut self,
        plan: &Plan,
        service: ServiceId,
        event_type: EventTypeId,
        cause: Option<MessageId>,
        lineage: u64,
        given: &[Given],
    ) -> Event {
        let id = self.next_event_id(service);
        self.fill_event(plan, id, event_type, cause, lineage, given)
    }

    /// Makes an event and the message that carries it. `cause` is the message that it comes of, and the
    /// event of that. Gives the message, too: who goes on with it at once need not read it back.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "each is of the event, but for what carries it")]
    pub(super) fn make_message(
        &mut self,
        plan: &Plan,
        service: ServiceId,
        event_type: EventTypeId,
        cause: Option<(MessageId, EventId)>,
        lineage: u64,
        given: &[Given],
        carry: impl FnOnce(Event) -> Message,
    ) -> (MessageId, Message) {
        let (id, time) = (self.next_event_id(service), self.time_at(service));
        let (handled, cause) = cause.unzip();
        let mut fields = [0; MAX_FIELDS];
        if plan.has_fields(event_type) {
            fields = self.fields(plan, id, event_type, handled, lineage, given);
        }
        let message = carry(Event { id, event_type, time, cause, lineage, fields });
        let place = self.messages.take();
        *self.messages.get_mut(place) = message;
        (place, message)
    }

    /// The identity of the next event that a service makes.
    #[inline]
    pub(super) fn next_event_id(&mut self, service: ServiceId) -> EventId {
        let state = &mut self.services[service.index()];
        state.produced += 1;
        EventId::new(service, state.produced)
    }

    /// Fills an event's fields: given, or copied from its cause, or drawn.
    #[inline(always)]
    pub(super) fn fill_event(
        &mut self,
        plan: &Plan,
        id: EventId,
        event_type: EventTypeId,
        cause: Option<MessageId>,
        lineage: u64,
        given: &[Given],
    ) -> Event {
        let fields = if plan.has_fields(event_type) {
            self.fields(plan, id, event_type, cause, lineage, given)
        } else {
            [0; MAX_FIELDS]
        };
        let cause = cause.map(|it| self.messages.get(it).event.id);
        let time = self.time_at(id.producer());
        Event { id, event_type, time, cause, lineage, fields }
    }

    /// What time it is by a service's clock.
    #[inline]
    fn time_at(&self, service: ServiceId) -> Time {
        if self.clocks.is_empty() { self.now } else { self.clock_of(service) }
    }

    /// What a service's clock shows.
    #[cold]
    fn clock_of(&self, service: ServiceId) -> Time {
        let ahead = self.clocks.get(&service).copied().unwrap_or(0);
        Time(self.now.0.saturating_add_signed(ahead))
    }

    /// The fields of an event: given, or copied from its cause, or drawn.
    #[inline(never)]
    fn fields(
        &mut self,
        plan: &Plan,
        id: EventId,
        event_type: EventTypeId,
        cause: Option<MessageId>,
        lineage: u64,
        given: &[Given],
    ) -> [u64; MAX_FIELDS] {
        let mut fields = [0; MAX_FIELDS];
        let copies = cause.and_then(|it| {
            let of = self.messages.get(it).event.event_type;
            plan.copies(of, event_type)
        });
        for (place, field) in plan.model.event_types[event_type.index()].fields.iter().enumerate() {
            if let Some((_, value)) = given.iter().find(|(it, _)| *it == place) {
                fields[place] = match (value, field.kind) {
                    (Value::Int(_), crate::model::FieldKind::Float) => {
                        Value::Float(value.as_f64()).to_bits()
                    }
                    _ => value.to_bits(),
                };
                continue;
            }
            let copied = cause.and_then(|cause| {
                let from = copies?[place]?;
                Some(self.messages.get(cause).event.fields[usize::from(from)])
            });
            fields[place] = match copied {
                Some(bits) => bits,
                None => self.draw_field(id, event_type, &field.draw, lineage, place).to_bits(),
            };
        }
        fields
    }

    fn draw_field(
        &mut self,
        id: EventId,
        event_type: EventTypeId,
        draw: &FieldDraw,
        lineage: u64,
        place: usize,
    ) -> Value {
        let mut dice = self.dice.stream(Purpose::Field, lineage, place as u64);
        match draw {
            FieldDraw::Int { low, high } => {
                let width = high.abs_diff(*low).saturating_add(1);
                Value::Int(low.wrapping_add_unsigned(dice.below(width)))
            }
            FieldDraw::Float(distribution) => Value::Float(dice.draw(distribution)),
            FieldDraw::Pick(choices) => {
                let lot = dice.fraction();
                let chosen = choices.iter().find(|(upto, _)| lot < *upto).or(choices.last());
                chosen.expect("the reader refuses an empty choice").1
            }
            FieldDraw::Sequence(text) => {
                let producer = &mut self.services[id.producer().index()].sequences;
                let counted = match producer.iter_mut().find(|(it, _)| *it == event_type) {
                    Some((_, count)) => count,
                    None => {
                        producer.push((event_type, 0));
                        &mut producer.last_mut().expect("just pushed").1
                    }
                };
                *counted += 1;
                #[expect(clippy::cast_possible_truncation, reason = "numbers begin anew at 2^32")]
                let number = *counted as u32;
                Value::Text(Text { text: *text, number })
            }
            FieldDraw::Chance(probability) => Value::Bool(dice.chance(*probability)),
        }
    }
}
