//! The keeper: a thread that writes sessions, so that no picture waits for a disk.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use crate::session::{self, Session, file};

use super::watch::Wake;

/// How long after a change what was made is kept.
const KEEP_AFTER: Duration = Duration::from_secs(2);

/// How long after a failure it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(20);

/// What the keeper is asked.
enum Job {
    /// Keep this here, soon; what was to be kept before it need not be.
    Keep(PathBuf, Box<Session>),
    /// Keep this here, now.
    KeepNow(PathBuf, Box<Session>),
    /// What is kept here is not needed any more.
    Forget(PathBuf),
    /// What an earlier program has kept here is not needed any more.
    ForgetLeft(PathBuf),
    /// Save this, as a person asked.
    Save(PathBuf, Box<Session>, Over),
}

/// What a file may be replaced that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// None but the one in which this stands.
    Known(Option<u64>),
    /// Whatever it is: a person has said so.
    Anything,
}

/// What the keeper says.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// It is kept.
    Kept,
    /// It could not be kept, for this reason; it is tried again.
    NotKept(PathBuf, String),
    /// It is saved, and this is the mark of what stands there.
    Saved(PathBuf, u64),
    /// It was not saved, and the file is as it was.
    NotSaved(PathBuf, NotSaved),
}

/// Why something was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSaved {
    /// Another session is there than the one that was opened or saved.
    Changed,
    /// Something is there that cannot be read as a session.
    NoSession,
    /// The system does not let it.
    Failed(String),
}

/// The keeper, for whoever asks. To drop it is to wait until everything is written.
pub struct Keeper {
    jobs: Option<Sender<Job>>,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it; `wake` is called when it has something to say.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        let (jobs, asked) = unbounded();
        let (tell, news) = unbounded();
        let work = move || Work { asked, tell, wake, waiting: None, due: None, own: None }.work();
        let thread = std::thread::Builder::new().name("keeper".into()).spawn(work);
        Self { jobs: Some(jobs), news, thread: thread.ok() }
    }

    fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // It ends when this does, and not before.
            let _ = jobs.send(job);
        }
    }

    /// Keeps this in a while, unless something newer is to be kept then.
    pub fn keep(&self, path: &Path, session: Session) {
        self.ask(Job::Keep(path.to_owned(), Box::new(session)));
    }

    /// Keeps this now.
    pub fn keep_now(&self, path: &Path, session: Session) {
        self.ask(Job::KeepNow(path.to_owned(), Box::new(session)));
    }

    /// Removes what was kept.
    pub fn forget(&self, path: &Path) {
        self.ask(Job::Forget(path.to_owned()));
    }

    /// Removes what an earlier program has kept.
    pub fn forget_left(&self, path: &Path) {
        self.ask(Job::ForgetLeft(path.to_owned()));
    }

    /// Saves this.
    pub fn save(&self, path: &Path, session: Session, over: Over) {
        self.ask(Job::Save(path.to_owned(), Box::new(session), over));
    }

    /// Waits until everything is written, and gives what it has said since it was last asked.
    #[must_use]
    pub fn finish(mut self) -> Vec<News> {
        self.wait();
        self.news()
    }

    fn wait(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }

    /// What it has said since it was last asked.
    #[must_use]
    pub fn news(&self) -> Vec<News> {
        self.news.try_iter().collect()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.wait();
    }
}

struct Work {
    asked: Receiver<Job>,
    tell: Sender<News>,
    wake: Wake,
    waiting: Option<(PathBuf, Box<Session>)>,
    due: Option<Instant>,
    /// What it has saved itself, last, and the mark of that.
    own: Option<(PathBuf, u64)>,
}

impl Work {
    fn work(mut self) {
        loop {
            let job = match self.due {
                Some(due) => self.asked.recv_deadline(due),
                None => self.asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match job {
                Ok(Job::Keep(path, session)) => {
                    self.waiting = Some((path, session));
                    self.due.get_or_insert_with(|| clock() + KEEP_AFTER);
                }
                Ok(Job::KeepNow(path, session)) => {
                    self.waiting = Some((path, session));
                    self.keep();
                }
                Ok(Job::Forget(path)) => {
                    self.waiting = None;
                    self.due = None;
                    // What was never written is not there, and that is well.
                    let _ = std::fs::remove_file(path);
                }
                Ok(Job::ForgetLeft(path)) => {
                    // If it cannot be removed it is offered again.
                    let _ = std::fs::remove_file(path);
                }
                Ok(Job::Save(path, session, over)) => {
                    // Asked twice in a row, the second time what is known is out of date.
                    let own = self.own.as_ref().filter(|it| it.0 == path).map(|it| it.1);
                    let news = match save(&path, &session, over, own) {
                        Ok(mark) => {
                            self.own = Some((path.clone(), mark));
                            News::Saved(path, mark)
                        }
                        Err(why) => News::NotSaved(path, why),
                    };
                    self.say(news);
                }
                Err(RecvTimeoutError::Timeout) => self.keep(),
                Err(RecvTimeoutError::Disconnected) => return self.keep(),
            }
        }
    }

    fn keep(&mut self) {
        self.due = None;
        let Some((path, session)) = self.waiting.take() else { return };
        match file::write_whole(&path, session::write(&session).as_bytes()) {
            Ok(()) => self.say(News::Kept),
            Err(error) => {
                self.say(News::NotKept(path.clone(), error.to_string()));
                self.waiting = Some((path, session));
                self.due = Some(clock() + AGAIN_AFTER);
            }
        }
    }

    fn say(&self, news: News) {
        // Nobody may listen any more.
        let _ = self.tell.send(news);
        (self.wake)();
    }
}

/// Saves a session, unless something else is there than may be replaced.
fn save(path: &Path, session: &Session, over: Over, own: Option<u64>) -> Result<u64, NotSaved> {
    let text = session::write(session);
    if let Over::Known(known) = over {
        match std::fs::read(path) {
            Ok(bytes) if [known, own].contains(&Some(file::mark_of(&bytes))) => {}
            Ok(bytes) => {
                let found = String::from_utf8(bytes).ok();
                let is_session = found.is_some_and(|it| session::read(&it, "").is_ok());
                return Err(if is_session { NotSaved::Changed } else { NotSaved::NoSession });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(NotSaved::Failed(error.to_string())),
        }
    }
    file::write_whole(path, text.as_bytes()).map_err(|it| NotSaved::Failed(it.to_string()))?;
    Ok(file::mark_of(text.as_bytes()))
}

#[expect(clippy::disallowed_methods, reason = "when something is written is no part of a run")]
fn clock() -> Instant {
    Instant::now()
}
