//! Sessions on the command line: run a branch, and see whether runs go as the file says.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::app::desk::parted_text;
use crate::history::{Branch, Compared, LadderCheck, Run, Runs, work_out};
use crate::model::{Model, Script, Time};
use crate::session::{self, Futures, Live, PROGRAM, Session};
use crate::sim::World;

use super::progress::{self, Ran};
use super::source::{self, use_colour};

/// Whether a path is that of a session.
pub(super) fn is_session(path: &str) -> bool {
    crate::app::sessions::is_session(Path::new(path))
}

/// Reads a session.
///
/// # Errors
///
/// What is wrong, ready to be printed.
pub(super) fn load(name: &str) -> Result<Session, String> {
    let text = source::text(name)?;
    session::read(&text, name).map_err(|it| it.render(use_colour()))
}

/// A branch of a variant, by its name; without one the branch that is shown.
///
/// # Errors
///
/// In a sentence, if there is none of that name.
pub(super) fn branch<'a>(
    session: &'a Session,
    variant: &str,
    name: Option<&str>,
) -> Result<Option<(&'a Futures, &'a Branch)>, String> {
    let Some(futures) = session.futures.get(variant) else {
        return match name {
            None | Some("main") => Ok(None),
            Some(name) => Err(format!("has no branch `{name}` in this variant, but main alone")),
        };
    };
    let found = match name {
        None => futures.tree.get(futures.shown),
        Some(name) => futures.tree.branches().find(|it| it.name == name),
    };
    match (found, name) {
        (Some(branch), _) => Ok(Some((futures, branch))),
        (None, name) => {
            let names: Vec<&str> = futures.tree.branches().map(|it| it.name.as_str()).collect();
            Err(format!("has no branch `{}`, it has {}", name.unwrap_or(""), names.join(", ")))
        }
    }
}

/// Runs a world to which something is done, to an instant.
pub(super) fn run(world: &mut World, script: &Script, until: Time, stop: &AtomicBool) -> Ran {
    let mut done = 0_u32;
    progress::run_to(until, stop, |to| {
        while let Some(next) = script.get(done as usize).filter(|it| it.at <= to) {
            world.run_until(next.at, &mut ());
            world.intervene(next, done, &mut |_: &crate::model::Record| {});
            done += 1;
        }
        world.run_until(to, &mut ());
        !world.stands_still()
    })
}

/// Whether the branches of a session go as the file says: where they do not, in sentences. With
/// a branch only that one is looked at.
pub(super) fn compare(session: &Session, only: Option<(&str, &Branch)>) -> Compare {
    let mut compare = Compare::default();
    for (variant, futures) in &session.futures {
        let Some(model) = session.model(variant) else { continue };
        let seed = session.seed.unwrap_or(model.seed);
        let mut runs = Runs::new(Arc::clone(model), seed, Run::BUDGET_BYTES);
        for branch in futures.tree.branches() {
            let is_asked = only.is_none_or(|(of, it)| of == variant && it.id == branch.id);
            let Some(ran) = futures.ran.get(&branch.id).filter(|_| is_asked) else { continue };
            let script = futures.tree.script(branch.id);
            let check = LadderCheck::new(script, (*ran.ladder).clone());
            compare.looked_at += 1;
            if let Compared::Parted { after, by } = work_out(check, &mut runs) {
                compare.parted.push(parted_text(
                    std::slice::from_ref(&branch.name),
                    after,
                    by,
                    &ran.program,
                ));
            }
        }
    }
    if only.is_none()
        && let Some(live) = &session.live
        && let Some(model) = session.model(&live.variant)
    {
        compare.looked_at += 1;
        if again(live, model).digest() != live.end.digest {
            compare.parted.push(PARTED_LIVE.to_owned());
        }
    }
    compare
}

/// What is said of a live run that does not go as it is recorded.
pub(super) const PARTED_LIVE: &str =
    "the live run goes another way than when it was recorded, by another version of inflight";

/// A live run once more: what came in is taken in again.
pub(super) fn again(live: &Live, model: &Arc<Model>) -> World {
    let mut world = World::live(Arc::clone(model), live.seed, live.trace.source());
    world.retrace(&live.trace, &live.script, &mut ());
    world
}

/// What was compared.
#[derive(Debug, Default)]
pub(super) struct Compare {
    /// How many branches the file says something of.
    pub looked_at: usize,
    /// Those that go another way.
    pub parted: Vec<String>,
}

impl Compare {
    /// In a sentence, where all is well.
    pub(super) fn sentence(&self) -> String {
        match self.looked_at {
            0 => "the file does not say how it went".to_owned(),
            _ => format!("as saved: the same run, record for record, in inflight {PROGRAM}"),
        }
    }
}
