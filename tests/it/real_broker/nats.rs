//! A `nats-server` of our own, and the few words of its protocol that the tests need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A server on a free port, its store in a folder of its own.
pub struct Server {
    child: Child,
    pub port: u16,
    folder: PathBuf,
}

impl Server {
    /// `None`, said loudly, where there is none to start.
    pub fn start() -> Option<Self> {
        Self::start_for("the comparison with a real broker")
    }

    /// For what; `None`, said loudly, where there is none to start.
    pub fn start_for(what: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("inflight-nats-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let Some(child) = spawn(&folder, "-1") else {
            crate::skipped(what, "nats-server");
            return None;
        };
        let mut server = Self { child, port: 0, folder };
        server.find_port();
        Some(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn find_port(&mut self) {
        let ports = self.folder.join(format!("nats-server_{}.ports", self.child.id()));
        let begin = Instant::now();
        self.port = 0;
        while self.port == 0 {
            assert!(begin.elapsed() < Duration::from_secs(30), "nats-server does not start");
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let url = text.split('"').find(|it| it.starts_with("nats://")).unwrap_or_default();
            self.port = url.rsplit(':').next().and_then(|it| it.parse().ok()).unwrap_or(0);
            std::thread::yield_now();
        }
    }

    /// Kills it where it stands, as a power switch would its process, and starts it anew.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.child = spawn(&self.folder, "-1").unwrap();
        self.find_port();
    }

    /// The same; it is where it was, for who connects again.
    pub fn kill_and_restart_there(&mut self) {
        self.kill();
        self.restart_there();
    }

    /// Kills it where it stands.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it where it was, after it was killed.
    pub fn restart_there(&mut self) {
        self.child = spawn(&self.folder, &self.port.to_string()).unwrap();
        self.find_port();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn spawn(folder: &PathBuf, port: &str) -> Option<Child> {
    Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", port, "-js", "-sd"])
        .arg(folder)
        .arg("--ports_file_dir")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// A message that came: on which subscription, on which subject, where answers go, and what it
/// says.
pub struct Came {
    pub subscription: String,
    pub subject: String,
    pub reply: String,
    pub payload: String,
}

impl Came {
    /// Of a delivery, which one it is: `$JS.ACK.<stream>.<consumer>.<delivered>.<…>`.
    pub fn delivery(&self) -> u16 {
        self.reply.split('.').nth(4).unwrap().parse().unwrap()
    }

    /// A number that a JSON answer holds under a name.
    pub fn number(&self, name: &str) -> Option<u64> {
        let (_, rest) = self.payload.split_once(&format!("\"{name}\":"))?;
        let digits = rest.trim_start().split(|it: char| !it.is_ascii_digit()).next()?;
        digits.parse().ok()
    }
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    came: Receiver<Came>,
    /// Where answers to its questions go.
    inbox: String,
}

impl Client {
    /// Connects; answers to [`ask`](Self::ask) come on subscription 1.
    pub fn connect(port: u16) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let inbox = format!("inbox.{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n").unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream.try_clone().unwrap();
        let (send, came) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while {
                line.clear();
                reader.read_line(&mut line).is_ok_and(|it| it > 0)
            } {
                let words: Vec<&str> = line.split_whitespace().collect();
                match words.as_slice() {
                    ["PING"] => drop(writer.write_all(b"PONG\r\n")),
                    [kind @ ("MSG" | "HMSG"), subject, subscription, rest @ ..] => {
                        let counts = if *kind == "MSG" { 1 } else { 2 };
                        let reply = if rest.len() > counts { rest[0] } else { "" };
                        let total: usize = rest[rest.len() - 1].parse().unwrap();
                        let mut payload = vec![0; total + 2];
                        if reader.read_exact(&mut payload).is_err() {
                            return;
                        }
                        let head =
                            if *kind == "MSG" { 0 } else { rest[rest.len() - 2].parse().unwrap() };
                        let came = Came {
                            subscription: (*subscription).to_owned(),
                            subject: (*subject).to_owned(),
                            reply: reply.to_owned(),
                            payload: String::from_utf8_lossy(&payload[head..total]).into_owned(),
                        };
                        if send.send(came).is_err() {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        });
        let mut client = Self { stream, came, inbox };
        client.say(&format!("SUB {} 1\r\n", client.inbox));
        client
    }

    pub fn say(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).unwrap();
    }

    pub fn publish(&mut self, subject: &str, reply: &str, payload: &str) {
        self.say(&format!("PUB {subject} {reply} {}\r\n{payload}\r\n", payload.len()));
    }

    /// Publishes with a message id, by which the stream knows it again.
    pub fn publish_as(&mut self, id: &str, subject: &str, reply: &str, payload: &str) {
        let head = format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\n\r\n");
        let (begin, all) = (head.len(), head.len() + payload.len());
        self.say(&format!("HPUB {subject} {reply} {begin} {all}\r\n{head}{payload}\r\n"));
    }

    /// Asks `JetStream`'s interface for something, waits until it is done, and gives the answer.
    pub fn ask(&mut self, subject: &str, payload: &str) -> Came {
        self.publish(subject, &self.inbox.clone(), payload);
        let most = Instant::now() + Duration::from_secs(30);
        let answer = self.until(most, |it| it.subscription == "1");
        let answer = answer.unwrap_or_else(|| panic!("{subject}: no answer"));
        assert!(!answer.payload.contains("\"error\""), "{subject}: {}", answer.payload);
        answer
    }

    /// The next message, until an instant.
    pub fn next(&self, until: Instant) -> Option<Came> {
        match self.came.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(came) => Some(came),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("nats-server hung up"),
        }
    }

    /// The next message that is wanted, until an instant; those before it are passed over.
    pub fn until(&self, until: Instant, is_wanted: impl Fn(&Came) -> bool) -> Option<Came> {
        loop {
            let came = self.next(until)?;
            if is_wanted(&came) {
                return Some(came);
            }
        }
    }
}
