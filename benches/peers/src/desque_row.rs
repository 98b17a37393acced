//! A row of queues on desque.

use std::collections::VecDeque;
use std::hint::black_box;

use desque::serial::{Event, Simulation};
use desque::{Result, SimState, SimTime};

use crate::draw;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Instant(u64);

impl SimTime for Instant {}

struct Row {
    /// For each stage, when those came that are there; the first is being served.
    stages: Vec<VecDeque<u64>>,
    draws: Vec<u64>,
    left: u64,
    waited: u64,
}

impl SimState<Instant> for Row {}

impl Row {
    fn draw(&mut self, stage: usize) -> u64 {
        self.draws[stage] += 1;
        draw(stage, self.draws[stage])
    }
}

#[derive(Debug)]
struct Arrival;

#[derive(Debug)]
struct Departure(usize);

fn enter(simulation: &mut Simulation<Row, Instant>, stage: usize) -> Result {
    let now = simulation.current_time().0;
    let queue = &mut simulation.state_mut().stages[stage];
    queue.push_back(now);
    if queue.len() == 1 { serve(simulation, stage) } else { Ok(()) }
}

fn serve(simulation: &mut Simulation<Row, Instant>, stage: usize) -> Result {
    let now = simulation.current_time().0;
    let row = simulation.state_mut();
    row.waited += now - row.stages[stage][0];
    let due = Instant(now + row.draw(stage + 1));
    simulation.schedule(Departure(stage), due)
}

impl Event<Row, Instant> for Arrival {
    fn execute(&mut self, simulation: &mut Simulation<Row, Instant>) -> Result {
        let now = simulation.current_time().0;
        let row = simulation.state_mut();
        row.left -= 1;
        if row.left > 0 {
            let due = Instant(now + row.draw(0));
            simulation.schedule(Self, due)?;
        }
        enter(simulation, 0)
    }
}

impl Event<Row, Instant> for Departure {
    fn execute(&mut self, simulation: &mut Simulation<Row, Instant>) -> Result {
        let row = simulation.state_mut();
        row.stages[self.0].pop_front();
        let is_last = self.0 + 1 == row.stages.len();
        if !row.stages[self.0].is_empty() {
            serve(simulation, self.0)?;
        }
        if is_last { Ok(()) } else { enter(simulation, self.0 + 1) }
    }
}

/// Lets so many customers pass a row of so many stages.
pub fn run(stages: usize, customers: u64) {
    let row = Row {
        stages: vec![VecDeque::new(); stages],
        draws: vec![0; stages + 1],
        left: customers,
        waited: 0,
    };
    let mut simulation = Simulation::new(row, Instant(0));
    simulation.schedule(Arrival, Instant(0)).expect("nothing is before the begin");
    simulation.run().expect("no event of the row fails");
    black_box(simulation.state().waited);
}
