//! What was made of a scenario, carried over to what the scenario says now: by names, since
//! numbers shift when something is added or taken out.

use crate::history::{Branch, Tree};
use crate::model::Model;
use crate::scenario::{Scenario, names};
use crate::session;

use super::futures::act_name;
use super::made::{Futures, Made, Places};

/// What was made, in another scenario; and what has no counterpart there, as a person would say
/// it.
pub(super) fn carry_over(made: &Made, from: &Scenario, to: &Scenario) -> (Made, Vec<String>) {
    let mut lost = Vec::new();
    let model = |of: &Scenario, name: &str| -> Option<std::sync::Arc<Model>> {
        of.variants.iter().find(|it| it.name == name).map(|it| it.model.clone())
    };
    let variant = match model(to, &made.variant) {
        Some(_) => made.variant.clone(),
        None => to.variants[0].name.clone(),
    };
    let mut futures = std::collections::BTreeMap::new();
    for (name, it) in &made.futures {
        match (model(from, name), model(to, name)) {
            (Some(old), Some(new)) => {
                let tree = carry_tree(&it.tree, &old, &new, &mut lost);
                futures.insert(name.clone(), Futures { tree, shown: it.shown });
            }
            _ if it.tree.branches().count() > 1 => {
                lost.push(format!("all branches of the variant {name}"));
            }
            _ => {}
        }
    }
    let mut places = Places::new();
    if let (Some(old), Some(new)) = (model(from, &made.variant), model(to, &variant)) {
        for (node, at) in &made.places {
            let name = old.node_name(*node);
            match names::find_end(&new, name) {
                Some(node) => drop(places.insert(node, *at)),
                None => lost.push(format!("the place of {name}")),
            }
        }
    }
    // Instants are the same in any scenario.
    (Made { variant, futures, live: made.live.clone(), places, marks: made.marks.clone() }, lost)
}

fn carry_tree(tree: &Tree, old: &Model, new: &Model, lost: &mut Vec<String>) -> Tree {
    let branches = tree.branches().map(|branch| {
        let own = branch.own.iter().filter_map(|step| {
            let act = session::carry_over(&step.intervention.act, old, new);
            if act.is_none() {
                lost.push(act_name(old, &step.intervention.act));
            }
            let mut step = step.clone();
            step.intervention.act = act?;
            Some(step)
        });
        Branch { own: own.collect(), ..branch.clone() }
    });
    Tree::from_branches(branches.collect()).expect("it was a tree before some steps were left out")
}
