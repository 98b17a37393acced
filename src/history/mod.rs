//! Records folded into scenes, checkpoints, the overview, the worker thread.
