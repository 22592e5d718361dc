//! In which order doctors are shown, and the best of many without sorting them all.

use std::{
    cmp::Ordering,
    hash::{DefaultHasher, Hash, Hasher},
};

use uuid::Uuid;

use super::{Entry, Sort};
use crate::{Rials, fold};

/// An average is kept in parts of a thousand million, with the number of ratings below it.
const AVERAGE: i128 = 1_000_000_000;
const COUNT_BITS: u32 = 31;
/// Until there are ratings, a doctor counts as one with ten of 3.5: one lucky five is no proof.
const PRIOR_COUNT: i128 = 10;
const PRIOR_SUM: i128 = 35;

/// What a doctor's place depends on. Side by side in memory, because a search reads those of all it found.
#[derive(Clone, Copy)]
pub(super) struct Rank {
    id: Uuid,
    /// Of the whole name.
    name: u64,
    /// Average in the upper bits, count in the lower: one comparison for both. 0: not rated.
    rating: u64,
    /// Rials; the most where it isn't offered.
    online_fee: u64,
    /// Of the cheapest visit.
    fee: u64,
    /// The average with ten ratings of 3.5 added, in parts of a million.
    relevance: u32,
    experience: u32,
}

impl Rank {
    pub(super) fn of(entry: &Entry) -> Self {
        let (sum, count) = (i128::from(entry.rating_sum.max(0)), i128::from(entry.rating_count.max(0)));
        let average = if count == 0 { 0 } else { sum * AVERAGE / count };
        let most = (1_u64 << COUNT_BITS) - 1;
        let average = u64::try_from(average.min(5 * AVERAGE)).unwrap_or(0);
        let rating = (average << COUNT_BITS) | u64::try_from(count).unwrap_or(most).min(most);
        let relevance = (sum + PRIOR_SUM) * 1_000_000 / (count + PRIOR_COUNT);
        let fee =
            |fee: Option<Rials>| fee.map_or(u64::MAX, |fee| u64::try_from(fee.get()).unwrap_or(u64::MAX));
        Self {
            id: entry.id,
            name: hash(&fold::words(&entry.name).concat()),
            rating,
            online_fee: fee(entry.online_fee),
            fee: fee(entry.online_fee).min(fee(entry.in_person_fee)),
            relevance: u32::try_from(relevance).unwrap_or(u32::MAX),
            experience: u32::try_from(entry.experience_years.max(0)).unwrap_or(u32::MAX),
        }
    }

    /// Whether the average is at least that; see [`least`].
    pub(super) const fn is_rated(&self, least: u64) -> bool {
        self.rating >= least
    }

    /// The smaller, the earlier; ties go by id.
    pub(super) fn key(&self, order: &Order) -> u64 {
        match order {
            Order::Relevance { name, class } => {
                let class = if *name == Some(self.name) { 0 } else { *class };
                (u64::from(class) << 62) | u64::from(u32::MAX - self.relevance)
            }
            Order::By { sort: Sort::Rating, .. } => u64::MAX - self.rating,
            Order::By { sort: Sort::Experience, .. } => u64::from(u32::MAX - self.experience),
            Order::By { sort: Sort::Price, online: true } => self.online_fee,
            Order::By { sort: Sort::Price, online: false } => self.fee,
        }
    }
}

/// What goes first.
pub(super) enum Order {
    /// Those of whose name this is the hash, then the lower class (0 to 3), then the better rated.
    Relevance { name: Option<u64>, class: u8 },
    /// As asked for; `online`: among online visits.
    By { sort: Sort, online: bool },
}

/// What [`Rank::is_rated`] compares with.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 5")]
pub(super) fn least(min_rating: f64) -> u64 {
    ((min_rating.clamp(0.0, 5.0) * 1e9).round() as u64) << COUNT_BITS
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The first so many of all that are offered. Keeps a few times as many and throws the rest away now and
/// then.
pub(super) struct Best<'a> {
    ranks: &'a [Rank],
    wanted: usize,
    kept: Vec<(u64, u32)>,
    /// What is not before this is not among them.
    worst: Option<(u64, Uuid)>,
}

impl<'a> Best<'a> {
    pub(super) const fn new(ranks: &'a [Rank], wanted: usize) -> Self {
        Self { ranks, wanted, kept: Vec::new(), worst: None }
    }

    pub(super) fn offer(&mut self, key: u64, doctor: u32) {
        if let Some((worst, id)) = self.worst
            && (key > worst || (key == worst && self.ranks[doctor as usize].id > id))
        {
            return;
        }
        self.kept.push((key, doctor));
        if self.kept.len() >= self.wanted.saturating_mul(2).max(1024) {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() <= self.wanted {
            return;
        }
        if let Some(last) = self.wanted.checked_sub(1) {
            let ranks = self.ranks;
            let (_, worst, _) = self.kept.select_nth_unstable_by(last, |a, b| compare(ranks, a, b));
            self.worst = Some((worst.0, ranks[worst.1 as usize].id));
        }
        self.kept.truncate(self.wanted);
    }

    /// Those from `offset` on, in order.
    pub(super) fn page(mut self, offset: usize) -> Vec<Uuid> {
        self.prune();
        if offset >= self.kept.len() {
            return Vec::new();
        }
        let ranks = self.ranks;
        self.kept.select_nth_unstable_by(offset, |a, b| compare(ranks, a, b));
        let page = &mut self.kept[offset..];
        page.sort_unstable_by(|a, b| compare(ranks, a, b));
        page.iter().map(|(_, doctor)| ranks[*doctor as usize].id).collect()
    }
}

fn compare(ranks: &[Rank], one: &(u64, u32), other: &(u64, u32)) -> Ordering {
    let by_id = || ranks[one.1 as usize].id.cmp(&ranks[other.1 as usize].id);
    one.0.cmp(&other.0).then_with(by_id)
}
