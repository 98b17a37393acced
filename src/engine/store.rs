//! Stores: what services believe.

use std::collections::BTreeMap;

use crate::model::{Event, FieldKind, Model, OutboxId, ServiceId, StoreId, StoreKind, Value};

/// All stores of a run.
#[derive(Clone, Debug)]
pub struct Stores {
    tables: Vec<Table>,
    /// The transaction of whoever reads and changes them now, if it has one.
    open: Option<Transaction>,
}

/// Changes that become so in one step. Until then only the handler that makes them sees them.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    /// What it would hold under the keys that it changed; `None` for nothing.
    cells: BTreeMap<(StoreId, u64), Option<Cell>>,
    /// What it did to stores, in order, for whoever makes it so.
    pub changes: Vec<(StoreId, u64, Change)>,
    /// What it wrote into outboxes, in order.
    pub outboxed: Vec<(OutboxId, Event)>,
}

/// One store.
#[derive(Clone, Debug)]
struct Table {
    kind: StoreKind,
    value: FieldKind,
    service: ServiceId,
    durable: bool,
    /// By key; a store without keys uses key 0.
    cells: BTreeMap<u64, Cell>,
    updates: u64,
}

/// What is held under a key.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    value: u64,
    version: f64,
}

/// A change with everything worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Count one more.
    Increment,
    /// Add this much.
    Add(Value),
    /// Put this in its place.
    Put(Value),
    /// Put this in its place unless the version there (second) is as high.
    PutVersion(Value, f64),
    /// Put the key in.
    Insert,
    /// Take the key out.
    Remove,
    /// Append.
    Append(Value),
}

/// What a store holds, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoreSummary {
    /// How many keys.
    pub keys: u64,
    /// The sum of all values, for those that can be added; of a set or a log, how many.
    pub total: f64,
    /// How often it was changed.
    pub updates: u64,
}

impl Stores {
    /// The empty stores of a model.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let tables = model
            .stores
            .iter()
            .map(|store| Table {
                kind: store.kind,
                value: store.value,
                service: store.service,
                durable: store.durable,
                cells: BTreeMap::new(),
                updates: 0,
            })
            .collect();
        Self { tables, open: None }
    }

    /// How many values all stores hold together.
    #[must_use]
    pub fn value_count(&self) -> usize {
        self.tables.iter().map(|it| it.cells.len()).sum()
    }

    /// What a store holds under a key (0 where it has none); zero if nothing.
    #[must_use]
    pub fn get(&self, store: StoreId, key: u64) -> Value {
        Value::from_bits(self.tables[store.index()].value, self.bits(store, key))
    }

    /// The same as [`Value::to_bits`] has it; for a set 1 for "is in".
    #[must_use]
    pub fn bits(&self, store: StoreId, key: u64) -> u64 {
        self.cell(store, key).map_or(0, |cell| cell.value)
    }

    fn cell(&self, store: StoreId, key: u64) -> Option<Cell> {
        if let Some(open) = &self.open
            && let Some(cell) = open.cells.get(&(store, key))
        {
            return *cell;
        }
        self.tables[store.index()].cells.get(&key).copied()
    }

    /// Whether a store holds anything under a key (0 where it has none).
    #[must_use]
    pub fn has(&self, store: StoreId, key: u64) -> bool {
        self.cell(store, key).is_some()
    }

    /// From now on what is read and changed is read and changed within a transaction.
    pub fn open(&mut self, transaction: Transaction) {
        self.open = Some(transaction);
    }

    /// Whether there is one.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// An event is written into an outbox. Gives whether it is part of a transaction.
    pub fn outbox(&mut self, outbox: OutboxId, event: &Event) -> bool {
        let open = self.open.as_mut();
        open.map(|it| it.outboxed.push((outbox, *event))).is_some()
    }

    /// From now on no longer; gives the transaction, of which nothing has become so yet.
    pub fn close(&mut self) -> Option<Transaction> {
        self.open.take()
    }

    /// Changes a store. Gives the new value as a record says it, or `None` if nothing has
    /// become so: the change was stale, or is part of a transaction.
    pub fn change(&mut self, store: StoreId, key: u64, change: Change) -> Option<u64> {
        if let Some(open) = &mut self.open {
            let table = &self.tables[store.index()];
            let held = open.cells.get(&(store, key)).copied();
            let before = held.unwrap_or_else(|| table.cells.get(&key).copied());
            let (cell, _) = changed_cell(table.value, before, change);
            open.cells.insert((store, key), cell);
            open.changes.push((store, key, change));
            return None;
        }
        let table = &mut self.tables[store.index()];
        table.updates += 1;
        match change {
            Change::Remove => {
                table.cells.remove(&key);
                Some(0)
            }
            _ => {
                let kind = table.value;
                let cell = table.cells.entry(key).or_default();
                let (after, value) = changed_cell(kind, Some(*cell), change);
                *cell = after.expect("only a removal leaves nothing");
                value
            }
        }
    }

    /// Empties the stores of a service that do not outlive a crash; calls `cleared` for each
    /// key that was in them.
    pub fn crash(&mut self, service: ServiceId, mut cleared: impl FnMut(StoreId, u64)) {
        for (index, table) in self.tables.iter_mut().enumerate() {
            if table.service == service && !table.durable {
                for key in std::mem::take(&mut table.cells).into_keys() {
                    cleared(StoreId::from_index(index), key);
                }
            }
        }
    }

    /// What a store holds, summed up.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn summary(&self, store: StoreId) -> StoreSummary {
        let table = &self.tables[store.index()];
        let total = match table.kind {
            StoreKind::Set => table.cells.len() as f64,
            StoreKind::Log => table.cells.values().map(|cell| cell.value as f64).sum(),
            _ => table
                .cells
                .values()
                .map(|cell| Value::from_bits(table.value, cell.value).as_f64())
                .sum(),
        };
        // The sum of nothing is -0, which nobody wants to read.
        let total = total + 0.0;
        StoreSummary { keys: table.cells.len() as u64, total, updates: table.updates }
    }
}

/// What a change makes of what is held under a key, and the value as a record says it; without
/// one the change was stale.
fn changed_cell(
    kind: FieldKind,
    before: Option<Cell>,
    change: Change,
) -> (Option<Cell>, Option<u64>) {
    let cell = before.unwrap_or_default();
    let with = |value: u64| (Some(Cell { value, ..cell }), Some(value));
    match change {
        Change::Increment => with(add(kind, cell.value, Value::Int(1))),
        Change::Add(amount) => with(add(kind, cell.value, amount)),
        Change::Put(value) => with(value.to_bits()),
        Change::PutVersion(_, version) if cell.version >= version => (Some(cell), None),
        Change::PutVersion(value, version) => {
            (Some(Cell { value: value.to_bits(), version }), Some(value.to_bits()))
        }
        Change::Append(_) => with(cell.value + 1),
        Change::Insert => with(1),
        Change::Remove => (None, Some(0)),
    }
}

/// `bits` of this kind and `amount` together.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction added to a store of whole numbers loses its fraction, saturating"
)]
fn add(kind: FieldKind, bits: u64, amount: Value) -> u64 {
    match (Value::from_bits(kind, bits), amount) {
        (Value::Int(held), Value::Int(amount)) => Value::Int(held.saturating_add(amount)),
        (Value::Int(held), amount) => Value::Int(held.saturating_add(amount.as_f64() as i64)),
        (Value::Float(held), amount) => Value::Float(held + amount.as_f64()),
        (held, _) => held,
    }
    .to_bits()
}
