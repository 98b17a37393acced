//! Sessions: what is saved is what is opened, and what cannot be opened is answered in its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inflight::history::{BranchId, Compared, LadderCheck, MAIN, Rung, Runs, Step, Tree, work_out};
use inflight::model::{Model, ServiceId, Time};
use inflight::scenario;
use inflight::session::{self, Futures, Kept, Live, Looped, Origin, Part, Ran, Session, View};
use inflight::sim::{Digest, Happening, Input, Trace};

use crate::futures;
use crate::generate::{self, Lots};

const END: Time = Time(generate::CALM as u64 * 1_000_000_000);

fn pick(lots: &mut Lots, tree: &Tree) -> BranchId {
    let ids: Vec<_> = tree.branches().map(|it| it.id).collect();
    ids[lots.within(0, ids.len() as u32 - 1) as usize]
}

/// Branches of branches, in which something is done; some of it switched off, some deleted.
fn tree(lots: &mut Lots, model: &Arc<Model>, seed: u64) -> Tree {
    let mut tree = Tree::default();
    for number in 0..lots.within(0, 5) {
        let of = pick(lots, &tree);
        let script = futures::script(lots, model, seed, 6);
        // An instant that is odd to the nanosecond.
        let forked = script[0].at;
        let branch = tree.fork(of, forked);
        for step in script.iter() {
            tree.add(branch, step.clone());
        }
        if lots.chance(30) {
            let step = tree.get(branch).unwrap().own[0].clone();
            tree.replace(branch, 0, Step { is_on: false, ..step });
        }
        if lots.chance(30) {
            tree.rename(branch, &format!("a \"strange\"\\ name\t{number} #é"));
        }
        if lots.chance(10) {
            let goes = pick(lots, &tree);
            tree.delete(goes);
        }
    }
    // Without what names nothing that is there, which a person cannot do.
    let has_names = |step: &&Step| {
        let act = &step.intervention.act;
        session::carry_over(act, model, model).is_some()
    };
    let branches = tree.branches().map(|branch| {
        let own = branch.own.iter().filter(has_names).cloned().collect();
        inflight::history::Branch { own, ..branch.clone() }
    });
    Tree::from_branches(branches.collect()).unwrap()
}

/// How its branches go.
fn ran(lots: &mut Lots, model: &Arc<Model>, seed: u64, tree: &Tree) -> BTreeMap<BranchId, Ran> {
    let mut runs = Runs::new(model.clone(), seed, 1 << 24);
    let mut ran = BTreeMap::new();
    for branch in tree.branches() {
        let run = runs.get(&tree.script(branch.id));
        while run.extend(END, 1000) {
            if lots.chance(1) {
                break;
            }
        }
        let ladder = Arc::new(run.ladder(END));
        ran.insert(branch.id, Ran { program: session::PROGRAM.into(), ladder });
    }
    ran
}

fn live(lots: &mut Lots, tree: &Tree, variant: &str) -> Live {
    let mut trace = Trace::default();
    for _ in 0..lots.within(0, 200) {
        let at = Time(trace.end().0 + (lots.next() >> 40));
        trace.push(Input { at, what: Happening::Released(lots.next() >> 50) });
    }
    let seed = lots.next();
    let end = Rung { at: trace.end(), records: 17, digest: Digest(lots.next()) };
    let script = tree.script(pick(lots, tree)).to_vec();
    let part = lots.chance(2).then(|| Part {
        run: format!("inflight-{}", lots.next()),
        number: lots.next() as u16,
        services: vec![ServiceId(0)],
    });
    let futures = lots.chance(2).then(|| {
        let shown = pick(lots, tree);
        Futures { tree: tree.clone(), shown, ran: BTreeMap::new() }
    });
    Live { variant: variant.to_owned(), seed, trace, script, end, part, futures }
}

fn made(seed: u64) -> Session {
    let text = generate::scenario(seed);
    let scenario = Arc::new(scenario::read(&text, "made.ron").unwrap());
    let mut lots = Lots::new(seed ^ 0x5e);
    let variant = scenario.variants[0].name.clone();
    let model = scenario.variants[0].model.clone();
    let tree = tree(&mut lots, &model, seed);
    let ran = ran(&mut lots, &model, seed, &tree);
    let shown = pick(&mut lots, &tree);
    let float = |lots: &mut Lots| f64::from_bits(lots.next()).abs();
    let speed = Some(float(&mut lots)).filter(|it| it.is_normal()).unwrap_or(1.5);
    let mut point = || (lots.next() as u32 as f32 / 7.0, -(lots.next() as u16 as f32) / 3.0);
    let layout = model.services.iter().map(|it| (it.name.clone(), point())).collect();
    Session {
        program: session::PROGRAM.into(),
        origin: match seed % 2 {
            0 => Origin::Library("payment/payment".into()),
            _ => Origin::File("a folder/with \"quotes\"\\made.ron".into()),
        },
        text: text.into(),
        scenario,
        variant: variant.clone(),
        seed: [None, Some(seed), Some(u64::MAX - seed)][seed as usize % 3],
        view: View {
            at: Time(lots.next() >> 8),
            speed,
            window: (Time(seed), Time(seed + 1 + (lots.next() >> 9))),
            offset: (0.1, -3e-20),
            zoom: 1.1,
        },
        layout,
        marks: vec![(Time(seed), String::new()), (Time(seed + 5), "a \"name\"".into())],
        looped: seed.is_multiple_of(2).then_some(Looped {
            from: Time(7),
            to: Time(9),
            is_on: true,
        }),
        live: seed.is_multiple_of(3).then(|| live(&mut lots, &tree, &variant)),
        futures: BTreeMap::from([(variant, Futures { tree, shown, ran })]),
        kept: seed.is_multiple_of(5).then(|| Kept {
            file: Some(PathBuf::from("/x/y.inflight")),
            mark: Some(lots.next()),
            closed: seed.is_multiple_of(2),
        }),
    }
}

#[test]
fn what_is_saved_is_what_is_opened() {
    for seed in 1..=150 {
        let session = made(seed);
        let text = session::write(&session);
        let read = match session::read(&text, "x.inflight") {
            Ok(read) => read,
            Err(problems) => panic!("seed {seed}: {problems}"),
        };
        let text_again = session::write(&read);
        assert_eq!(text, text_again, "seed {seed}");
        // The scenario is called as its file is, which is no part of it.
        let scenario = session.scenario.clone();
        let read = Session { scenario, ..read };
        assert_eq!(read, session, "seed {seed}");
    }
}

#[test]
fn a_run_goes_the_way_its_ladder_says_and_one_digest_changed_is_found_where_it_is() {
    let (mut same, mut parted) = (0, 0);
    for seed in 1..=40 {
        let session = made(seed);
        let futures = &session.futures[&session.variant];
        let model = session.model(&session.variant).unwrap();
        let mut runs = Runs::new(model.clone(), seed, 1 << 24);
        for (id, ran) in &futures.ran {
            let script = futures.tree.script(*id);
            let compare =
                |ladder, runs: &mut Runs| work_out(LadderCheck::new(script.clone(), ladder), runs);
            let ladder = (*ran.ladder).clone();
            assert_eq!(compare(ladder.clone(), &mut runs), Compared::Same);
            same += 1;
            let Some(last) = ladder.rungs.len().checked_sub(1) else { continue };
            let place = seed as usize % (last + 1);
            let mut other = ladder.clone();
            other.rungs[place].digest.0 ^= 1;
            let after = place.checked_sub(1).map_or(Time::ZERO, |it| ladder.rungs[it].at);
            let by = ladder.rungs[place].at;
            assert_eq!(compare(other, &mut runs), Compared::Parted { after, by });
            let mut other = ladder.clone();
            if let Some(end) = &mut other.end {
                end.records += 1;
                let (after, by) = (ladder.rungs[last].at, END);
                assert_eq!(compare(other, &mut runs), Compared::Parted { after, by });
            }
            parted += 1;
        }
    }
    assert!(same > 60 && parted > 60, "{same} {parted}");
}

#[test]
fn a_ladder_is_the_same_by_every_road() {
    for seed in 1..=30 {
        let session = made(seed);
        let futures = &session.futures[&session.variant];
        let model = session.model(&session.variant).unwrap();
        let shown = futures.tree.script(futures.shown);
        let ladder = |first: &[BranchId]| {
            let mut runs = Runs::new(model.clone(), seed, 1 << 22);
            for id in first {
                while runs.get(&futures.tree.script(*id)).extend(END, 997) {}
            }
            let run = runs.get(&shown);
            while run.extend(END, 61) {}
            run.ladder(END)
        };
        let all: Vec<_> = futures.tree.branches().map(|it| it.id).collect();
        let alone = ladder(&[]);
        for other in [ladder(&[MAIN]), ladder(&all)] {
            // One that was once longer has fewer rungs.
            assert!(other.rungs.len() * 2 + 1 >= alone.rungs.len());
            assert!(other.rungs.iter().all(|it| alone.rungs.contains(it)));
            assert_eq!(other.end, alone.end);
        }
        assert!(alone.rungs.len() >= 30, "{}", alone.rungs.len());
    }
}

/// Each broken file is answered with exactly what stands beside it. `INFLIGHT_BLESS=1` writes
/// the answers anew, to be read before they are committed.
#[test]
fn every_mistake_in_a_session_is_answered_as_it_was_agreed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken_sessions");
    let bless = std::env::var_os("INFLIGHT_BLESS").is_some();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == session::ENDING));
    files.sort();
    assert!(files.len() >= 12, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let problems = session::read(&text, &name).expect_err(&name);
        assert!(!problems.list().is_empty(), "{name}");
        let answer = problems.render(false);
        let agreed = file.with_extension("txt");
        if bless {
            std::fs::write(agreed, answer).unwrap();
        } else {
            assert_eq!(std::fs::read_to_string(agreed).unwrap(), answer, "{name}");
        }
    }
}

/// Wherever a file is cut off, that is a mistake, and nothing worse.
#[test]
fn a_session_that_is_cut_off_is_never_taken_for_a_whole_one() {
    for seed in [3, 4, 7] {
        let text = session::write(&made(seed));
        let whole = text.trim_end().len();
        let mut lots = Lots::new(seed);
        let cuts = (0..300).map(|_| lots.within(0, whole as u32 - 1) as usize);
        for cut in cuts.chain([0, 1, whole - 1]).filter(|it| text.is_char_boundary(*it)) {
            assert!(session::read(&text[..cut], "cut.inflight").is_err(), "{cut} of {whole}");
        }
    }
}

/// A folder of a test's own, which goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("inflight-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// This test's own program again, doing one thing: what `name` says, with a path.
fn again(name: &str, path: &Path, limit: &str) -> std::process::Command {
    let own = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new("sh");
    let test = format!("sessions::{name}");
    command.args(["-c", &format!("{limit} exec \"$0\" --exact {test} --nocapture")]);
    command.arg(own).env("INFLIGHT_WRITE_TO", path).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    command
}

/// Not a test by itself: where it is told to, it saves two sessions over one another for ever.
#[test]
fn saves_for_ever_where_it_is_told_to() {
    let Some(path) = std::env::var_os("INFLIGHT_WRITE_TO") else { return };
    let texts = [3, 4].map(|seed| session::write(&made(seed)));
    for text in texts.iter().cycle() {
        session::file::write_whole(Path::new(&path), text.as_bytes()).unwrap();
    }
}

/// A program that is killed while it saves leaves the one or the other, whole.
#[test]
#[cfg(unix)]
fn killed_at_any_moment_it_has_left_a_whole_file() {
    let folder = Folder::new("killed");
    let path = folder.file("kept.inflight");
    let texts = [3, 4].map(|seed| session::write(&made(seed)));
    session::file::write_whole(&path, texts[0].as_bytes()).unwrap();
    let mut lots = Lots::new(1);
    let mut seen = [0, 0];
    for _ in 0..25 {
        let mut child = again("saves_for_ever_where_it_is_told_to", &path, "").spawn().unwrap();
        // It has begun once the other one is there, or what it writes is.
        let begin = std::fs::metadata(&path).unwrap().modified().unwrap();
        while std::fs::metadata(&path).unwrap().modified().unwrap() == begin {
            assert_eq!(child.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        for _ in 0..lots.within(0, 3_000_000) {
            std::hint::black_box(&path);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let there = std::fs::read_to_string(&path).unwrap();
        let which = texts.iter().position(|it| *it == there).expect("a whole file");
        seen[which] += 1;
        assert!(session::read(&there, "kept.inflight").is_ok());
    }
    // Which of the two it is is the clock's affair.
    assert!(seen.iter().sum::<usize>() > 0);
    session::file::remove_unfinished(&path);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "nothing else is left");
}

/// Not a test by itself: where it is told to, it saves once, and ends in 3 if it could not.
#[test]
fn saves_once_where_it_is_told_to() {
    let Some(path) = std::env::var_os("INFLIGHT_WRITE_TO") else { return };
    let text = "x".repeat(1 << 20);
    if session::file::write_whole(Path::new(&path), text.as_bytes()).is_err() {
        std::process::exit(3);
    }
}

/// Where no more can be written, what was there stays, and nothing is left half done.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_leaves_what_was_saved() {
    let folder = Folder::new("full");
    let path = folder.file("mine.inflight");
    let text = session::write(&made(3));
    session::file::write_whole(&path, text.as_bytes()).unwrap();
    // The system lets it write so many blocks and no more, as a full disk does.
    let limit = "trap '' XFSZ; ulimit -f 64;";
    let status = again("saves_once_where_it_is_told_to", &path, limit).status().unwrap();
    assert_eq!(status.code(), Some(3));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
#[cfg(unix)]
fn a_file_that_is_read_only_is_left_alone_and_others_keep_their_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("read-only");
    let path = folder.file("mine.inflight");
    session::file::write_whole(&path, b"first").unwrap();
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o444);
    let error = session::file::write_whole(&path, b"second").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    mode(0o640);
    session::file::write_whole(&path, b"second").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read(&path).unwrap(), b"second");
}
