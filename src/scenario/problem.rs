//! Problems of a scenario's text: what is wrong, where, and what to do.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// How many mistakes are kept of a text that is nothing but mistakes.
const MOST_SHOWN: usize = 100;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the text it is about.
    pub place: Range<usize>,
    /// The line it begins in, from 1.
    pub line: usize,
    /// The column it begins in, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What to do about it, or the nearest name that exists.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(place: Range<usize>, message: &str) -> Self {
        Self { place, line: 0, column: 0, message: message.into(), expected: None, help: None }
    }

    pub(crate) fn expected(mut self, what: &str) -> Self {
        self.expected = Some(what.to_owned());
        self
    }

    pub(crate) fn help(mut self, what: Option<String>) -> Self {
        self.help = what;
        self
    }
}

/// All mistakes of a text, with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    file: String,
    text: String,
    list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| {
            let order = |it: &Problem| (it.place.start, it.place.end);
            order(a).cmp(&order(b)).then_with(|| a.message.cmp(&b.message))
        });
        list.dedup_by(|a, b| a.place == b.place && a.message == b.message);
        list.truncate(MOST_SHOWN);
        for problem in &mut list {
            let begin = floor_boundary(text, problem.place.start);
            let end = floor_boundary(text, problem.place.end.max(begin));
            problem.place = begin..end.max(begin);
            let before = &text[..begin];
            problem.line = before.matches('\n').count() + 1;
            let line_begin = before.rfind('\n').map_or(0, |it| it + 1);
            problem.column = before[line_begin..].chars().count() + 1;
        }
        Self { file: file.to_owned(), text: text.to_owned(), list }
    }

    /// The problem of a file that could not be read as text at all.
    #[must_use]
    pub fn unreadable(file: &str, message: &str) -> Self {
        Self::new(file, "", vec![Problem::new(0..0, message)])
    }

    /// The mistakes, in the order of the text.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The name of the file they are in.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All of them, each with its file:line:column and the source, as rustc would show them.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for problem in &self.list {
            if self.text.is_empty() {
                out.push_str(&format!("error: {}: {}\n", self.file, problem.message));
                continue;
            }
            let label = problem.expected.as_ref().map(|it| format!("expected {it}"));
            let mut annotation = AnnotationKind::Primary.span(problem.place.clone());
            if let Some(label) = &label {
                annotation = annotation.label(label);
            }
            let snippet =
                Snippet::source(&self.text).path(&self.file).line_start(1).annotation(annotation);
            let mut group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
            if let Some(help) = &problem.help {
                group = group.element(Level::HELP.message(help.as_str()));
            }
            out.push_str(&renderer.render(&[group]).to_string());
            out.push_str("\n\n");
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&it| text.is_char_boundary(it)).unwrap_or(0)
}

/// "did you mean", if any of the names is near enough.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = |it: &&str| {
        strsim::normalized_damerau_levenshtein(&it.to_lowercase(), &name.to_lowercase())
    };
    let best = names.into_iter().map(|it| (near(&it), it)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.5).then(|| format!("did you mean `{}`?", best.1))
}
