//! State and `update(&mut App, Command)`: every change of state, one place.
