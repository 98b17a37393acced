//! The top bar: nothing in it lies over anything else, however little room there is.

use egui::Vec2;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use inflight::app::{Command, View};

use crate::panels::{payment, shell, tell};

/// What is at the left of the top bar leaves room for what is at its right: in a small window, and
/// with large text, which makes any window small.
#[test]
fn the_top_bar_fits_into_a_small_window() {
    for width in [1280.0, 1163.0, 1066.0, 985.0, 914.0, 860.0] {
        top_bar_fits(Vec2::new(width, 720.0));
    }
}

fn top_bar_fits(size: Vec2) {
    let mut window = payment();
    window.set_size(size);
    for entry in inflight::scenario::library::entries() {
        tell(&mut window, Command::OpenLibrary(entry.name.to_owned()));
        window.run_steps(2);
        let variants = &shell(&window).app().scenario.variants;
        if variants.len() < 2 {
            continue;
        }
        let chooser = format!("Variant: {}", variants[0].name);
        let names = variants.iter().map(|it| (Role::Button, it.name.clone()));
        let labels = names.chain([(Role::ComboBox, chooser)]);
        let rights: Vec<f32> = labels
            .flat_map(|(role, label)| {
                let found = window.query_all_by(move |it| {
                    it.role() == role && it.label().as_deref() == Some(label.as_str())
                });
                found.map(|it| it.rect()).collect::<Vec<_>>()
            })
            .filter(|it| it.top() < 44.0)
            .map(|it| it.right())
            .collect();
        let right = rights.iter().copied().max_by(f32::total_cmp).unwrap();
        let tab = window.query_by_role_and_label(Role::Button, "Flow");
        let views = tab.or_else(|| window.query_by_role_and_label(Role::ComboBox, "View: Flow"));
        let left = views.unwrap().rect().left();
        assert!(right < left, "{} at {size}: {right} and {left}", entry.name);
    }
}

#[test]
fn the_views_are_a_list_where_they_have_no_room_beside_one_another() {
    let mut window = payment();
    window.set_size(Vec2::new(914.0, 720.0));
    window.run_steps(2);
    window.get_by_role_and_label(Role::ComboBox, "View: Flow").click();
    window.run_steps(2);
    window.get_by_role_and_label(Role::Button, "Metrics").click();
    window.run_steps(2);
    assert_eq!(shell(&window).app().settings.view, View::Metrics);
    window.get_by_role_and_label(Role::ComboBox, "View: Metrics");
}
