//! What stands around calls: circuit breakers, retry budgets, bulkheads, memories of answers.

use crate::model::{
    Breaker, BreakerId, Budget, BudgetId, Bulkhead, BulkheadId, Idempotency, ServiceId, Span, Trip,
};

use super::convert::Converter;
use super::reader::Fields;
use super::syntax::Node;

/// The most calls that a breaker looks back on, a bulkhead lets in, or lets wait.
const MOST: i64 = 10_000;

impl Converter<'_> {
    /// What the calls of a service can go through.
    pub(super) fn guards(&mut self, service: ServiceId, fields: &Fields<'_>) {
        self.breakers(service, fields.optional("breakers"));
        self.budgets(service, fields.optional("budgets"));
        self.bulkheads(service, fields.optional("bulkheads"));
    }

    fn breakers(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for (name, _, node) in self.reader.entries(section) {
            let Some(fields) = self.reader.fields(node, "Breaker") else { continue };
            let trip = self.trip(&fields);
            let open_for = fields.required("open_for").and_then(|it| self.reader.span(it));
            let trial = self.count(&fields, "trial", 1, MOST);
            fields.finish();
            let id = BreakerId::from_index(self.model.breakers.len());
            self.model.breakers.push(Breaker {
                name: name.to_owned(),
                service,
                trip: trip.unwrap_or(Trip::InARow(1)),
                open_for: open_for.unwrap_or(Span::SECOND),
                trial: trial.unwrap_or(1),
            });
            self.model.services[service.index()].breakers.push(id);
        }
    }

    /// `failures` in a row, or a `rate` `of` the last calls.
    fn trip(&self, fields: &Fields<'_>) -> Option<Trip> {
        let reader = self.reader;
        let (failures, rate) = (fields.optional("failures"), fields.optional("rate"));
        if failures.is_some() == rate.is_some() {
            reader.wrong(
                fields.place(),
                "what opens this breaker?",
                "either `failures: 5` in a row, or a `rate: 0.5` of the last calls",
            );
            return None;
        }
        if failures.is_some() {
            return self.count(fields, "failures", 1, i64::from(u32::MAX)).map(Trip::InARow);
        }
        let share = rate.and_then(|it| Some((it, reader.probability(it)?)));
        // `resilience4j`: `slidingWindowSize` and `minimumNumberOfCalls` 100.
        let of = self.count(fields, "of", 1, MOST).unwrap_or(100);
        let at_least = self.count(fields, "at_least", 1, i64::from(of)).unwrap_or(of);
        let (node, share) = share?;
        if share == 0.0 {
            reader.wrong(&node.place, "a breaker that opens without a failure", "more than zero");
        }
        Some(Trip::Rate { share, of, at_least })
    }

    fn budgets(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for (name, _, node) in self.reader.entries(section) {
            let Some(fields) = self.reader.fields(node, "Budget") else { continue };
            // gRPC's `maxTokens` is at most 1000.
            fields.required("tokens");
            let tokens = self.count(&fields, "tokens", 1, 1000);
            let ratio = fields.required("ratio").and_then(|it| self.thousandths(it));
            fields.finish();
            let id = BudgetId::from_index(self.model.budgets.len());
            self.model.budgets.push(Budget {
                name: name.to_owned(),
                service,
                tokens: tokens.unwrap_or(1),
                ratio_thousandths: ratio.unwrap_or(1),
            });
            self.model.services[service.index()].budgets.push(id);
        }
    }

    fn thousandths(&self, node: &Node) -> Option<u32> {
        let ratio = self.reader.positive(node)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number; a float-to-int `as` saturates"
        )]
        let thousandths = (ratio * 1000.0).round() as u32;
        if !(1..=1_000_000).contains(&thousandths) {
            self.reader.wrong(&node.place, "out of range", "a number from 0.001 to 1000");
            return None;
        }
        Some(thousandths)
    }

    fn bulkheads(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for (name, _, node) in self.reader.entries(section) {
            let Some(fields) = self.reader.fields(node, "Bulkhead") else { continue };
            fields.required("at_most");
            let at_most = self.count(&fields, "at_most", 1, MOST);
            let waiting = self.count(&fields, "waiting", 0, MOST);
            fields.finish();
            let id = BulkheadId::from_index(self.model.bulkheads.len());
            self.model.bulkheads.push(Bulkhead {
                name: name.to_owned(),
                service,
                at_most: at_most.unwrap_or(1),
                waiting: waiting.unwrap_or(0),
            });
            self.model.services[service.index()].bulkheads.push(id);
        }
    }

    /// How a service remembers what it answered.
    pub(super) fn idempotency(&self, node: &Node) -> Option<Idempotency> {
        let fields = self.reader.fields(node, "Idempotency")?;
        let window = fields.optional("window");
        let window = window.and_then(|it| Some((it, self.reader.span(it)?)));
        let choice = |name| fields.optional(name).and_then(|it| self.reader.bool(it));
        let (durable, keeps_failures) = (choice("durable"), choice("keeps_failures"));
        fields.finish();
        if let Some((node, Span::ZERO)) = window {
            self.reader.wrong(&node.place, "a memory that forgets at once", "more than zero");
        }
        Some(Idempotency {
            // Stripe prunes keys that are at least 24 hours old.
            window: window.map_or(Span::from_secs(24 * 3600), |(_, window)| window),
            durable: durable.unwrap_or(true),
            keeps_failures: keeps_failures.unwrap_or(true),
        })
    }

    fn count(&self, fields: &Fields<'_>, name: &'static str, least: i64, most: i64) -> Option<u32> {
        let count = fields.optional(name).and_then(|it| self.reader.int(it, least, most));
        count.and_then(|it| u32::try_from(it).ok())
    }

    /// The breaker of this name that a service's calls can go through.
    pub(super) fn breaker(&self, service: ServiceId, node: &Node) -> Option<BreakerId> {
        let breakers = self.model.breakers.iter().map(|it| (it.service, it.name.as_str()));
        self.guard(service, node, "breaker", breakers).map(BreakerId::from_index)
    }

    /// The budget of this name.
    pub(super) fn budget(&self, service: ServiceId, node: &Node) -> Option<BudgetId> {
        let budgets = self.model.budgets.iter().map(|it| (it.service, it.name.as_str()));
        self.guard(service, node, "budget", budgets).map(BudgetId::from_index)
    }

    /// The bulkhead of this name.
    pub(super) fn bulkhead(&self, service: ServiceId, node: &Node) -> Option<BulkheadId> {
        let bulkheads = self.model.bulkheads.iter().map(|it| (it.service, it.name.as_str()));
        self.guard(service, node, "bulkhead", bulkheads).map(BulkheadId::from_index)
    }

    fn guard<'a>(
        &self,
        service: ServiceId,
        node: &Node,
        what: &str,
        known: impl Iterator<Item = (ServiceId, &'a str)> + Clone,
    ) -> Option<usize> {
        let name = self.reader.text(node)?;
        let found = known.clone().position(|it| it == (service, name));
        if found.is_none() {
            let own = known.filter(|(of, _)| *of == service).map(|(_, name)| name);
            self.reader.unknown(&node.place, &format!("{what} of this service"), name, own);
        }
        found
    }
}
