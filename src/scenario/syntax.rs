//! RON text as a tree that knows where everything stands.
//!
//! The `ron` crate reads into types and forgets the places of values; a scenario's mistakes
//! must be shown where they are, all at once, so scenarios are read by this small reader. A
//! test holds it to reading what `ron` reads.

use std::ops::Range;

use super::problem::Problem;

/// Bytes of the text.
pub type Place = Range<usize>;

/// How deep values may be nested: far past any scenario, far from the end of the stack.
const MOST_DEPTH: usize = 64;

/// After how many mistakes reading is given up.
const MOST_PROBLEMS: usize = 50;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent, `inf` or `NaN`.
    Float(f64),
    /// A text.
    Text(String),
    /// A letter.
    Char(char),
    /// A word alone: `Reject`.
    Word(String),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: b}`.
    Map(Vec<(Node, Node)>),
    /// `Name(a, b)` or `(a, b)`; also `Name()`.
    Tuple(Option<String>, Vec<Node>),
    /// `Name(a: 1)` or `(a: 1)`.
    Struct(Option<String>, Vec<Field>),
}

/// One field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

/// Reads a text.
///
/// # Errors
///
/// The places that are not RON: after a mistake, reading goes on behind the next comma.
pub fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let mut parser = Parser { text, at: 0, problems: Vec::new() };
    match parser.document() {
        Ok(node) if parser.problems.is_empty() => Ok(node),
        Ok(_) | Err(Failure::Told) => Err(parser.problems),
        Err(Failure::Here(problem)) => {
            parser.problems.push(problem);
            Err(parser.problems)
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    problems: Vec<Problem>,
}

/// Why a value could not be read.
enum Failure {
    /// For this reason.
    Here(Problem),
    /// For a reason that is already among the problems.
    Told,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

type Parsed<T> = Result<T, Failure>;

impl<'a> Parser<'a> {
    fn document(&mut self) -> Parsed<Node> {
        self.skip_blank()?;
        while self.rest().starts_with("#![") {
            let end = self.rest().find(']').map_or(self.text.len(), |it| self.at + it + 1);
            self.at = end;
            self.skip_blank()?;
        }
        let node = self.value(0)?;
        self.skip_blank()?;
        if self.at < self.text.len() {
            return Err(self.problem("there is more after the end", "nothing more"));
        }
        Ok(node)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn problem(&self, message: &str, expected: &str) -> Failure {
        let length = self.peek().map_or(0, char::len_utf8);
        Problem::new(self.at..self.at + length, message).expected(expected).into()
    }

    fn unexpected(&self, expected: &str) -> Failure {
        match self.peek() {
            Some(found) => self.problem(&format!("unexpected `{found}`"), expected),
            None => self.problem("the file ends too early", expected),
        }
    }

    fn skip_blank(&mut self) -> Parsed<()> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.skip_block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn skip_block_comment(&mut self) -> Parsed<()> {
        let begin = self.at;
        let mut depth = 0;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if let Some(next) = self.peek() {
                self.at += next.len_utf8();
            } else {
                return Err(Problem::new(begin..begin + 2, "this comment has no end")
                    .expected("`*/` to close it")
                    .into());
            }
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Parsed<Node> {
        if depth > MOST_DEPTH {
            return Err(self.problem("values are nested too deeply", "a flatter scenario"));
        }
        let begin = self.at;
        let kind = match self.peek() {
            Some('[') => Kind::List(self.sequence('[', ']', depth)?),
            Some('{') => self.map(depth)?,
            Some('(') => self.tuple_or_struct(None, depth)?,
            Some('"') => Kind::Text(self.text_value()?),
            Some('r') if self.rest().starts_with("r\"") || self.rest().starts_with("r#") => {
                Kind::Text(self.raw_text()?)
            }
            Some('\'') => self.letter()?,
            Some(it) if it.is_ascii_digit() || matches!(it, '-' | '+' | '.') => self.number()?,
            Some(it) if it.is_alphabetic() || it == '_' => self.word(depth)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { place: begin..self.at, kind })
    }

    fn sequence(&mut self, open: char, close: char, depth: usize) -> Parsed<Vec<Node>> {
        let begin = self.at;
        self.eat(open);
        let mut items = Vec::new();
        loop {
            self.skip_blank()?;
            if self.eat(close) {
                return Ok(items);
            }
            self.not_the_end(begin, open, close)?;
            match self.value(depth + 1).and_then(|it| self.comma(begin, open, close, it)) {
                Ok(item) => items.push(item),
                Err(failure) => self.recover(failure, close)?,
            }
        }
    }

    /// What separates `item` from the next one, or closes them all.
    fn comma<T>(&mut self, begin: usize, open: char, close: char, item: T) -> Parsed<T> {
        self.skip_blank()?;
        if self.eat(',') || self.peek() == Some(close) {
            return Ok(item);
        }
        self.not_the_end(begin, open, close)?;
        Err(self.unexpected(&format!("`,` or `{close}`")))
    }

    /// Notes a mistake inside brackets and goes on behind the next comma, or before the bracket
    /// that closes them. If another bracket closes first, that is for whoever opened it.
    fn recover(&mut self, failure: Failure, close: char) -> Parsed<()> {
        if let Failure::Here(problem) = failure {
            self.problems.push(problem);
        }
        if self.problems.len() > MOST_PROBLEMS {
            return Err(Failure::Told);
        }
        let mut depth = 0_usize;
        while let Some(next) = self.peek() {
            match next {
                ',' if depth == 0 => {
                    self.at += 1;
                    return Ok(());
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                ')' | ']' | '}' if next == close => return Ok(()),
                ')' | ']' | '}' => return Err(Failure::Told),
                '"' => {
                    // A bad escape in it is one of the mistakes that are passed over.
                    if self.text_value().is_err() && self.peek().is_none() {
                        break;
                    }
                    continue;
                }
                '/' if self.rest().starts_with("//") || self.rest().starts_with("/*") => {
                    self.skip_blank().map_err(|_| Failure::Told)?;
                    continue;
                }
                _ => {}
            }
            self.at += next.len_utf8();
        }
        Err(Failure::Told)
    }

    fn not_the_end(&self, begin: usize, open: char, close: char) -> Parsed<()> {
        if self.peek().is_some() {
            return Ok(());
        }
        let message = format!("this `{open}` is never closed");
        Err(Problem::new(begin..begin + open.len_utf8(), &message)
            .expected(&format!("`{close}` before the end of the file"))
            .into())
    }

    fn map(&mut self, depth: usize) -> Parsed<Kind> {
        let begin = self.at;
        self.eat('{');
        let mut entries = Vec::new();
        loop {
            self.skip_blank()?;
            if self.eat('}') {
                return Ok(Kind::Map(entries));
            }
            self.not_the_end(begin, '{', '}')?;
            match self.entry(depth).and_then(|it| self.comma(begin, '{', '}', it)) {
                Ok(entry) => entries.push(entry),
                Err(failure) => self.recover(failure, '}')?,
            }
        }
    }

    fn entry(&mut self, depth: usize) -> Parsed<(Node, Node)> {
        let key = self.value(depth + 1)?;
        self.skip_blank()?;
        if !self.eat(':') {
            return Err(self.unexpected("`:` between the name and its value"));
        }
        self.skip_blank()?;
        Ok((key, self.value(depth + 1)?))
    }

    fn tuple_or_struct(&mut self, name: Option<String>, depth: usize) -> Parsed<Kind> {
        let begin = self.at;
        let is_struct = {
            let mut ahead = Parser { text: self.text, at: self.at + 1, problems: Vec::new() };
            ahead.skip_blank()?;
            let named = ahead.identifier().is_some();
            ahead.skip_blank()?;
            // Behind the first item of a tuple comes none of the rest: a `:` was forgotten.
            named && !matches!(ahead.peek(), None | Some(',' | ')' | '(' | '"' | '#'))
        };
        if !is_struct {
            return Ok(Kind::Tuple(name, self.sequence('(', ')', depth)?));
        }
        self.eat('(');
        let mut fields: Vec<Field> = Vec::new();
        loop {
            self.skip_blank()?;
            if self.eat(')') {
                return Ok(Kind::Struct(name, fields));
            }
            self.not_the_end(begin, '(', ')')?;
            match self.field(depth).and_then(|it| self.comma(begin, '(', ')', it)) {
                Ok(field) => fields.push(field),
                Err(failure) => self.recover(failure, ')')?,
            }
        }
    }

    fn field(&mut self, depth: usize) -> Parsed<Field> {
        let from = self.at;
        let Some(name) = self.identifier() else {
            return Err(self.unexpected("the name of a field"));
        };
        let place = from..self.at;
        self.skip_blank()?;
        if !self.eat(':') {
            return Err(self.unexpected("`:` after the name of the field"));
        }
        self.skip_blank()?;
        Ok(Field { name, place, value: self.value(depth + 1)? })
    }

    fn identifier(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|&(at, it)| !(it == '_' || it.is_alphabetic() || (at > 0 && it.is_numeric())))
            .map_or(rest.len(), |(at, _)| at);
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn word(&mut self, depth: usize) -> Parsed<Kind> {
        let begin = self.at;
        let Some(word) = self.identifier() else { return Err(self.unexpected("a word")) };
        match word.as_str() {
            "true" => return Ok(Kind::Bool(true)),
            "false" => return Ok(Kind::Bool(false)),
            "inf" => return Ok(Kind::Float(f64::INFINITY)),
            "NaN" => return Ok(Kind::Float(f64::NAN)),
            _ => {}
        }
        let end = self.at;
        self.skip_blank()?;
        if self.peek() == Some('(') {
            return self.tuple_or_struct(Some(word), depth);
        }
        self.at = end;
        debug_assert!(begin < end, "an identifier is not empty");
        Ok(Kind::Word(word))
    }

    fn number(&mut self) -> Parsed<Kind> {
        let begin = self.at;
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|&(at, it)| {
                let sign = matches!(it, '-' | '+')
                    && (at == 0 || matches!(rest.as_bytes()[at - 1], b'e' | b'E'));
                !(it.is_ascii_alphanumeric() || matches!(it, '.' | '_') || sign)
            })
            .map_or(rest.len(), |(at, _)| at);
        let written = &rest[..end];
        self.at += end;
        let digits = written.replace('_', "");
        let bad = || {
            Problem::new(begin..begin + end.max(1), &format!("`{written}` is not a number"))
                .expected("digits; a time or a size with a unit is a text, as in \"250ms\"")
        };
        if let Some(value) = whole(&digits) {
            return Ok(Kind::Int(value));
        }
        if digits.chars().any(|it| it.is_ascii_alphabetic() && !matches!(it, 'e' | 'E')) {
            return match digits.trim_start_matches(['-', '+']) {
                "inf" if digits.starts_with('-') => Ok(Kind::Float(f64::NEG_INFINITY)),
                "inf" => Ok(Kind::Float(f64::INFINITY)),
                "NaN" => Ok(Kind::Float(f64::NAN)),
                _ => Err(bad().into()),
            };
        }
        digits.parse::<f64>().map(Kind::Float).map_err(|_| bad().into())
    }

    fn text_value(&mut self) -> Parsed<String> {
        let begin = self.at;
        self.eat('"');
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else {
                return Err(Problem::new(begin..begin + 1, "this text is never closed")
                    .expected("`\"` before the end of the file")
                    .into());
            };
            match next {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                _ => {
                    text.push(next);
                    self.at += next.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let begin = self.at;
        self.at += 1;
        let Some(kind) = self.peek() else { return Err(self.unexpected("what is escaped")) };
        self.at += kind.len_utf8();
        let bad = |end: usize| {
            Problem::new(begin..end, "an escape that means nothing")
                .expected("\\n, \\t, \\r, \\\\, \\\", \\', \\0, \\x41 or \\u{1F600}")
        };
        Ok(match kind {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '\\' | '"' | '\'' => kind,
            'x' => {
                let digits = self.rest().get(..2).ok_or_else(|| bad(self.at))?;
                let value = u8::from_str_radix(digits, 16).map_err(|_| bad(self.at))?;
                self.at += 2;
                char::from(value)
            }
            'u' => {
                let digits = self.rest().strip_prefix('{').and_then(|it| it.split('}').next());
                let digits = digits.filter(|it| it.len() <= 6).ok_or_else(|| bad(self.at))?;
                let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                self.at += digits.len() + 2;
                value.ok_or_else(|| bad(self.at.min(self.text.len())))?
            }
            _ => return Err(bad(self.at).into()),
        })
    }

    fn raw_text(&mut self) -> Parsed<String> {
        let begin = self.at;
        self.at += 1;
        let hashes = self.rest().len() - self.rest().trim_start_matches('#').len();
        self.at += hashes;
        if !self.eat('"') {
            return Err(self.unexpected("`\"` to begin a raw text"));
        }
        let close = format!("\"{}", "#".repeat(hashes));
        let Some(length) = self.rest().find(&close) else {
            return Err(Problem::new(begin..begin + 1, "this text is never closed")
                .expected(&format!("`{close}` before the end of the file"))
                .into());
        };
        let text = self.rest()[..length].to_owned();
        self.at += length + close.len();
        Ok(text)
    }

    fn letter(&mut self) -> Parsed<Kind> {
        self.eat('\'');
        let letter = match self.peek() {
            Some('\\') => self.escape()?,
            Some(it) => {
                self.at += it.len_utf8();
                it
            }
            None => return Err(self.unexpected("a letter")),
        };
        if !self.eat('\'') {
            return Err(self.unexpected("`'` after the letter"));
        }
        Ok(Kind::Char(letter))
    }
}

/// A whole number as RON writes it: decimal, or `0x1F`, `0o17`, `0b11`.
fn whole(digits: &str) -> Option<i64> {
    let unsigned = digits.trim_start_matches(['-', '+']);
    let radix = match unsigned.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return digits.parse().ok(),
    };
    let sign = &digits[..digits.len() - unsigned.len()];
    if unsigned[2..].starts_with(['-', '+']) || sign.len() > 1 {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", &unsigned[2..]), radix).ok()
}
