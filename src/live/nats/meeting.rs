//! The processes that share a run find one another on the server: each says again and again who it
//! is, which services it runs and how it goes, and hears the others. When every service is run by
//! somebody, the first of them makes what the run needs and says that it begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::live::{Error, Sharing};
use crate::model::Model;

/// How often each says how it goes.
const EVERY: Duration = Duration::from_millis(100);

/// Who has heard others for so many of those knows which run they have agreed on.
const LATE: u64 = 10;

/// Who was not heard of for so many of those is gone.
const SILENCE: u32 = 30;

/// Nothing has to be under way anywhere for so many of those before it is over.
const SETTLED: u64 = 4;

/// What is said.
#[derive(Serialize, Deserialize)]
enum Word {
    /// Here I am.
    Hello { id: String, services: Vec<u16>, age: u64, phase: Phase },
    /// These make a run of this name, with these services; who is ready says so.
    Run { name: String, members: Members },
    /// It begins.
    Begin { name: String },
}

/// Who is in a run, with the services of each, in order.
type Members = Vec<(String, Vec<u16>)>;

/// How it goes with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It waits for others.
    Comes,
    /// It knows the run, and hears what is sent to it.
    Ready,
    /// Its part goes on.
    Runs,
    /// Nothing is under way there.
    Quiet,
    /// Its part is over.
    Over,
}

struct Member {
    services: Vec<u16>,
    phase: Phase,
    /// For how many ticks it was not heard.
    silent: u32,
}

impl Member {
    /// Whether nothing more is to be expected of it.
    const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Over) || self.silent > SILENCE
    }
}

struct State {
    phase: Phase,
    age: u64,
    others: BTreeMap<String, Member>,
    /// The run's name, and who is in it.
    run: Option<(String, Members)>,
    has_begun: bool,
    /// At which age of its own nothing was under way anywhere.
    quiet_since: Option<u64>,
    /// Why this process cannot take part.
    refused: Option<String>,
}

/// One of those who share a run, as it sees the others.
pub struct Meeting {
    client: async_nats::Client,
    subject: String,
    id: String,
    services: Vec<u16>,
    state: Mutex<State>,
    changed: Notify,
}

/// What was agreed on.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The run's name.
    pub run: String,
    /// Which part this process has.
    pub part: u16,
    /// By service, the part that runs it.
    pub parts: Vec<u16>,
}

impl Meeting {
    /// Comes to the meeting.
    pub async fn join(
        client: async_nats::Client,
        sharing: &Sharing,
        id: String,
    ) -> Result<Arc<Self>, Error> {
        let letters = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
        let subject: String = sharing.meeting.chars().map(letters).collect();
        let subject = format!("inflight.meeting.{subject}");
        let mut heard = client.subscribe(subject.clone()).await.map_err(|error| {
            Error::new(format!("the NATS server lets us hear nothing on {subject}: {error}"))
        })?;
        let state = State {
            phase: Phase::Comes,
            age: 0,
            others: BTreeMap::new(),
            run: None,
            has_begun: false,
            quiet_since: None,
            refused: None,
        };
        let services = sharing.only.iter().map(|it| it.0).collect();
        let (state, changed) = (Mutex::new(state), Notify::new());
        let meeting = Arc::new(Self { client, subject, id, services, state, changed });
        let of_task = Arc::downgrade(&meeting);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(EVERY);
            // Who was held up for a while has not heard others, but not because they are gone.
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let word = tokio::select! {
                    _ = tick.tick() => None,
                    message = heard.next() => match message {
                        Some(message) => Some(message),
                        None => return,
                    },
                };
                let Some(meeting) = of_task.upgrade() else { return };
                match word {
                    None => meeting.say_hello().await,
                    Some(message) => meeting.hear(&message.payload),
                }
                meeting.changed.notify_waiters();
            }
        });
        Ok(meeting)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn say(&self, word: &Word) {
        if let Ok(text) = serde_json::to_vec(word) {
            // What is not heard is said again.
            let _ = self.client.publish(self.subject.clone(), text.into()).await;
        }
    }

    async fn say_hello(&self) {
        let hello = {
            let mut state = self.lock();
            state.age += 1;
            state.others.values_mut().for_each(|it| it.silent += 1);
            let State { phase, age, .. } = *state;
            Word::Hello { id: self.id.clone(), services: self.services.clone(), age, phase }
        };
        self.say(&hello).await;
        if let Some(word) = self.reminder() {
            self.say(&word).await;
        }
    }

    /// What the first of the run has said and somebody has not heard.
    fn reminder(&self) -> Option<Word> {
        let state = self.lock();
        let (name, members) = state.run.as_ref().filter(|it| it.1[0].0 == self.id)?;
        let is_there = |phase: Phase| state.members().any(|it| it.phase == phase);
        if state.has_begun {
            is_there(Phase::Ready).then(|| Word::Begin { name: name.clone() })
        } else {
            let run = || Word::Run { name: name.clone(), members: members.clone() };
            is_there(Phase::Comes).then(run)
        }
    }

    fn hear(&self, payload: &[u8]) {
        // Who says something else is none of us.
        let Ok(word) = serde_json::from_slice(payload) else { return };
        let mut state = self.lock();
        match word {
            Word::Hello { id, services, age, phase } if id != self.id => {
                let both = services.iter().find(|it| self.services.contains(it));
                let is_older = (age, &self.id) > (state.age, &id);
                let both = both.filter(|_| is_older && state.phase == Phase::Comes);
                if let Some(both) = both.filter(|_| phase == Phase::Comes) {
                    state.refused = Some(format!("#{both}"));
                }
                state.others.insert(id, Member { services, phase, silent: 0 });
            }
            Word::Run { name, members }
                if state.phase == Phase::Comes && members.iter().any(|it| it.0 == self.id) =>
            {
                state.run = Some((name, members));
            }
            Word::Begin { name } if state.run.as_ref().is_some_and(|it| it.0 == name) => {
                state.has_begun = true;
            }
            _ => {}
        }
    }

    /// Waits until something holds that is looked for whenever something is heard.
    async fn until<T>(&self, mut holds: impl FnMut(&State) -> Option<T>) -> T {
        loop {
            // First it is listened, then looked, so that nothing is missed in between.
            let changed = self.changed.notified();
            if let Some(found) = holds(&self.lock()) {
                return found;
            }
            changed.await;
        }
    }

    /// Waits until all are there and a run is agreed on. `waits` is told for whom; `make` makes what
    /// a run of a name needs, if this is the one to do that.
    pub async fn agree<F: Future<Output = Result<(), Error>>>(
        &self,
        model: &Model,
        waits: impl Fn(Option<String>),
        make: impl FnOnce(String) -> F,
    ) -> Result<Agreed, Error> {
        let found = self
            .until(|state| {
                if state.refused.is_some() || state.run.is_some() {
                    return Some(state.refused.clone());
                }
                let mut there = state.others.values().filter(|it| !it.is_gone());
                if state.age > LATE
                    && there.any(|it| it.phase != Phase::Comes && self.would_meet(it))
                {
                    return Some(Some(String::new()));
                }
                let missing = self.missing(state, model);
                waits((!missing.is_empty()).then(|| missing.join(", ")));
                let is_first = || {
                    let mut there = state.others.iter().filter(|it| !it.1.is_gone());
                    there.all(|it| *it.0 > self.id && it.1.phase == Phase::Comes)
                };
                let is_one_each = || {
                    let there = state.others.values().filter(|it| !it.is_gone());
                    let count: usize = there.map(|it| it.services.len()).sum();
                    count + self.services.len() == model.services.len()
                };
                (missing.is_empty() && is_first() && is_one_each()).then_some(None)
            })
            .await;
        if let Some(both) = found {
            return Err(Error::new(Self::refusal(model, &both)));
        }
        let is_first = self.lock().run.is_none();
        if is_first {
            let name = format!("{}{}", super::leftovers::OURS, self.id);
            make(name.clone()).await?;
            let mut members: Members = {
                let state = self.lock();
                let there = state.others.iter().filter(|it| !it.1.is_gone());
                there.map(|(id, it)| (id.clone(), it.services.clone())).collect()
            };
            members.push((self.id.clone(), self.services.clone()));
            members.sort_unstable();
            self.say(&Word::Run { name: name.clone(), members: members.clone() }).await;
            self.lock().run = Some((name, members));
        }
        let state = self.lock();
        let Some((run, members)) = state.run.clone() else {
            return Err(Error::new("the others have not agreed on a run".to_owned()));
        };
        let mut parts = vec![u16::MAX; model.services.len()];
        for (part, (_, services)) in (0..).zip(&members) {
            for service in services {
                if let Some(it) = parts.get_mut(usize::from(*service)) {
                    *it = part;
                }
            }
        }
        drop(state);
        let own = members.iter().position(|it| it.0 == self.id);
        let part = own.and_then(|it| u16::try_from(it).ok()).unwrap_or_default();
        Ok(Agreed { run, part, parts })
    }

    /// Waits until everybody is ready, and it begins.
    pub async fn begin(&self, model: &Model, run: &str, part: u16) -> Result<(), Error> {
        self.lock().phase = Phase::Ready;
        self.say_hello().await;
        let is_lost = |state: &State| state.members().any(Member::is_gone);
        let is_ready = |state: &State| {
            if part > 0 {
                return state.has_begun;
            }
            let members = state.run.iter().flat_map(|it| &it.1);
            let mut others = members.filter(|it| it.0 != self.id);
            others.all(|it| state.others.get(&it.0).is_some_and(|it| it.phase != Phase::Comes))
        };
        let begins = self
            .until(
                |state| {
                    if is_ready(state) { Some(true) } else { is_lost(state).then_some(false) }
                },
            )
            .await;
        if !begins {
            let whom = self.lost(model).unwrap_or_else(|| "another part".to_owned());
            return Err(Error::new(format!(
                "the process that runs {whom} was gone before the run began; start all again"
            )));
        }
        if part == 0 {
            self.say(&Word::Begin { name: run.to_owned() }).await;
            self.lock().has_begun = true;
        }
        self.lock().phase = Phase::Runs;
        Ok(())
    }

    /// Whether somebody would be in a run with this process.
    fn would_meet(&self, other: &Member) -> bool {
        !other.services.is_empty() && other.phase != Phase::Over
    }

    /// Says whether nothing is under way here; whether nothing is anywhere.
    pub fn rests(&self, is_quiet: bool) -> bool {
        let mut state = self.lock();
        state.phase = if is_quiet { Phase::Quiet } else { Phase::Runs };
        let is_quiet_there = |it: &Member| it.phase == Phase::Quiet || it.is_gone();
        if !is_quiet || !state.members().all(is_quiet_there) {
            state.quiet_since = None;
            return false;
        }
        // What was still on its way when they last said so would be heard of by now.
        let age = state.age;
        let since = *state.quiet_since.get_or_insert(age);
        age >= since + SETTLED
    }

    /// Whether nothing more is to be expected of a part of the run, as far as is known now.
    pub fn is_gone(&self, part: u16) -> bool {
        let state = self.lock();
        let members = state.run.as_ref().map(|it| &it.1);
        let member = members.and_then(|it| it.get(usize::from(part)));
        member.and_then(|it| state.others.get(&it.0)).is_some_and(Member::is_gone)
    }

    /// Which of the others is gone though it did not say that its part is over.
    pub fn lost(&self, model: &Model) -> Option<String> {
        let state = self.lock();
        let lost = state.members().find(|it| it.is_gone() && it.phase != Phase::Over)?;
        Some(names(model, &lost.services).join(", "))
    }

    /// Says that this part is over, and waits until all others have said so, too.
    pub async fn part(&self) {
        self.lock().phase = Phase::Over;
        self.say_hello().await;
        let is_over = |it: &Member| it.phase == Phase::Over;
        self.until(|state| state.members().all(is_over).then_some(())).await;
    }

    fn missing(&self, state: &State, model: &Model) -> Vec<String> {
        let there = state.others.values().filter(|it| !it.is_gone()).flat_map(|it| &it.services);
        let there: Vec<u16> = there.chain(&self.services).copied().collect();
        let all = (0..).take(model.services.len());
        let missing: Vec<u16> = all.filter(|it| !there.contains(it)).collect();
        names(model, &missing)
    }

    fn refusal(model: &Model, both: &str) -> String {
        if both.is_empty() {
            return "this run is going on already without us; wait until it is over, or give the run \
                    another name with --run"
                .to_owned();
        }
        let service = both.trim_start_matches('#').parse().unwrap_or_default();
        format!(
            "{} is run by another process that shares this run; leave it out of --only, or give \
             the run another name with --run",
            names(model, &[service]).join(", ")
        )
    }
}

impl State {
    /// The others of the run.
    fn members(&self) -> impl Iterator<Item = &Member> {
        let members = self.run.iter().flat_map(|it| &it.1);
        members.filter_map(|it| self.others.get(&it.0))
    }
}

fn names(model: &Model, services: &[u16]) -> Vec<String> {
    let name = |it: &u16| model.services.get(usize::from(*it)).map(|it| format!("`{}`", it.name));
    services.iter().filter_map(name).collect()
}
