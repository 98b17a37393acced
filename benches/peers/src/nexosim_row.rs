//! A row of queues on `NexoSim`.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::draw;

#[derive(Serialize, Deserialize)]
struct Source {
    output: Output<()>,
    left: u64,
    drawn: u64,
}

#[Model]
impl Source {
    #[nexosim(schedulable)]
    async fn arrive(&mut self, (): (), context: &Context<Self>) {
        self.left -= 1;
        if self.left > 0 {
            self.drawn += 1;
            let gap = Duration::from_nanos(draw(0, self.drawn));
            context.schedule_event(gap, schedulable!(Self::arrive), ()).expect("it is later");
        }
        self.output.send(()).await;
    }
}

#[derive(Serialize, Deserialize)]
struct Stage {
    output: Output<()>,
    place: usize,
    /// When those came that are there; the first is being served.
    queue: VecDeque<MonotonicTime>,
    drawn: u64,
    waited: Duration,
}

#[Model]
impl Stage {
    fn enter(&mut self, (): (), context: &Context<Self>) {
        self.queue.push_back(context.time());
        if self.queue.len() == 1 {
            self.serve(context);
        }
    }

    fn serve(&mut self, context: &Context<Self>) {
        self.waited += context.time().duration_since(self.queue[0]);
        self.drawn += 1;
        let time = Duration::from_nanos(draw(self.place, self.drawn));
        context.schedule_event(time, schedulable!(Self::depart), ()).expect("it is later");
    }

    #[nexosim(schedulable)]
    async fn depart(&mut self, (): (), context: &Context<Self>) {
        self.queue.pop_front();
        if !self.queue.is_empty() {
            self.serve(context);
        }
        self.output.send(()).await;
    }
}

/// Lets so many customers pass a row of so many stages.
pub fn run(stages: usize, customers: u64) {
    let mut bench = SimInit::with_num_threads(1);
    let mut source = Source { output: Output::default(), left: customers, drawn: 0 };
    let source_box = Mailbox::new();
    let boxes: Vec<Mailbox<Stage>> = (0..stages).map(|_| Mailbox::new()).collect();
    source.output.connect(Stage::enter, &boxes[0]);
    let mut row: Vec<Stage> = (1..=stages)
        .map(|place| Stage {
            output: Output::default(),
            place,
            queue: VecDeque::new(),
            drawn: 0,
            waited: Duration::ZERO,
        })
        .collect();
    for place in 1..stages {
        row[place - 1].output.connect(Stage::enter, &boxes[place]);
    }
    let begin = EventSource::new().connect(Source::arrive, &source_box).register(&mut bench);
    let mut bench = bench.add_model(source, source_box, "source");
    for (place, (stage, mailbox)) in row.into_iter().zip(boxes).enumerate() {
        bench = bench.add_model(stage, mailbox, &format!("s{place}"));
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the row can be built");
    simulation.process_event(&begin, ()).expect("the first arrival is handled");
    simulation.run().expect("no event of the row fails");
    black_box(simulation.time());
}
