//! What `inflight check` says: to people, to programs, to build servers.

use serde::Serialize;

use crate::measure::judge;
use crate::scenario::Scenario;

use super::check::{Checked, Format};

/// Says what was found of scenarios; beside them there were so many good and bad sessions and paths.
pub(super) fn print(all: &[Checked], others: (usize, usize), format: Format, only_read: bool) {
    match format {
        Format::Human => human(all, others, only_read),
        Format::Json => {
            let files: Vec<File> = all.iter().map(File::from).collect();
            let text = serde_json::to_string_pretty(&Document { format: 1, files });
            println!("{}", text.expect("plain data is always written"));
        }
        Format::Junit => print!("{}", junit(all)),
    }
}

fn human(all: &[Checked], (good, bad): (usize, usize), only_read: bool) {
    for it in all {
        match &it.read {
            Err(message) => {
                println!("BAD   {}", it.file);
                eprint!("{message}");
            }
            Ok(scenario) => {
                let sign = if it.is_good() { "good " } else { "BAD  " };
                println!("{sign} {}: {}{}", it.file, scenario.title, counted(it, scenario));
                failures(it, scenario);
            }
        }
    }
    let good = good + all.iter().filter(|it| it.is_good()).count();
    let bad = bad + all.iter().filter(|it| !it.is_good()).count();
    let judged: usize = all.iter().map(|it| it.judged.len()).sum();
    let failed = all.iter().flat_map(|it| &it.judged).filter(|it| !it.verdict.passed).count();
    let expectations = if only_read {
        String::new()
    } else {
        format!("; {} expectations met, {failed} not", judged - failed)
    };
    println!("{good} good, {bad} not good{expectations}");
}

fn counted(it: &Checked, scenario: &Scenario) -> String {
    let mut text = match scenario.variants.len() {
        1 => String::new(),
        count => format!(", {count} variants"),
    };
    let met = it.judged.iter().filter(|it| it.verdict.passed).count();
    match it.judged.len() {
        0 => {}
        1 if met == 1 => text += ", its expectation is met",
        all => text += &format!(", {met} of {all} expectations met"),
    }
    text
}

fn failures(it: &Checked, scenario: &Scenario) {
    if let Some(trouble) = &it.trouble {
        println!("      {trouble}");
    }
    for judged in it.judged.iter().filter(|it| !it.verdict.passed) {
        let expectation = &scenario.expect[judged.expectation];
        let name = &scenario.variants[expectation.variant].name;
        let variant = if name.is_empty() { String::new() } else { format!("[{name}] ") };
        println!("      NOT MET {variant}{}", expectation.text);
        println!("              {}", judge::words(expectation, &judged.verdict));
        if !expectation.because.is_empty() {
            println!("              It should be so: {}", expectation.because);
        }
    }
}

/// The document of `--format json`, format 1.
#[derive(Serialize)]
struct Document {
    format: u32,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    file: String,
    good: bool,
    /// What is wrong with the text; null if it can be read.
    problem: Option<String>,
    expectations: Vec<Expected>,
}

#[derive(Serialize)]
struct Expected {
    variant: String,
    expectation: String,
    because: String,
    passed: bool,
    /// The instant that decided it.
    at_seconds: f64,
    /// The two sides of the claim then, in the units of the figures; null where one has none.
    left: Option<f64>,
    right: Option<f64>,
    found: String,
}

impl From<&Checked> for File {
    fn from(it: &Checked) -> Self {
        let expectations = it.read.as_ref().map_or(Vec::new(), |scenario| {
            let each = it.judged.iter().map(|judged| {
                let expectation = &scenario.expect[judged.expectation];
                Expected {
                    variant: scenario.variants[expectation.variant].name.clone(),
                    expectation: expectation.text.clone(),
                    because: expectation.because.clone(),
                    passed: judged.verdict.passed,
                    at_seconds: judged.verdict.at.as_secs_f64(),
                    left: judged.verdict.left,
                    right: judged.verdict.right,
                    found: judge::words(expectation, &judged.verdict),
                }
            });
            each.collect()
        });
        Self {
            file: it.file.clone(),
            good: it.is_good(),
            problem: it.read.as_ref().err().cloned().or_else(|| it.trouble.clone()),
            expectations,
        }
    }
}

/// `JUnit`'s XML: a suite for each file; reading it is its first case, each expectation another.
fn junit(all: &[Checked]) -> String {
    let tests = |it: &Checked| it.judged.len() + 1;
    let failures = |it: &Checked| {
        let failed = it.judged.iter().filter(|it| !it.verdict.passed).count();
        failed + usize::from(it.read.is_err() || it.trouble.is_some())
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{}\" failures=\"{}\">\n",
        all.iter().map(tests).sum::<usize>(),
        all.iter().map(failures).sum::<usize>(),
    );
    for it in all {
        text += &format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
            escaped(&it.file),
            tests(it),
            failures(it),
        );
        let problem = it.read.as_ref().err().cloned().or_else(|| it.trouble.clone());
        text += &case(&it.file, "can be read and run", problem.as_deref());
        if let Ok(scenario) = &it.read {
            for judged in &it.judged {
                let expectation = &scenario.expect[judged.expectation];
                let variant = &scenario.variants[expectation.variant].name;
                let name = format!("[{variant}] {}", expectation.text);
                let mut found = judge::words(expectation, &judged.verdict);
                if !expectation.because.is_empty() {
                    found += &format!("\nIt should be so: {}", expectation.because);
                }
                text += &case(&it.file, &name, (!judged.verdict.passed).then_some(&found));
            }
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn case(file: &str, name: &str, failure: Option<&str>) -> String {
    let (file, name) = (escaped(file), escaped(name));
    match failure {
        None => format!("    <testcase classname=\"{file}\" name=\"{name}\"/>\n"),
        Some(why) => {
            let first = escaped(why.lines().next().unwrap_or_default());
            format!(
                "    <testcase classname=\"{file}\" name=\"{name}\">\n      \
                 <failure message=\"{first}\">{}</failure>\n    </testcase>\n",
                escaped(why)
            )
        }
    }
}

/// As XML wants it; what XML cannot say at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(letter),
            it if it.is_control() => {}
            it => out.push(it),
        }
    }
    out
}
