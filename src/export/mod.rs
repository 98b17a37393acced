//! What is shown, written for others to read: Mermaid, SVG, CSV and PNG; and files written whole
//! or not at all.

pub mod csv;
pub mod file;
pub mod mermaid;
pub mod png;
pub mod svg;
