//! What is shown, written for others to read: Mermaid and SVG; and files written whole or not at
//! all.

pub mod file;
pub mod mermaid;
pub mod svg;
