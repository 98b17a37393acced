//! What figures of a comparison mean, a sentence each, for who reads them for the first time. How each is
//! worked out is said where that is done, in `measure`.

/// What a label of a figure begins with, and what the figure means.
const MEANINGS: [(&str, &str); 25] = [
    (
        "Free again",
        "From when a user comes until whoever sent the request can go on: the first call is answered, or nothing is waited for any more",
    ),
    ("Accepted", "The share of users whose request was taken"),
    ("Completed a second", "Users who came to their end as intended, in each second"),
    (
        "Completed",
        "The share of the users who came in this span that came to their end as intended, whenever that was",
    ),
    (
        "Served after",
        "From when a user comes until all is done that was wanted and the user knows; of those who are served",
    ),
    (
        "Parts that show errors or stop",
        "Services and users, but for those struck themselves, of which something fails or nothing gets done any more: the blast radius",
    ),
    ("Furthest behind", "The most events that a consumer had not acknowledged"),
    (
        "Caught up after the repair",
        "From the end of the fault until every consumer is no further behind than it was before",
    ),
    (
        "Every projection agrees",
        "From the publication of an event until the store that follows it has it: the consistency window; what still waits counts with the time so far",
    ),
    (
        "Anomalies per thousand",
        "Events applied twice, out of order, over something newer, or not at all, of a thousand published",
    ),
    ("·", "Of the anomalies, those of this kind; in brackets what Jepsen and Elle call it"),
    ("Events not applied yet", "Published, not applied when the run ends, and still on their way"),
    (
        "Events that never will be",
        "Published, not applied when the run ends, and nothing will bring them any more",
    ),
    ("Messages turned away or lost", "Messages that found a queue full, nobody there, or a crash"),
    ("Handlers that failed", "Pieces of work that ended with a failure"),
    ("Longest queue", "The most messages that waited for a worker of one service"),
    ("Time at the slowest part", "The longest that a message was at one service"),
    ("Messages per transaction", "Everything that was sent, acks too, for each user who came"),
    ("Bytes per transaction", "What requests, answers and events carry, for each user who came"),
    (
        "Messages wasted",
        "Questions that taught nothing, copies beyond the first and second tries, of all messages",
    ),
    ("Messages in flight", "Messages on links, on the average"),
    ("Most messages in flight", "The most messages on links at once"),
    ("Parts to run and watch", "Services, the broker if there is one, and relays of outboxes"),
    ("Handlers made idempotent", "Handlers that had to be made so that they may run twice"),
    (
        "Names that parts must know",
        "Who has to know whom: callers their callees, publishers and consumers their topics",
    ),
];

/// What a figure means; of what a card shows, that.
#[must_use]
pub fn meaning(label: &str) -> &'static str {
    let found = MEANINGS.iter().find(|it| label.starts_with(it.0));
    found.map_or("What the card shows when the run ends", |it| it.1)
}
