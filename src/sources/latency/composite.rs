//! Composite values of OpenMetrics 2.0 (release candidate 0): a whole histogram on one line.
//!
//! `{count:59,sum:120,schema:3,zero_threshold:1e-4,zero_count:2,positive_spans:[0:2],positive_buckets:[5,7],bucket:[0.5:3,+Inf:59]}`

use super::native::{Native, Side};
use super::series::{Labels, SeriesSet};
use super::value::shortened;

/// Takes a histogram in; a summary has no buckets and is left. The error says what is wrong.
pub(super) fn take(set: &mut SeriesSet, metric: &str, labels: &Labels, text: &str) -> Result<(), String> {
    let (mut count, mut sum) = (None, None);
    let mut native: Option<Native> = None;
    let mut classic: Vec<(f64, f64)> = Vec::new();
    for member in Members(text) {
        let (key, value) = member?;
        let fresh = || Native { schema: i64::MIN, ..Native::default() };
        match key {
            "count" | "gcount" => count = Some(number(value)?),
            "sum" | "gsum" => sum = Some(number(value)?),
            "bucket" => classic = pairs(value, number, number)?,
            "schema" => native.get_or_insert_with(fresh).schema = whole(value)?,
            "zero_threshold" => native.get_or_insert_with(fresh).zero_threshold = number(value)?,
            "zero_count" => native.get_or_insert_with(fresh).zero = number(value)?,
            "positive_spans" => spans(&mut native.get_or_insert_with(fresh).positive, value)?,
            "negative_spans" => spans(&mut native.get_or_insert_with(fresh).negative, value)?,
            "positive_buckets" => counts(&mut native.get_or_insert_with(fresh).positive, value)?,
            "negative_buckets" => counts(&mut native.get_or_insert_with(fresh).negative, value)?,
            _ => {}
        }
    }
    match native {
        Some(native) if native.is_known() => return set.native(metric, labels, &native.buckets()?, sum, count),
        Some(native) if native.schema == i64::MIN => {
            return Err(format!("a native histogram of {metric} without schema"));
        }
        Some(native) if classic.is_empty() => set.unknown_schema(metric, native.schema),
        _ => {}
    }
    for (bound, counted) in &classic {
        set.bucket(metric, labels, *bound, *counted)?;
    }
    match sum.filter(|_| !classic.is_empty()) {
        Some(sum) => set.sum(metric, labels, sum),
        None => Ok(()),
    }
}

/// The members between commas outside brackets, as `key:value`.
struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a str, &'a str), String>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = std::mem::take(&mut self.0);
        if text.is_empty() {
            return None;
        }
        let mut depth = 0_u32;
        let end = text.bytes().position(|byte| {
            depth = match byte {
                b'[' => depth + 1,
                b']' => depth.saturating_sub(1),
                _ => depth,
            };
            byte == b',' && depth == 0
        });
        let (member, rest) = match end {
            Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default()),
            None => (text, ""),
        };
        self.0 = rest;
        Some(member.split_once(':').ok_or_else(|| format!("{:?} among the parts of a value", shortened(member))))
    }
}

fn list(text: &str) -> Result<impl Iterator<Item = &str>, String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("{:?} as a list", shortened(text)))?;
    Ok(inner.split(',').filter(|item| !item.is_empty()))
}

fn pairs<A, B>(
    text: &str,
    first: impl Fn(&str) -> Result<A, String>,
    second: impl Fn(&str) -> Result<B, String>,
) -> Result<Vec<(A, B)>, String> {
    let pair = |item: &str| {
        let (one, other) = item.split_once(':').ok_or_else(|| format!("{:?} as a pair", shortened(item)))?;
        Ok((first(one)?, second(other)?))
    };
    list(text)?.map(pair).collect()
}

fn spans(side: &mut Side, text: &str) -> Result<(), String> {
    let length = |text: &str| text.parse().map_err(|_| format!("{:?} as a length", shortened(text)));
    side.spans = pairs(text, whole, length)?;
    Ok(())
}

fn counts(side: &mut Side, text: &str) -> Result<(), String> {
    side.counts = list(text)?.map(number).collect::<Result<_, _>>()?;
    Ok(())
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{:?} as a number", shortened(text)))
}

fn whole(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{:?} as a whole number", shortened(text)))
}
