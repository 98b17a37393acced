//! The real program in a real window, on a virtual display, with a hand on mouse and keyboard.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that happens in a blink on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(30);

struct Desktop {
    display: String,
    server: Child,
    folder: PathBuf,
}

impl Desktop {
    /// A virtual display of 1440 × 900, or `None` (said loudly) where there is no way to one.
    fn new(name: &str) -> Option<Self> {
        for tool in ["Xvfb", "xdotool"] {
            let found = Command::new(tool)
                .arg("-help")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if found.is_err() {
                crate::skipped("the window test", tool);
                return None;
            }
        }
        let folder = std::env::temp_dir().join(format!("inflight-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // The server chooses a free number and writes it to its standard output. Without
        // `-noreset` it starts anew whenever the last client leaves, and turns away who comes.
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1440x900x24",
                "-nolisten",
                "tcp",
                "-noreset",
                "-fbdir",
            ])
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = server.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        Some(Self { display: format!(":{}", line.trim()), server, folder })
    }

    fn xdotool(&self, arguments: &[&str]) -> Option<String> {
        let output =
            Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    }

    /// The pixels of a part of the screen: the framebuffer file is in `xwd` format, a header
    /// whose first word is its length and whose 12th to 20th say how the pixels lie.
    fn picture(&self, left: usize, top: usize, width: usize, height: usize) -> Vec<u8> {
        let bytes = std::fs::read(self.folder.join("Xvfb_screen0")).unwrap();
        let word =
            |it: usize| u32::from_be_bytes(bytes[it * 4..it * 4 + 4].try_into().unwrap()) as usize;
        let (header, depth, line, colours) = (word(0), word(11) / 8, word(12), word(19));
        let begin = header + colours * 12;
        (top..top + height)
            .flat_map(|y| {
                let from = begin + y * line + left * depth;
                bytes[from..from + width * depth].to_vec()
            })
            .collect()
    }

    fn view(&self) -> Vec<u8> {
        self.picture(30, 100, 1000, 480)
    }

    /// Waits until something is so.
    fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let begin = clock();
        while !is_so() {
            assert!(begin.elapsed() < PATIENCE, "in vain: {what}");
            std::thread::yield_now();
        }
    }

    /// Whether the view stands still: the same over a quarter of a second of real time.
    fn stands_still(&self) -> bool {
        let before = self.view();
        let begin = clock();
        while begin.elapsed() < Duration::from_millis(250) {
            if self.view() != before {
                return false;
            }
        }
        true
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_window_opens_plays_scrubs_and_closes() {
    let Some(desktop) = Desktop::new("window") else { return };
    let mut program = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DISPLAY", &desktop.display)
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_DATA_HOME", &desktop.folder)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .spawn()
        .unwrap();
    let mut window = String::new();
    Desktop::until("a window", || {
        assert_eq!(program.try_wait().unwrap(), None, "the program has ended");
        window =
            desktop.xdotool(&["search", "--onlyvisible", "--name", "inflight"]).unwrap_or_default();
        !window.is_empty()
    });
    desktop.xdotool(&["mousemove", "700", "200"]);
    desktop.xdotool(&["windowfocus", "--sync", &window]);
    let empty = desktop.view();
    Desktop::until("the picture moves while it plays", || desktop.view() != empty);
    desktop.xdotool(&["key", "space"]);
    Desktop::until("the picture stands still after Space", || desktop.stands_still());

    // Drag in the whole-run strip, from its first quarter to its third.
    let before = desktop.view();
    let shown = || desktop.picture(570, 576, 120, 34);
    let mut clock_face = shown();
    desktop.xdotool(&["mousemove", "400", "660", "mousedown", "1"]);
    for x in ["700", "850", "1000"] {
        desktop.xdotool(&["mousemove", x, "660"]);
        Desktop::until("dragging shows another instant", || shown() != clock_face);
        clock_face = shown();
    }
    desktop.xdotool(&["mouseup", "1"]);
    Desktop::until("scrubbing shows another picture", || desktop.view() != before);
    Desktop::until("and stands still there", || desktop.stands_still());

    // A click on the second variant.
    let before = desktop.view();
    desktop.xdotool(&["mousemove", "504", "22", "click", "1"]);
    Desktop::until("another variant is another picture", || desktop.view() != before);

    desktop.xdotool(&["key", "ctrl+q"]);
    let mut code = None;
    Desktop::until("Ctrl Q closes it", || {
        code = program.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.and_then(|it| it.code()), Some(0));
}

/// Customers who send over slow links, a thousand in flight: fifteen thousand records a second.
const CROWD: &str = r#"Scenario(format: 1, title: "crowd", until: "700s",
    events: { "Job": Event(fields: { "cents": Int(1, 9999) }) },
    links: Links(default: Link(latency: Uniform("500ms", "1500ms"))),
    workloads: { "customers": Workload(arrivals: Poisson(per_second: 1300), event: "Job",
        do: [Send(to: "shop", event: "Job")]) },
    services: {
        "shop": Service(workers: Unlimited, answers: { "Job": [Send(to: "end", event: "Job")] }),
        "end": Service(workers: Unlimited, answers: { "Job": [] }),
    })"#;

#[test]
fn scrubbing_a_run_of_ten_million_records_while_it_is_simulated() {
    let Some(desktop) = Desktop::new("scrubbing") else { return };
    let file = desktop.folder.join("crowd.ron");
    let frames = desktop.folder.join("frames");
    std::fs::write(&file, CROWD).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .arg(&file)
        .env("DISPLAY", &desktop.display)
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_DATA_HOME", &desktop.folder)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("INFLIGHT_FRAMES", &frames)
        .spawn()
        .unwrap();
    let mut window = String::new();
    Desktop::until("a window", || {
        assert_eq!(program.try_wait().unwrap(), None, "the program has ended");
        window =
            desktop.xdotool(&["search", "--onlyvisible", "--name", "inflight"]).unwrap_or_default();
        !window.is_empty()
    });
    desktop.xdotool(&["mousemove", "700", "200"]);
    desktop.xdotool(&["windowfocus", "--sync", &window]);
    let empty = desktop.view();
    Desktop::until("the picture moves while it plays", || desktop.view() != empty);
    desktop.xdotool(&["mousemove", "120", "660", "mousedown", "1"]);
    let begin = clock();
    let mut x = 120;
    let mut step = 3_i32;
    while begin.elapsed() < Duration::from_secs(10) {
        x += step;
        if !(115..=1400).contains(&x) {
            step = -step;
        }
        desktop.xdotool(&["mousemove", &x.to_string(), "660"]);
    }
    desktop.xdotool(&["mouseup", "1", "key", "ctrl+q"]);
    Desktop::until("Ctrl Q closes it", || program.try_wait().unwrap().is_some());

    // What a picture must not do is in `architecture`: here is what came of it.
    let text = std::fs::read_to_string(&frames).unwrap();
    let pictures: Vec<(f64, f64, f64, bool)> = text
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| words[at].parse().unwrap();
            (number(0), number(1), number(2), words[3] == "true")
        })
        .collect();
    let mut taken: Vec<f64> = pictures.iter().map(|it| it.0).collect();
    taken.sort_by(f64::total_cmp);
    let at = |share: usize| taken[(taken.len() - 1) * share / 100];
    let heads = pictures.iter().map(|it| it.2);
    let served = pictures.iter().filter(|it| it.3).count();
    let growing = heads.clone().zip(heads.skip(1)).filter(|(a, b)| a < b).count();
    let text = format!(
        "{} pictures, {served} of them of the playhead's instant, {growing} while it grew; ms: \
         median {:.1}, 99 of 100 {:.1}, worst {:.1}\n",
        pictures.len(),
        at(50),
        at(99),
        at(100)
    );
    eprint!("{text}");
    assert!(growing > 0, "it was simulated meanwhile: {text}");
    let mut places: Vec<f64> = pictures.iter().map(|it| it.1).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    assert!(places.len() > 3, "scenes were shown on the way: {text}");
}

#[expect(clippy::disallowed_methods, reason = "a real window lives in real time")]
fn clock() -> Instant {
    Instant::now()
}
