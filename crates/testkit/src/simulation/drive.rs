//! Use cases that are polled by hand: in an order that the seed decides, and cut off as a crash does it.
//!
//! A use case stands still while a gateway is asked, before the gateway has heard and before its answer is here
//! ([`Baton::breathe`]): there it can die, and there another one's turn comes. It can also come to its end unheard. How
//! long the database takes for a transaction decides nothing, so that the same seed is the same order. What was handed
//! to the database happens in any case: a node that dies after it has sent its commit never learns how that ended.
//!
//! Where use cases race instead, each goes on as soon as it can, and dies after so many waits for anything.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{chance::Dice, outcome::Outcome};

/// A use case that was not begun yet.
pub(super) type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How it is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The node dies when it stands still for that time.
    Still(u32),
    /// It is done, and nobody hears so.
    Unheard,
}

/// How it ended.
pub(super) enum Ended {
    With(Outcome),
    /// Nobody heard an answer.
    Cut,
}

/// The life of one use case.
struct Pulse {
    stills: AtomicU32,
    dies_at: Option<u32>,
    is_dead: AtomicBool,
    /// It stands still: another one's turn.
    is_still: AtomicBool,
    /// Of whoever drives it.
    waker: Waker,
}

impl Pulse {
    /// Whether it lives on.
    fn beat(&self) -> bool {
        let stills = self.stills.fetch_add(1, SeqCst) + 1;
        if self.dies_at == Some(stills) {
            self.is_dead.store(true, SeqCst);
            self.waker.wake_by_ref();
        }
        self.is_still.store(true, SeqCst);
        !self.is_dead.load(SeqCst)
    }
}

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Baton(Mutex<Option<Arc<Pulse>>>);

impl Baton {
    fn pass(&self, to: Option<&Arc<Pulse>>) {
        *self.0.lock() = to.cloned();
    }

    /// Stands still once, and goes on at once, unless it dies here: then it stands still until it is let go.
    pub(super) async fn breathe(&self) {
        let pulse = self.0.lock().clone();
        if pulse.is_some_and(|pulse| !pulse.beat()) {
            std::future::pending::<()>().await;
        }
        let mut is_over = false;
        std::future::poll_fn(move |cx| {
            if is_over {
                return Poll::Ready(());
            }
            is_over = true;
            // at the end of the queue of this very thread
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

struct Bell {
    rung: AtomicBool,
    notify: Arc<Notify>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, SeqCst);
        self.notify.notify_one();
    }
}

impl Bell {
    /// Until what was polled can go on.
    async fn ring(&self) {
        while !self.rung.load(SeqCst) {
            self.notify.notified().await;
        }
    }
}

struct Driven {
    work: Option<Work>,
    bell: Arc<Bell>,
    waker: Waker,
    pulse: Arc<Pulse>,
    is_unheard: bool,
}

impl Driven {
    fn new((work, cut): (Work, Option<Cut>), notify: &Arc<Notify>) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), notify: Arc::clone(notify) });
        let waker = Waker::from(Arc::clone(&bell));
        let dies_at = match cut {
            Some(Cut::Still(times)) => Some(times),
            Some(Cut::Unheard) | None => None,
        };
        let pulse = Arc::new(Pulse {
            stills: AtomicU32::new(0),
            dies_at,
            is_dead: AtomicBool::new(false),
            is_still: AtomicBool::new(false),
            waker: waker.clone(),
        });
        Self { work: Some(work), bell, waker, pulse, is_unheard: cut == Some(Cut::Unheard) }
    }

    /// None: it goes on later.
    fn poll(&mut self) -> Option<Ended> {
        self.bell.rung.store(false, SeqCst);
        self.pulse.is_still.store(false, SeqCst);
        let Some(work) = self.work.as_mut().filter(|_| !self.pulse.is_dead.load(SeqCst)) else {
            self.work = None;
            return Some(Ended::Cut);
        };
        match work.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            Poll::Ready(outcome) => {
                self.work = None;
                // what must never happen is heard in any case
                let is_lost = self.is_unheard && outcome.wrong.is_none();
                Some(if is_lost { Ended::Cut } else { Ended::With(outcome) })
            }
            Poll::Pending if self.pulse.is_dead.load(SeqCst) => {
                self.work = None;
                Some(Ended::Cut)
            }
            Poll::Pending => None,
        }
    }
}

/// One by itself.
pub(super) async fn alone(baton: &Baton, work: Work, cut: Option<Cut>) -> Ended {
    let notify = Arc::new(Notify::new());
    let mut driven = Driven::new((work, cut), &notify);
    baton.pass(Some(&driven.pulse));
    let ended = loop {
        if let Some(ended) = driven.poll() {
            break ended;
        }
        let bell = Arc::clone(&driven.bell);
        bell.ring().await;
    };
    baton.pass(None);
    ended
}

/// Several at once: each goes on to where it stands still, then the dice say whose turn is next.
pub(super) async fn interleaved(
    baton: &Baton,
    works: Vec<(Work, Option<Cut>)>,
    dice: &mut Dice,
) -> Vec<Ended> {
    let notify = Arc::new(Notify::new());
    let mut all: Vec<Driven> = works.into_iter().map(|work| Driven::new(work, &notify)).collect();
    let mut ended: Vec<Option<Ended>> = all.iter().map(|_| None).collect();
    let mut alive: Vec<usize> = (0..all.len()).collect();
    while !alive.is_empty() {
        let at = dice.below(alive.len());
        let driven = &mut all[alive[at]];
        baton.pass(Some(&driven.pulse));
        let end = loop {
            let end = driven.poll();
            if end.is_some() || driven.pulse.is_still.load(SeqCst) {
                break end;
            }
            let bell = Arc::clone(&driven.bell);
            bell.ring().await;
        };
        if end.is_some() {
            ended[alive.remove(at)] = end;
        }
    }
    baton.pass(None);
    ended.into_iter().flatten().collect()
}

/// Several at once, each as fast as it can: who is first, nobody decides.
pub(super) async fn racing(works: Vec<(Work, Option<Cut>)>) -> Vec<Ended> {
    let notify = Arc::new(Notify::new());
    let mut all: Vec<Driven> = works.into_iter().map(|work| Driven::new(work, &notify)).collect();
    let mut ended: Vec<Option<Ended>> = all.iter().map(|_| None).collect();
    while ended.iter().any(Option::is_none) {
        let mut is_quiet = true;
        for (driven, end) in all.iter_mut().zip(&mut ended) {
            if end.is_none() && driven.bell.rung.load(SeqCst) {
                is_quiet = false;
                *end = driven.poll();
                if end.is_none() {
                    // nobody has the baton: here every wait counts
                    let _lives = driven.pulse.beat();
                }
            }
        }
        if is_quiet {
            notify.notified().await;
        }
    }
    ended.into_iter().flatten().collect()
}
