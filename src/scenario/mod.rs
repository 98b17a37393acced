//! RON text in, model out; every problem collected, each with its place in the text.
