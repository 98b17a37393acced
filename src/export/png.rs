//! Pictures as PNG.

/// A picture of so many pixels across and down, of which each is red, green, blue and how much it
/// covers.
///
/// # Errors
///
/// In a sentence, if it is no picture.
pub fn png(width: u32, height: u32, rgba: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut it| it.write_image_data(rgba));
    written.map_err(|error| format!("The picture cannot be made: {error}."))?;
    Ok(bytes)
}
