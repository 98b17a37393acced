//! The flow view's layout: nothing overlaps, and the same model is always laid out the same.

use std::collections::BTreeMap;

use inflight::model::{Model, Node};
use inflight::scenario::{self, library};
use inflight::view::layout::Layout;
use proptest::prelude::*;

fn overlaps(layout: &Layout) -> bool {
    layout.nodes.iter().enumerate().any(|(index, a)| {
        layout.nodes[..index].iter().any(|b| {
            (a.centre.0 - b.centre.0).abs() < f32::midpoint(a.size.0, b.size.0)
                && (a.centre.1 - b.centre.1).abs() < f32::midpoint(a.size.1, b.size.1)
        })
    })
}

/// A drawing of the columns: who stands in which, from top to bottom.
fn columns(model: &Model, layout: &Layout) -> String {
    let mut columns: BTreeMap<i64, Vec<(i64, &str)>> = BTreeMap::new();
    for placed in &layout.nodes {
        #[expect(clippy::cast_possible_truncation, reason = "points of a layout")]
        let (x, y) = (placed.centre.0 as i64, placed.centre.1 as i64);
        columns.entry(x).or_default().push((y, model.node_name(placed.node)));
    }
    let lines = columns.into_values().map(|mut column| {
        column.sort_unstable();
        column.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(", ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn payment_flows_from_left_to_right() {
    let entry = library::find("payment").unwrap();
    let drawings = scenario::read(entry.text, entry.path).unwrap().variants.into_iter().map(|it| {
        let layout = Layout::automatic(&it.model);
        assert!(!overlaps(&layout));
        format!("{}:\n{}", it.name, columns(&it.model, &layout))
    });
    insta::assert_snapshot!(drawings.collect::<Vec<_>>().join("\n\n"), @r"
    notify:
    customers, checkout
    payments.events
    receipts, ledger, payments

    call:
    customers, checkout
    payments
    receipts, ledger

    poll:
    customers, checkout
    payments
    receipts, ledger
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nodes_never_overlap_and_the_layout_is_the_same_every_time(
        services in 1..14_usize,
        calls in prop::collection::vec((0..14_usize, 0..14_usize), 0..30),
    ) {
        let mut text = String::from("Scenario(format: 1, title: \"t\", requests: { \"Q\": Request() }, services: {");
        for from in 0..services {
            let calls = calls.iter().filter(|(a, b)| *a == from && b % services != from);
            let calls: Vec<_> =
                calls.map(|(_, to)| format!("Call(to: \"s{}\", request: \"Q\")", to % services)).collect();
            text += &format!("\"s{from}\": Service(answers: {{ \"Q\": [Reply, {}] }}),", calls.join(", "));
        }
        text += "})";
        let scenario = scenario::read(&text, "t.ron").unwrap();
        let model = &scenario.variants[0].model;
        let layout = Layout::automatic(model);
        prop_assert!(!overlaps(&layout));
        for _ in 0..3 {
            prop_assert_eq!(&Layout::automatic(model), &layout);
        }
        let moved = BTreeMap::from([(layout.nodes[0].node, (3.0, 4.0))]);
        prop_assert_eq!(Layout::new(model, &moved).of(layout.nodes[0].node).unwrap().centre, (3.0, 4.0));
        let is_service = matches!(layout.nodes[0].node, Node::Service(_));
        prop_assert!(is_service);
    }
}
