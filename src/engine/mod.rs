//! The event engine and the handlers as state machines, without time source, thread or I/O.
