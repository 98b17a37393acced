//! Pure: the app at the playhead in, plain structs to draw out.
