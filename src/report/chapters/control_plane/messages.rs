//! The largest message of each kind, against the limit.

use super::super::super::document::{Block, Cell, Column, Tone};
use super::super::super::text;
use super::super::table;
use crate::overhead::{LargestMessage, Room};

/// One row for each kind; nothing where nothing is sent.
pub fn table_of(messages: &[LargestMessage]) -> Option<Block> {
    let limit = messages.first()?.limit;
    let row = |message: &LargestMessage| {
        let (tone, words) = match message.room {
            Room::Ample => (Tone::Good, "well below"),
            Room::Near => (Tone::Caution, "near"),
            Room::Above => (Tone::Bad, "above"),
        };
        vec![
            Cell::Text(message.kind.to_owned()),
            Cell::Number(text::memory(message.bytes.to_memory().as_bytes())),
            Cell::Mark(tone, words.to_owned()),
            Cell::Name(message.workload.to_string()),
            Cell::Number(text::count(message.proxies_near)),
        ]
    };
    let columns = vec![
        Column::text("Kind", 0),
        Column::number("About", "", 0),
        Column::text("The limit", 1),
        Column::text("Largest for", 2),
        Column::number("Proxies at half of it or more", "", 3),
    ];
    let caption = format!("The largest message of configuration against gRPC's limit of {}", text::bytes(limit));
    Some(table(&caption, columns, messages.iter().map(row).collect(), usize::MAX))
}
