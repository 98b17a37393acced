//! What can be done to a link: sliders that act at once, and cuts.

use egui::Ui;

use crate::app::{App, Command};
use crate::gui::theme::Theme;
use crate::model::{Act, Distribution, FaultKind, LinkId, Setting, Span};
use crate::view::offers::{fault_on, reverse};

use super::parts::{Knob, act_button, choice, draft, fold, keep, knob, lasting, row};

/// The longest latency and delay that a slider goes to, in seconds.
const MOST_SECONDS: f64 = 30.0;

/// What a person has said of how links are to be changed, beside the sliders.
#[derive(Clone, Copy)]
struct Manner {
    both: bool,
    /// Constant, uniform, exponential.
    shape: usize,
    reorder: bool,
}

/// The controls.
pub fn ui(ui: &mut Ui, app: &App, link: LinkId, theme: &Theme, out: &mut Vec<Command>) {
    let other = reverse(app, link);
    let begin = || Manner { both: false, shape: 0, reorder: false };
    let (id, mut manner) = draft(ui, "manner", begin);
    fold(ui, app, theme, ("Break it", true), out, |ui, out| {
        row(ui, theme, "which way", |ui| {
            ui.add_enabled_ui(other.is_some(), |ui| {
                let names = ["this way", "both ways"];
                manner.both = choice(ui, "Which way", usize::from(manner.both), &names) == 1;
            });
        });
        let lasts = lasting(ui, theme, "link lasts");
        let both = other.filter(|_| manner.both);
        let links: Vec<LinkId> = [Some(link), both].into_iter().flatten().collect();
        shares(ui, app, &links, lasts, theme, out);
        delay(ui, app, &links, lasts, &mut manner, theme, out);
        cuts(ui, app, &links, lasts, out);
    });
    fold(ui, app, theme, ("Set it", false), out, |ui, out| {
        let both = other.filter(|_| manner.both);
        let links: Vec<LinkId> = [Some(link), both].into_iter().flatten().collect();
        quality(ui, app, &links, theme, out);
    });
    keep(ui, id, manner);
}

/// Loss and duplication.
fn shares(
    ui: &mut Ui,
    app: &App,
    links: &[LinkId],
    lasts: Option<Span>,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let quality = &app.model().links[links[0].index()].quality;
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let links = || links.to_vec();
    let loss = |probability| FaultKind::Loss { links: links(), probability };
    let double = |probability| FaultKind::Duplicate { links: links(), probability };
    type Kind<'a> = &'a dyn Fn(f64) -> FaultKind;
    let make: [(&str, &str, f64, Kind<'_>); 2] = [
        (
            "loss",
            "So many messages are lost on the way; a stream sends them again",
            quality.loss,
            &loss,
        ),
        ("duplication", "So many messages come twice", quality.duplication, &double),
    ];
    for (name, hint, own, kind) in make {
        let on = fault_on(app, &kind(0.0)).map(|it| &it.kind);
        let value = match on {
            Some(
                FaultKind::Loss { probability, .. } | FaultKind::Duplicate { probability, .. },
            ) => *probability,
            _ => own,
        };
        let back = on.map(|it| Act::Mend(it.clone()));
        let it = Knob { name, hint, value, range: 0.0..=1.0, is_log: false, words: &percent, back };
        knob(ui, theme, it, |value| Act::Break { kind: kind(value), lasts }, out);
    }
}

fn delay(
    ui: &mut Ui,
    app: &App,
    links: &[LinkId],
    lasts: Option<Span>,
    manner: &mut Manner,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let kind = |extra: Distribution, reorder: bool| FaultKind::Delay {
        links: links.to_vec(),
        extra,
        reorder,
    };
    let on = fault_on(app, &kind(Distribution::Constant(0.0), false)).map(|it| &it.kind);
    let value = match on {
        Some(FaultKind::Delay { extra, .. }) => extra.mean() / 1e9,
        _ => 0.0,
    };
    let (shape, reorder) = (manner.shape, manner.reorder);
    let it = Knob {
        name: "extra delay",
        hint: "Everything takes so much longer, on average",
        value,
        range: 0.0..=MOST_SECONDS,
        is_log: true,
        words: &span_words,
        back: on.map(|it| Act::Mend(it.clone())),
    };
    let act =
        |seconds: f64| Act::Break { kind: kind(shaped(shape, seconds * 1e9), reorder), lasts };
    knob(ui, theme, it, act, out);
    row(ui, theme, "its shape", |ui| {
        let hint = "Each is delayed for itself, so that they overtake one another";
        ui.checkbox(&mut manner.reorder, "disorder").on_hover_text(hint);
        manner.shape = choice(ui, "Shape", manner.shape, &["constant", "uniform", "exponential"]);
    });
    // What is on already changes with its shape, at once.
    if (manner.shape, manner.reorder) != (shape, reorder) && value > 0.0 {
        let kind = kind(shaped(manner.shape, value * 1e9), manner.reorder);
        out.push(Command::Act(Act::Break { kind, lasts }));
    }
}

/// A distribution of this mean, in ns.
const fn shaped(shape: usize, mean: f64) -> Distribution {
    match shape {
        1 => Distribution::Uniform { low: 0.0, high: mean * 2.0 },
        2 if mean > 0.0 => Distribution::Exponential { mean },
        _ => Distribution::Constant(mean),
    }
}

fn span_words(seconds: f64) -> String {
    let digits = |it: f64| Span::from_secs_f64(it).to_string();
    match seconds {
        it if it >= 1.0 => digits((it * 100.0).round() / 100.0),
        it => digits((it * 1e4).round() / 1e4),
    }
}

fn cuts(ui: &mut Ui, app: &App, links: &[LinkId], lasts: Option<Span>, out: &mut Vec<Command>) {
    let cut = |hold| FaultKind::Cut { links: links.to_vec(), hold };
    let is_cut = fault_on(app, &cut(true)).is_some();
    let how_long = lasts.map_or("until it is mended".to_owned(), |it| format!("for {it}"));
    ui.horizontal_wrapped(|ui| {
        for (label, hold, becomes) in
            [("Cut, hold", true, "waits"), ("Cut, lose", false, "is lost")]
        {
            let hint = format!("Nothing passes {how_long}: what is sent {becomes}");
            let act = || Act::Break { kind: cut(hold), lasts };
            act_button(ui, label, &hint, None, act, out);
        }
        let why_not = (!is_cut).then_some("It is not cut.");
        act_button(ui, "Mend", "It is as it was", why_not, || Act::Mend(cut(true)), out);
    });
}

/// Latency and bandwidth, for good.
fn quality(ui: &mut Ui, app: &App, links: &[LinkId], theme: &Theme, out: &mut Vec<Command>) {
    let of = |model: &crate::model::Model| model.links[links[0].index()].quality.clone();
    let (now, base) = (of(app.model()), of(&app.run.base));
    let set_latency = |latency| Act::Set(Setting::Latency { links: links.to_vec(), latency });
    let it = Knob {
        name: "latency",
        hint: "How long a message takes on average; how much that varies stays in proportion",
        value: now.latency.mean() / 1e9,
        range: 0.0..=MOST_SECONDS,
        is_log: true,
        words: &span_words,
        back: (now.latency != base.latency).then(|| set_latency(base.latency)),
    };
    knob(ui, theme, it, |it| set_latency(base.latency.with_mean(it * 1e9)), out);
    let set = |bandwidth| Act::Set(Setting::Bandwidth { links: links.to_vec(), bandwidth });
    let words = |it: f64| match it {
        it if it >= 1e9 => "no limit".to_owned(),
        it if it >= 1e6 => format!("{:.1} MB/s", it / 1e6),
        it if it >= 1e3 => format!("{:.1} kB/s", it / 1e3),
        it => format!("{it:.0} B/s"),
    };
    let it = Knob {
        name: "bandwidth",
        hint: "How many bytes a second it takes; at the right end as many as come",
        value: now.bandwidth.unwrap_or(1e9),
        range: 10.0..=1e9,
        is_log: true,
        words: &words,
        back: (now.bandwidth != base.bandwidth).then(|| set(base.bandwidth)),
    };
    knob(ui, theme, it, |it| set((it < 1e9).then_some(it)), out);
}
