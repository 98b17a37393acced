//! Virtual time: agenda, links, workloads, faults, the world.
