//! Inflight: a desktop laboratory for event-driven systems.
//!
//! A person opens a scenario, watches its events in flight between the services, and scrubs the
//! timeline back and forth. This is the map of the house.
//!
//! ```text
//!  file.ron ─▶ scenario ─▶ model ─▶ engine ◀─ sim ─▶ Record ─▶ history ─▶ measure ─▶ view ─▶ gui
//!                                              ▲                                              │
//!                              Input, Trace ── live                                           │
//!                                                       app::update ◀──────── Command ────────┘
//! ```
//!
//! Data flows one way. A lower layer never names a higher one; `tests/it/architecture.rs` has
//! the table and fails when it is broken.
//!
//! - A run is a function of model, seed and what a person does to it (its script): no clock,
//!   thread, or hash-map order decides anything. Its digest proves it.
//! - The world is a value: a checkpoint is a clone.
//! - A live run is the same world, told by tasks and sockets what has really come; what it was told
//!   is its trace, and makes it a function again.
//! - Every random draw is keyed by what it is about (`engine::dice`), never taken from a shared
//!   stream.
//! - Records are all that leaves a run; a scene is the fold of records, by whatever road.
//! - The window is a function of the app's state; panels only return commands.
//!
//! | to change… | open |
//! | --- | --- |
//! | what a scenario file may say, or a message about a mistake | `scenario/` (`convert`, `services`, `steps`, `events`, `faults`) |
//! | how a topic behaves | `engine/broker/` (`queue`, `log`, `group`, `retention`, `compaction`) |
//! | what a consumer does against duplicates, disorder and failures | `model/strategy`, `engine/strategy`, then `sim/strategy`, `sim/batch` |
//! | what a store should hold, and what went wrong | `engine/projection`, then `sim/projection` |
//! | breakers, budgets, bulkheads, idempotency keys | `engine/` (`breaker`, `budget`, `bulkhead`, `idempotency`), then `sim/guard` |
//! | what a step of a handler does | `engine/handler`, then `sim/task` |
//! | how what is published is confirmed, tried again, or waits in an outbox | `engine/broker/` (`client`, `sequences`, `replica`, `outbox`), then `sim/publish` |
//! | links, calls, faults, workloads | `sim/` (`network`, `call`, `fault`, `workload`) |
//! | what comes into a live run, and what is kept of it | `sim/input`, `sim/trace`, `sim/trace_bytes`, `sim/remote` (a queue whose broker is another program), `sim/mirror` (the same of a log) |
//! | a run that several processes share | `live/nats/` (`meeting`, `crossing`), `sim/crossing`, then `sim/merging` and `cli/merge` |
//! | how a live run is driven, its links, workers, brokers | `live/` (`runtime`, `wire`, `worker`, `alarm`, `broker`, `nats/`), then `cli/live` |
//! | a figure of the report | `sim/report`, `sim/tally`, `sim/statistics` |
//! | a figure of coupling, a comparison, how an expectation is judged | `model/figure`, `model/expectation`, then `measure/` (`figures`, `meter`, `watch`, `compare`, `compared`) |
//! | figures along time, and distributions | `measure/series`, `app/metrics`, `view/metrics`, then `gui/metrics_panel` |
//! | runs side by side, intervals, the matrix | `app/comparing`, `measure/` (`compared`, `first`, `grid`), `view/comparing`, then `gui/compare_panel` |
//! | expectations in the window | `app/expecting`, `view/expectations`, then `gui/expectations_panel` |
//! | what a session file may say | `session/` (`acts`, `settings`, `read`, `write`) |
//! | how sessions are saved and opened, what is kept while one works | `app/sessions`, `app/desk`, `app/keeper`, `app/slot`, then `gui/notices_panel` |
//! | what is shown at an instant | `history/scene`, then `view/flow` |
//! | the timeline's lanes | `history/lanes` (what is found out), `view/lanes` (what is drawn), `gui/lanes_panel` |
//! | what becomes of an event | `history/story`, `history/journey`, then `view/story` |
//! | the sequence diagram | `history/sequence`, `view/sequence/`, then `gui/sequence_panel` |
//! | what is done to one message, or set, on the schedule of faults | `scenario/deeds`, `sim/strike`, `sim/setting` |
//! | what is written for others to read | `export/` (`mermaid`, `svg`, `csv`, `png`), `gui/picture` |
//! | what a person can do to a run | `model/intervention`, then `sim/intervention`, `sim/setting` |
//! | how a run that is or was live is looked at, and gone on with | `history/course`, `sim/input` |
//! | a live run in the window | `app/live`, then `gui/live_menu` |
//! | futures, undo | `history/branch`, `history/runs`, `app/futures`, `app/made` |
//! | how fast any instant is there, and in how much memory and disk | `history/` (`run`, `film`, `kept`, `budget`), `sim/packed`, `sim/logs`, `sim/attic` |
//! | work on other runs than the one that is shown | `history/errand` |
//! | a question that takes longer than a picture | `history/inquiry`, then the file of the question (`search`, `lanes`, `journey`, `difference`, `jump`) |
//! | a button or a key | `app/command`, `app/update`, then the panel in `gui/` |
//! | a colour | `assets/theme.ron` |

pub mod model;
pub mod scenario;
pub mod engine;
pub mod sim;
pub mod live;
pub mod history;
pub mod session;
pub mod measure;
pub mod app;
pub mod view;
pub mod export;
pub mod gui;
pub mod cli;
