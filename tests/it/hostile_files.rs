//! Hostile files: whatever is in a file, it is answered, within a bound of memory and time.

use std::path::PathBuf;
use std::process::Command;

use inflight::scenario::library;

use crate::generate::{self, Lots};

/// What the reader may take for a whole folder of such files.
const MEMORY_KIB: u32 = 768 * 1024;
const SECONDS: u32 = 60;

/// Files that are bad in their own way, each as long as a scenario may be, or longer.
fn giants() -> Vec<Vec<u8>> {
    let most = 256 * 1024;
    let fill = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len()).into_bytes();
    let within = |head: &str, piece: &str, tail: &str| {
        let room = most - head.len() - tail.len();
        [head.as_bytes(), &fill(piece, room), tail.as_bytes()].concat()
    };
    vec![
        Vec::new(),
        vec![0; 1000],
        vec![0xff; most],
        fill("[", most),
        fill("{\"a\":", most),
        fill("Scenario(", most),
        fill("/*", most),
        fill("\"", most - 1),
        fill("é", most),
        fill("9", most),
        fill("1e999,", most),
        fill("(1,2,3),", 8 * most),
        within("Scenario(format: 1, title: \"", "x", "\")"),
        within("Scenario(format: 1, title: \"a\", ", "unknown: 1, ", ")"),
        within("Scenario(format: 1, title: \"a\", services: {", "\"s\": Service(), ", "})"),
        within("Scenario(format: 1, title: \"a\", events: {", "\"e\": Event(fields: 3), ", "})"),
        within(
            "Scenario(format: 1, title: \"a\", services: { \"s\": Service(timers: [Every(\"1s\", [",
            "If(condition: Chance(0.5), then: [",
            "",
        ),
        within("Scenario(format: 1, title: \"a\", variants: {", "\"v\": Variant(), ", "})"),
        b"\xef\xbb\xbfScenario(format: 1, title: \"a byte order mark\")".to_vec(),
        b"Scenario(format: 1, title: \"a\",\r\n services: {\"s\": Service(instances: 4000000000, workers: 4000000000)})".to_vec(),
        b"Scenario(format: 1, title: \"a\", topics: {\"t\": Log(partitions: 4000000000)}, services: {\"s\": Service()})".to_vec(),
        b"Scenario(format: 1, title: \"a\", services: {\"s\": Service(timers: [Every(\"99999999999999999999d\", [])])})".to_vec(),
    ]
}

/// A good file with bytes changed, cut out, doubled, or swapped for what stands elsewhere.
fn mutated(lots: &mut Lots) -> Vec<u8> {
    let mut bytes = if lots.chance(50) {
        let entries = library::entries();
        entries[lots.within(0, entries.len() as u32 - 1) as usize].text.as_bytes().to_vec()
    } else {
        generate::scenario(lots.next()).into_bytes()
    };
    for _ in 0..lots.within(1, 6) {
        let place = |lots: &mut Lots, bytes: &[u8]| lots.within(0, bytes.len() as u32 - 1) as usize;
        let (a, b) = (place(lots, &bytes), place(lots, &bytes));
        let (begin, end) = (a.min(b), a.max(b).min(a.min(b) + 300));
        match lots.within(0, 4) {
            0 => bytes[a] = lots.within(0, 255) as u8,
            1 => drop(bytes.drain(begin..end.max(begin + 1).min(bytes.len() - 1))),
            2 => {
                let copy = bytes[begin..end].to_vec();
                bytes.splice(a..a, copy);
            }
            3 => {
                let copy = bytes[begin..end].to_vec();
                let until = (b + copy.len()).min(bytes.len());
                bytes.splice(b..until, copy);
            }
            _ => {
                let pieces = [
                    "0",
                    "-1",
                    "NaN",
                    "inf",
                    "\"\"",
                    "[]",
                    "()",
                    "{}",
                    "1e308",
                    "18446744073709551616",
                    "\"0s\"",
                    "Absent",
                ];
                let piece = lots.pick(&pieces);
                bytes.splice(a..a, piece.bytes());
            }
        }
        if bytes.len() < 2 {
            break;
        }
    }
    bytes
}

/// The real program checks a whole folder under limits that the system enforces.
#[test]
#[cfg(target_os = "linux")]
fn a_folder_of_anything_is_answered_within_bounds() {
    let folder: PathBuf =
        std::env::temp_dir().join(format!("inflight-hostile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut lots = Lots::new(7);
    let files = giants().into_iter().chain((0..400).map(|_| mutated(&mut lots)));
    let mut count = 0;
    for (number, bytes) in files.enumerate() {
        std::fs::write(folder.join(format!("{number:04}.ron")), bytes).unwrap();
        count += 1;
    }
    let program = env!("CARGO_BIN_EXE_inflight");
    let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t {SECONDS}; exec \"$0\" check \"$1\"");
    let output = Command::new("sh").args(["-c", &limits, program]).arg(&folder).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    let tail: String = err.chars().rev().take(2000).collect::<Vec<_>>().into_iter().rev().collect();
    // Killed by a limit, or by a panic, it would have another code, or none.
    assert_eq!(output.status.code(), Some(1), "{tail}");
    assert!(!err.contains("panicked"), "{tail}");
    let answered = out.lines().filter(|it| it.starts_with("good") || it.starts_with("BAD")).count();
    assert_eq!(answered, count, "{tail}");
    std::fs::remove_dir_all(&folder).unwrap();
}
