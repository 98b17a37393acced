//! Records folded into scenes, what is kept of a run, the overview, futures and what is done to
//! them, the worker thread.
//!
//! What can be seen at an instant is asked for far more often than the world behind it, so they are
//! kept apart. The *film* of a run (`film`) is all its records in packed *blocks* (`block`), with
//! packed scenes, *frames* (`frame`), to begin from: any scene is a frame and the records since.
//! *Checkpoints* (`kept`) are packed worlds with their frames; one is unpacked only to go on from
//! it: for a future, a walk, or what events carry, which an answer tells a little later than its
//! scene. What is too much for memory is put by (`budget`). A run that has outgrown that, too, lets its
//! film go; then a scene is simulated from the checkpoint before it, and spans where somebody goes to
//! and fro are filmed again.

pub mod branch;
mod budget;
pub mod concern;
pub mod course;
pub mod cause;
pub mod difference;
pub mod errand;
pub mod inquiry;
pub mod jump;
mod block;
mod film;
mod frame;
mod kept;
pub mod lanes;
pub mod journey;
pub mod ladder;
pub mod moment;
mod normal;
pub mod overview;
pub mod run;
pub mod runs;
pub mod scene;
pub mod search;
pub mod sequence;
pub mod story;
pub mod trail;
pub mod worker;

pub use branch::{Branch, BranchId, MAIN, Step, Tree};
pub use budget::Budget;
pub use cause::{Cause, Facts};
pub use concern::{Concern, Subject};
pub use course::{Course, Live};
pub use difference::{Count, CountDifference, DifferenceOf, Differences, Happening, Part};
pub use errand::{Teller, errand};
pub use inquiry::{Found, Inquiry, Pending, Stretch, work_out};
pub use journey::{Journey, JourneyOf};
pub use jump::Jump;
pub use ladder::{Compared, Ladder, LadderCheck, Rung};
pub use lanes::{Flight, LanesOf, Traffic};
pub use moment::{Moment, Ride, Told, Totals, Walk};
pub use overview::{Mark, MarkKind, Overview};
pub use run::{Answer, Run};
pub use runs::Runs;
pub use scene::{
    Gone, InstanceScene, PartitionScene, Place, QueueScene, ReadingScene, Scene, SceneMessage,
    TailEvent, TopicScene,
};
pub use search::{Condition, Hit, Hits, MOST_HITS, Relation, Search, Test};
pub use sequence::{Sequence, SequenceOf, is_housekeeping};
pub use story::{Copy, Fact, Line};
pub use trail::Trail;
pub use worker::{Handle, News, Progress};
