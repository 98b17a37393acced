//! Stores: what services believe.

use std::collections::BTreeMap;

use crate::model::{FieldKind, Model, ServiceId, StoreId, StoreKind, Value};

/// All stores of a run.
#[derive(Clone, Debug)]
pub struct Stores {
    tables: Vec<Table>,
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
        Self { tables }
    }

    /// What a store holds under a key (0 where it has none); zero if nothing.
    #[must_use]
    pub fn get(&self, store: StoreId, key: u64) -> Value {
        let table = &self.tables[store.index()];
        let bits = table.cells.get(&key).map_or(0, |cell| cell.value);
        Value::from_bits(table.value, bits)
    }

    /// Whether a store holds anything under a key (0 where it has none).
    #[must_use]
    pub fn has(&self, store: StoreId, key: u64) -> bool {
        self.tables[store.index()].cells.contains_key(&key)
    }

    /// Changes a store. Gives the new value as a record says it, or `None` if the change was
    /// stale and left all as it was.
    pub fn change(&mut self, store: StoreId, key: u64, change: Change) -> Option<u64> {
        let table = &mut self.tables[store.index()];
        table.updates += 1;
        match change {
            Change::Remove => {
                table.cells.remove(&key);
                return Some(0);
            }
            Change::Insert => {
                table.cells.insert(key, Cell { value: 1, version: 0.0 });
                return Some(1);
            }
            _ => {}
        }
        let kind = table.value;
        let cell = table.cells.entry(key).or_default();
        match change {
            Change::Increment => cell.value = add(kind, cell.value, Value::Int(1)),
            Change::Add(amount) => cell.value = add(kind, cell.value, amount),
            Change::Put(value) => cell.value = value.to_bits(),
            Change::PutVersion(value, version) => {
                if cell.version >= version {
                    return None;
                }
                *cell = Cell { value: value.to_bits(), version };
            }
            Change::Append(_) => cell.value += 1,
            Change::Insert | Change::Remove => unreachable!("dealt with above"),
        }
        Some(cell.value)
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
        StoreSummary { keys: table.cells.len() as u64, total, updates: table.updates }
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
