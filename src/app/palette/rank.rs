//! How well a name answers what was typed: each word's letters in their order, the better the
//! more of them stand together or begin a word.

/// How well a name answers, and the places of the letters that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The higher the better.
    pub score: i32,
    /// Which of the name's characters were typed, in order.
    pub spots: Vec<usize>,
}

/// A letter that is there.
const LETTER: i32 = 16;
/// It follows the one before at once.
const TOGETHER: i32 = 14;
/// It begins a word.
const BEGINS: i32 = 12;
/// It is the first of all.
const FIRST: i32 = 6;
/// For each letter that is passed over.
const GAP: i32 = -1;
/// Fewer points a letter than this are no answer: the letters are strewn over the name.
const LEAST: i32 = 22;

/// How well a name answers; `None` if it does not. Nothing typed is answered by every name.
#[must_use]
pub fn rank(typed: &str, name: &str) -> Option<Match> {
    let name: Vec<char> = name.chars().collect();
    let begins: Vec<bool> = (0..name.len()).map(|it| begins_word(&name, it)).collect();
    let name: Vec<char> = name.into_iter().map(lower).collect();
    let mut all = Match { score: 0, spots: Vec::new() };
    for word in typed.split_whitespace() {
        let word: Vec<char> = word.chars().map(lower).collect();
        let it = rank_word(&word, &name, &begins)?;
        all.score += it.score;
        all.spots.extend(it.spots);
    }
    // Of two that answer as well, the shorter one was meant.
    all.score -= i32::try_from(name.len() / 4).unwrap_or(i32::MAX).min(LETTER);
    all.spots.sort_unstable();
    all.spots.dedup();
    Some(all)
}

fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn begins_word(name: &[char], place: usize) -> bool {
    let Some(before) = place.checked_sub(1).map(|it| name[it]) else { return true };
    let here = name[place];
    here.is_alphanumeric()
        && (!before.is_alphanumeric() || (before.is_lowercase() && here.is_uppercase()))
}

/// The best way to find a word's letters in a name.
fn rank_word(word: &[char], name: &[char], begins: &[bool]) -> Option<Match> {
    // By letter of the name: the best score of a way that puts the word's last letter there, and
    // where it puts the one before.
    let mut ways: Vec<Vec<Option<(i32, usize)>>> = Vec::new();
    for (number, letter) in word.iter().enumerate() {
        let mut row = vec![None; name.len()];
        // The best way that ends before this place, less what the gap costs.
        let mut best: Option<(i32, usize)> = None;
        for (place, here) in name.iter().enumerate() {
            let together = place.checked_sub(1).filter(|_| number > 0);
            let together = together.and_then(|it| Some((ways[number - 1][it]?.0, it)));
            if let Some((score, it)) = best.as_mut() {
                *score += GAP;
                if let Some(new) = together.filter(|new| new.0 > *score) {
                    (*score, *it) = new;
                }
            } else {
                best = together;
            }
            if here != letter {
                continue;
            }
            let mut points = LETTER;
            points += if begins[place] { BEGINS } else { 0 };
            points += if place == 0 { FIRST } else { 0 };
            row[place] = if number == 0 {
                Some((points, place))
            } else {
                let joined = together.map(|(score, it)| (score + TOGETHER, it));
                let way = [joined, best].into_iter().flatten().max_by_key(|it| it.0);
                way.map(|(score, it)| (score + points, it))
            };
        }
        ways.push(row);
    }
    let last = ways.last()?;
    let ends = last.iter().enumerate().filter_map(|(place, way)| Some((way.as_ref()?.0, place)));
    let (score, mut place) =
        ends.max_by_key(|(score, place)| (*score, std::cmp::Reverse(*place)))?;
    let letters = i32::try_from(word.len()).ok()?;
    if score < LEAST * letters && letters > 1 {
        return None;
    }
    let mut spots = Vec::new();
    for row in ways.iter().rev() {
        spots.push(place);
        place = row[place]?.1;
    }
    spots.reverse();
    Some(Match { score, spots })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that answer, the best first.
    fn ranked<'a>(typed: &str, names: &[&'a str]) -> Vec<&'a str> {
        let mut found: Vec<_> =
            names.iter().filter_map(|it| Some((rank(typed, it)?.score, *it))).collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.0));
        found.into_iter().map(|it| it.1).collect()
    }

    #[test]
    fn what_was_meant_comes_first() {
        let names = ["Play backwards", "Play", "Display scale", "Go to start", "Reset layout"];
        assert_eq!(ranked("play", &names), ["Play", "Play backwards", "Display scale"]);
        assert_eq!(ranked("pb", &names), ["Play backwards"]);
        assert_eq!(ranked("backw play", &names), ["Play backwards"]);
        let names = ["PaymentRequested", "PaymentCompleted", "PaymentDeclined", "payments.events"];
        assert_eq!(ranked("PC", &names), ["PaymentCompleted"]);
        assert_eq!(ranked("paycom", &names), ["PaymentCompleted"]);
        assert_eq!(ranked("events", &names), ["payments.events"]);
    }

    #[test]
    fn strewn_letters_are_no_answer() {
        assert_eq!(rank("ihx", "Light box"), None);
        assert!(rank("ldgr", "ledger").is_some());
        assert_eq!(rank("xyz", "ledger"), None);
        assert!(rank("", "anything").is_some());
    }

    #[test]
    fn the_letters_that_answer_are_told() {
        assert_eq!(rank("ledg", "the ledger").unwrap().spots, [4, 5, 6, 7]);
        assert_eq!(rank("ff", "Fit för F").unwrap().spots, [0, 4]);
        assert_eq!(rank("b play", "Play back").unwrap().spots, [0, 1, 2, 3, 5]);
    }
}
