//! Links: how long messages take between two nodes, and what becomes of them on the way.

use super::{Distribution, Node, Span};

/// A directed pair of nodes that talk. Replies and acks travel on the pair's reverse.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Where messages enter.
    pub from: Node,
    /// Where they leave.
    pub to: Node,
    /// How it treats them when nothing is wrong.
    pub quality: LinkQuality,
}

/// How a link treats messages.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkQuality {
    /// Time from send to arrival, in ns, without queueing for bandwidth.
    pub latency: Distribution,
    /// Bytes per second; `None` for no limit.
    pub bandwidth: Option<f64>,
    /// The probability that a message is lost: retransmitted on a stream, gone on a datagram.
    pub loss: f64,
    /// The probability that a message arrives twice (datagrams only).
    pub duplication: f64,
    /// Stream or datagram.
    pub transport: Transport,
}

/// What a link promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transport {
    /// In order, and a loss is a retransmission after `retransmit`: a connection.
    Stream {
        /// The time until a lost segment is sent again.
        retransmit: Span,
    },
    /// Each for itself: messages may overtake one another, and a lost one is lost.
    Datagram,
}
