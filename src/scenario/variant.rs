//! Variants: a partial scenario laid over the base, tree over tree, so that every value keeps
//! the place where it was written.

use super::syntax::{Kind, Node};

/// `base` with `over` laid on it: maps and structs field by field, everything else replaced; `Absent` takes away.
pub(super) fn merged(base: &Node, over: &Node) -> Node {
    let kind = match (&base.kind, &over.kind) {
        (Kind::Map(base), Kind::Map(over)) => {
            let mut entries = base.clone();
            for (key, value) in over {
                if is_absent(value) {
                    entries.retain(|(it, _)| it.kind != key.kind);
                    continue;
                }
                match entries.iter_mut().find(|(it, _)| it.kind == key.kind) {
                    Some((_, known)) => *known = merged(known, value),
                    None => entries.push((key.clone(), value.clone())),
                }
            }
            Kind::Map(entries)
        }
        (Kind::Struct(base_name, base), Kind::Struct(name, over))
            if name.is_none() || name == base_name =>
        {
            let mut fields = base.clone();
            for field in over {
                if is_absent(&field.value) {
                    fields.retain(|it| it.name != field.name);
                    continue;
                }
                match fields.iter_mut().find(|it| it.name == field.name) {
                    Some(known) => known.value = merged(&known.value, &field.value),
                    None => fields.push(field.clone()),
                }
            }
            Kind::Struct(base_name.clone(), fields)
        }
        _ => return over.clone(),
    };
    Node { place: base.place.clone(), kind }
}

fn is_absent(node: &Node) -> bool {
    matches!(&node.kind, Kind::Word(word) if word == "Absent")
}
