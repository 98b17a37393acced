//! Records folded into scenes, checkpoints, the overview, the worker thread.

pub mod overview;
pub mod run;
pub mod scene;
pub mod worker;

pub use overview::Overview;
pub use run::{Answer, Run};
pub use scene::{
    Gone, InstanceScene, PartitionScene, Place, QueueScene, ReadingScene, Scene, SceneMessage,
    TailEvent, TopicScene,
};
pub use worker::{Handle, Progress};
