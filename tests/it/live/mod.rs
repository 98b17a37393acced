//! Live runs: what really comes, in whatever order and however late, makes a run like any other.

mod inputs;
