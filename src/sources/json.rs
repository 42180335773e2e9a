//! JSON of any shape people have: lists, typed lists, bare arrays, single objects, one after another.

use std::io::Read;
use std::sync::Arc;

use super::error::{InputError, Trouble};
use super::field::field_at;
use super::head::{self, Kind, ListKind, Meaning, Shape, kind_of_file_name};
use super::intern::Interner;
use super::items::{Batch, Piece, Position, Sizes, SplitError, Splitter};
use super::notes::{API_VERSION_UNKNOWN, OBJECT_SKIPPED};
use super::prune::without_go_names;
use super::session::{Session, Tally};
use super::sniff::describe_keys;
use super::wire::{self, Decoded, Oddity};

/// Where some JSON came from.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) source: Arc<str>,
    /// Line of its first byte.
    pub(super) line: u64,
    /// Whether columns mean something; they do not when it was written by a translation from YAML.
    pub(super) exact: bool,
}

/// Lists within lists that are followed.
const DEEPEST_LIST: u32 = 4;
/// Strange values after which a file that gave nothing yet is given up: a log of JSON lines.
const STRANGE_ENOUGH: u64 = 64;

/// Reads all JSON of a stream.
///
/// # Errors
/// [`Trouble`] when it is no JSON, cut short, too large, or nothing in it is recognised.
pub(super) fn read(
    session: &mut Session<'_>,
    origin: &Origin,
    reader: impl Read,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    read_lists(session, origin, reader, tally, 0)
}

fn read_lists(
    session: &mut Session<'_>,
    origin: &Origin,
    reader: impl Read,
    tally: &mut Tally,
    depth: u32,
) -> Result<(), Trouble> {
    const CHUNK: usize = 1 << 20;
    const BATCH: usize = 4 << 20;
    let sizes = Sizes { chunk: CHUNK, batch: BATCH, object: session.limits.object_bytes };
    let mut splitter = Splitter::new(reader, origin.line, sizes);
    let interner = Arc::clone(&session.interner);
    let mut list = OpenList::default();
    let mut next = splitter.next_batch();
    loop {
        let Some(batch) = next.map_err(|error| split_trouble(session, origin, error))? else { return Ok(()) };
        let tasks = tasks(&batch, &list.kind);
        // While these objects are decoded, the next are read and cut out.
        let judge = |(json, list): &(&[u8], ListKind)| shared(judge(json, list), &interner);
        let (outcomes, following) = map_all_beside(&tasks, judge, || splitter.next_batch());
        next = following;
        merge(session, origin, &batch, outcomes, &mut list, tally, depth)?;
        session.report();
        if tally.recognised == 0 && tally.unrecognised >= STRANGE_ENOUGH {
            return Ok(());
        }
        splitter.recycle(batch);
    }
}

/// The list whose items come in.
#[derive(Default)]
struct OpenList {
    kind: ListKind,
    /// Items whose kind only the end of the list may tell.
    held: Vec<(Vec<u8>, Position)>,
    held_bytes: u64,
}

/// What an object turned out to be.
enum Outcome {
    Read(Kind, Box<Decoded>),
    Unread {
        kind: String,
        mesh: bool,
    },
    NestedList,
    /// No kind, and none can be told from its members.
    Unknown,
    /// Of a known kind but not of its form.
    Misshapen(Kind, serde_json::Error),
    NotJson(serde_json::Error),
}

/// The objects of a batch, each with the kind of its list; the first may belong to a list begun before.
fn tasks<'a>(batch: &'a Batch, begun_before: &ListKind) -> Vec<(&'a [u8], ListKind)> {
    let mut kind = begun_before.clone();
    batch
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::List(begun) => {
                kind = begun.clone();
                None
            }
            Piece::Item { range, .. } => Some((batch.item(range), kind.clone())),
            Piece::Whole { bytes, listed: false, .. } => Some((bytes.as_slice(), ListKind::default())),
            _ => None,
        })
        .collect()
}

/// Takes in what the objects of a batch turned out to be, in their order.
fn merge(
    session: &mut Session<'_>,
    origin: &Origin,
    batch: &Batch,
    outcomes: Vec<Outcome>,
    list: &mut OpenList,
    tally: &mut Tally,
    depth: u32,
) -> Result<(), Trouble> {
    let mut outcomes = outcomes.into_iter();
    for piece in &batch.pieces {
        match piece {
            Piece::List(begun) => *list = OpenList { kind: begun.clone(), ..OpenList::default() },
            Piece::Item { range, at } => {
                let json = batch.item(range);
                match outcomes.next() {
                    Some(Outcome::Unknown) => hold(session, origin, list, json, *at)?,
                    Some(outcome) => settle(session, origin, outcome, json, *at, tally, depth)?,
                    None => {}
                }
            }
            Piece::Whole { bytes, at, listed: false } => {
                let Some(outcome) = outcomes.next() else { continue };
                let outcome = match outcome {
                    Outcome::Unknown => shared(judge_by_file_name(bytes, &origin.source), &session.interner),
                    Outcome::NestedList => {
                        list_without_array(origin, bytes, *at, tally);
                        continue;
                    }
                    known => known,
                };
                settle(session, origin, outcome, bytes, *at, tally, depth)?;
            }
            Piece::Whole { bytes, at, listed: true } => {
                check_shell(origin, bytes, *at)?;
                let kind = head::list_kind(bytes);
                if kind.kind.as_deref().is_some_and(|kind| kind.ends_with("List")) {
                    tally.recognised += 1;
                }
                end_list(session, origin, &std::mem::take(list), &kind, tally, depth)?;
            }
            Piece::ArrayEnd => {
                end_list(session, origin, &std::mem::take(list), &ListKind::default(), tally, depth)?;
            }
            Piece::Stray(at) => strange(tally, origin, *at, || "a JSON array of plain values".to_owned()),
        }
    }
    Ok(())
}

/// A list that came out whole had no array of items: `null` is how some clients write an empty one.
fn list_without_array(origin: &Origin, json: &[u8], at: Position, tally: &mut Tally) {
    #[derive(serde::Deserialize)]
    struct Items {
        items: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_slice(json) {
        Ok(Items { items: None }) => tally.recognised += 1,
        _ => strange(tally, origin, at, || "a list whose items are no array".to_owned()),
    }
}

/// Decides what the held items of a list are, now that all of the list is known.
fn end_list(
    session: &mut Session<'_>,
    origin: &Origin,
    list: &OpenList,
    kind: &ListKind,
    tally: &mut Tally,
    depth: u32,
) -> Result<(), Trouble> {
    let interner = Arc::clone(&session.interner);
    let outcomes = map_all(&list.held, |(json, _)| match judge(json, kind) {
        Outcome::Unknown => shared(judge_by_file_name(json, &origin.source), &interner),
        known => shared(known, &interner),
    });
    for ((json, at), outcome) in list.held.iter().zip(outcomes) {
        settle(session, origin, outcome, json, *at, tally, depth)?;
    }
    Ok(())
}

fn hold(session: &Session<'_>, origin: &Origin, list: &mut OpenList, json: &[u8], at: Position) -> Result<(), Trouble> {
    list.held_bytes += json.len() as u64;
    if list.held_bytes > session.limits.document_bytes {
        return Err(Trouble::Broken(InputError::new(
            place(origin, at),
            format!("more than {} bytes of list items that do not name their kind", session.limits.document_bytes),
            "items with `kind`, or a smaller list",
            "write the list with `kubectl get -o json`, which names the kind of every item",
        )));
    }
    list.held.push((json.to_vec(), at));
    Ok(())
}

/// An outcome whose values are shared with those of other objects.
fn shared(mut outcome: Outcome, interner: &Interner) -> Outcome {
    if let Outcome::Read(_, decoded) = &mut outcome {
        interner.share(&mut decoded.object);
    }
    outcome
}

/// What an object is and says, by its own kind, its list's, or its members.
fn judge(json: &[u8], list: &ListKind) -> Outcome {
    let head = head::head(json);
    if let Some(kind) = head.kind {
        return judge_as(json, kind, head.api_version.or(list.api_version.as_deref()));
    }
    let shape = match Shape::of(json) {
        Ok(shape) => shape,
        Err(error) => return Outcome::NotJson(error),
    };
    if shape.has_go_names() {
        return match without_go_names(json) {
            Ok(renamed) => judge(&renamed, list),
            Err(error) => Outcome::NotJson(error),
        };
    }
    match (list.item_kind(), shape.kind()) {
        (Some(kind), _) => judge_as(json, kind, list.api_version.as_deref()),
        (None, Some(kind)) => decode(json, kind),
        (None, None) => Outcome::Unknown,
    }
}

fn judge_as(json: &[u8], kind: &str, api_version: Option<&str>) -> Outcome {
    match head::meaning(kind, api_version) {
        Meaning::Read(kind) => with_version(decode(json, kind), kind, api_version),
        Meaning::List => Outcome::NestedList,
        Meaning::Mesh => Outcome::Unread { kind: kind.to_owned(), mesh: true },
        Meaning::Other => Outcome::Unread { kind: kind.to_owned(), mesh: false },
    }
}

/// An outcome with a word about a version that its kind never had.
fn with_version(mut outcome: Outcome, kind: Kind, api_version: Option<&str>) -> Outcome {
    if let (Outcome::Read(_, decoded), Some(message)) = (&mut outcome, head::odd_version(kind, api_version)) {
        decoded.oddities.push(Oddity { kind: &API_VERSION_UNKNOWN, field: "apiVersion".to_owned(), message });
    }
    outcome
}

fn judge_by_file_name(json: &[u8], source: &str) -> Outcome {
    let named = Shape::of(json).is_ok_and(|shape| shape.is_named());
    match kind_of_file_name(source) {
        Some(kind) if named => decode(json, kind),
        _ => Outcome::Unknown,
    }
}

fn decode(json: &[u8], kind: Kind) -> Outcome {
    let is_read = |json| wire::is_mesh_config_map(json) || wire::is_gateway_parameters(json);
    if kind == Kind::ConfigMap && !is_read(json) {
        return Outcome::Unread { kind: kind.name().to_owned(), mesh: false };
    }
    match wire::decode(kind, json) {
        Ok(decoded) => Outcome::Read(kind, Box::new(decoded)),
        Err(error) if error.is_data() => Outcome::Misshapen(kind, error),
        Err(error) => Outcome::NotJson(error),
    }
}

fn settle(
    session: &mut Session<'_>,
    origin: &Origin,
    outcome: Outcome,
    json: &[u8],
    at: Position,
    tally: &mut Tally,
    depth: u32,
) -> Result<(), Trouble> {
    match outcome {
        Outcome::Read(kind, decoded) => {
            tally.recognised += 1;
            let name = || named(kind, json, origin, at);
            session.accept(*decoded, &origin.source, name)
        }
        Outcome::Unread { kind, mesh } => {
            tally.recognised += 1;
            session.count_unread(&kind, mesh);
            Ok(())
        }
        Outcome::NestedList if depth < DEEPEST_LIST => {
            let inner = Origin { line: at.line, exact: false, ..origin.clone() };
            read_lists(session, &inner, json, tally, depth + 1)
        }
        Outcome::NestedList => {
            strange(tally, origin, at, || format!("lists nested more than {DEEPEST_LIST} deep"));
            Ok(())
        }
        Outcome::Unknown => {
            strange(tally, origin, at, || describe_keys(&head::keys(json, 20)));
            Ok(())
        }
        Outcome::Misshapen(kind, error) => {
            tally.recognised += 1;
            let field = field_at(json, error.line(), error.column());
            let field = if field.is_empty() { String::new() } else { format!("{field}: ") };
            let message = format!("{}: {field}{}; skipped", place(origin, at), without_place(&error));
            session.notes.add(&OBJECT_SKIPPED, &origin.source, named(kind, json, origin, at), message);
            Ok(())
        }
        Outcome::NotJson(error) => Err(Trouble::Broken(not_json(origin, at, &error))),
    }
}

fn strange(tally: &mut Tally, origin: &Origin, at: Position, looks_like: impl Fn() -> String) {
    const EXAMPLES: usize = 3;
    tally.unrecognised += 1;
    tally.looks_like.get_or_insert_with(looks_like);
    if tally.examples.len() < EXAMPLES {
        tally.examples.push(place(origin, at));
    }
}

/// Kind and name of an object for messages, or its place.
fn named(kind: Kind, json: &[u8], origin: &Origin, at: Position) -> String {
    match wire::display_name(json) {
        Some(name) => format!("{} {name}", kind.name()),
        None => format!("{} at {}", kind.name(), place(origin, at)),
    }
}

fn check_shell(origin: &Origin, shell: &[u8], at: Position) -> Result<(), Trouble> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(shell) {
        Ok(_) => Ok(()),
        Err(error) => Err(Trouble::Broken(not_json(origin, at, &error))),
    }
}

fn not_json(origin: &Origin, at: Position, error: &serde_json::Error) -> InputError {
    let at = match error.line() {
        0 | 1 => Position { line: at.line, column: at.column + (error.column() as u64).saturating_sub(1) },
        line => Position { line: at.line + line as u64 - 1, column: error.column() as u64 },
    };
    InputError::new(
        place(origin, at),
        format!("broken JSON ({})", without_place(error)),
        "JSON as kubectl prints it",
        "fetch the file again or repair it there",
    )
}

/// What serde_json says, less its own line and column, which count from the object, and less our names
/// for what should be there.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    match message.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected an object"),
        None => message.to_owned(),
    }
}

fn place(origin: &Origin, at: Position) -> String {
    if origin.exact {
        format!("{}:{}:{}", origin.source, at.line, at.column)
    } else {
        format!("{}:{}", origin.source, at.line)
    }
}

fn split_trouble(session: &Session<'_>, origin: &Origin, error: SplitError) -> Trouble {
    match error {
        SplitError::Io(error) => session.io_trouble(&origin.source, &error),
        SplitError::Truncated { at, inside } => InputError::new(
            place(origin, at),
            format!("the end of the file inside {inside}"),
            "complete JSON",
            "fetch the file again; it was cut short",
        )
        .into(),
        SplitError::Unexpected { at, found, expected } => {
            let found = format!("the character {:?}", char::from(found));
            let remedy = "repair it there, or remove what is no JSON; `2>errors.txt` keeps what kubectl reports apart";
            InputError::new(place(origin, at), found, expected, remedy).into()
        }
        SplitError::TooLarge { at } => InputError::new(
            place(origin, at),
            format!("an object of more than {} bytes", session.limits.object_bytes),
            "Kubernetes objects, which are below 2 MiB",
            "check that this is an inventory, pass lists one file each, or raise the limit of an object",
        )
        .into(),
    }
}

/// Applies a function to all tasks, in order, and does something else meanwhile.
#[cfg(feature = "parallel")]
fn map_all_beside<T: Sync, U: Send, V>(
    tasks: &[T],
    function: impl Fn(&T) -> U + Sync + Send,
    beside: impl FnOnce() -> V,
) -> (Vec<U>, V) {
    if tasks.len() <= FEW {
        return (tasks.iter().map(function).collect(), beside());
    }
    let mut results = Vec::new();
    let other = rayon::in_place_scope(|scope| {
        scope.spawn(|_| results = map_all(tasks, function));
        beside()
    });
    (results, other)
}

/// Applies a function to all tasks, in order, and does something else.
#[cfg(not(feature = "parallel"))]
fn map_all_beside<T, U, V>(tasks: &[T], function: impl Fn(&T) -> U, beside: impl FnOnce() -> V) -> (Vec<U>, V) {
    (map_all(tasks, function), beside())
}

/// Objects that are not worth waking another thread for.
#[cfg(feature = "parallel")]
const FEW: usize = 16;

/// Applies a function to all tasks, on several cores with the feature `parallel`, in order.
#[cfg(feature = "parallel")]
fn map_all<T: Sync, U: Send>(tasks: &[T], function: impl Fn(&T) -> U + Sync + Send) -> Vec<U> {
    use rayon::prelude::*;
    tasks.par_iter().with_min_len(FEW).map(function).collect()
}

#[cfg(not(feature = "parallel"))]
fn map_all<T, U>(tasks: &[T], function: impl Fn(&T) -> U) -> Vec<U> {
    tasks.iter().map(function).collect()
}
