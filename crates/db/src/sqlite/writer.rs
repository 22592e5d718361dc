//! One thread owns the only writing connection. Transactions that wait in its queue share one
//! `COMMIT` (and so one fsync), each under its own savepoint: one that fails takes only itself back.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    checkpoint::Checkpointer,
    open,
    readers::{Lease, Shared},
};
use crate::{
    Answer, Conn, Error, Result,
    conn::{Target, ready},
};

/// Transactions that may wait; a full queue is answered with [`Error::Busy`].
const QUEUE: usize = 4_096;
/// Transactions that share one commit at most.
const GROUP: usize = 256;

pub(super) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
}

/// A queued transaction, its types forgotten.
trait Job: Send {
    /// Runs the body; whether its changes may stay.
    fn run(&mut self, conn: &Shared) -> bool;
    /// Tells the caller, once the group is on disk or lost.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);
}

struct Transaction<I, T, E, F> {
    input: I,
    body: F,
    outcome: Option<Result<T, E>>,
    statements: u32,
    reply: oneshot::Sender<(Result<T, E>, u32)>,
}

impl<I, T, E, F> Job for Transaction<I, T, E, F>
where
    I: Send + Sync,
    T: Send,
    E: From<Error> + Send,
    F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync,
{
    fn run(&mut self, shared: &Shared) -> bool {
        let conn = Conn::new(Target::Sqlite(Lease::of_writer(shared)));
        let outcome = catch_unwind(AssertUnwindSafe(|| ready((self.body)(&conn, &self.input))))
            .unwrap_or_else(|_| Err(Error::Panicked.into()));
        self.statements = conn.statements();
        let outcome = if outcome.is_ok() && conn.failed() { Err(Error::Doomed.into()) } else { outcome };
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        let outcome = match (self.outcome, committed) {
            (Some(outcome), Ok(())) => outcome,
            // its own refusal stands whatever became of the group
            (Some(Err(refused)), Err(_)) => Err(refused),
            (_, Err(lost)) => Err(Error::Unavailable(lost.to_string()).into()),
            (None, Ok(())) => Err(Error::Busy.into()),
        };
        // a caller that went away doesn't want to know
        let _ = self.reply.send((outcome, self.statements));
    }
}

impl Writer {
    pub(super) fn start(path: &Path) -> Result<Self> {
        let conn = Arc::new(Mutex::new(open::writer(path)?));
        let checkpointer = Checkpointer::start(path)?;
        let (queue, jobs) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("db-writer".into())
            .spawn(move || work(&conn, &jobs, &checkpointer))
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Self { queue })
    }

    pub(super) async fn write<I, T, E, F>(&self, input: I, body: F) -> (Result<T, E>, u32)
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Transaction { input, body, outcome: None, statements: 0, reply };
        match self.queue.try_send(Box::new(job)) {
            Ok(()) => answer.await.unwrap_or_else(|_| (Err(Error::Panicked.into()), 0)),
            Err(TrySendError::Full(_)) => (Err(Error::Busy.into()), 0),
            Err(TrySendError::Disconnected(_)) => {
                (Err(Error::Unavailable("writer stopped".into()).into()), 0)
            }
        }
    }
}

fn work(conn: &Shared, jobs: &Receiver<Box<dyn Job>>, checkpointer: &Checkpointer) {
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP);
    while let Ok(first) = jobs.recv() {
        let committed = commit_group(conn, first, jobs, &mut group);
        if let Err(e) = &committed {
            tracing::error!(error = %e, transactions = group.len(), "a group of transactions was not committed");
        }
        let transactions = group.len();
        for job in group.drain(..) {
            job.answer(committed.as_ref().copied());
        }
        checkpointer.committed(transactions);
    }
}

fn commit_group(
    conn: &Shared,
    mut first: Box<dyn Job>,
    jobs: &Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<()> {
    if let Err(e) = step(conn, "BEGIN IMMEDIATE") {
        group.push(first);
        return Err(e);
    }
    let mut next = jobs.try_recv().ok();
    if next.is_none() {
        // alone: the transaction itself is what can be taken back
        let keep = first.run(conn);
        group.push(first);
        return if keep { commit(conn) } else { step(conn, "ROLLBACK") };
    }
    let mut current = Some(first);
    while let Some(mut job) = current {
        let ran = step(conn, "SAVEPOINT transaction_").map(|()| job.run(conn));
        group.push(job);
        let settled = match ran {
            Ok(true) => step(conn, "RELEASE transaction_"),
            Ok(false) => {
                step(conn, "ROLLBACK TO transaction_").and_then(|()| step(conn, "RELEASE transaction_"))
            }
            Err(e) => Err(e),
        };
        if let Err(e) = settled {
            let _ = step(conn, "ROLLBACK");
            return Err(e);
        }
        current = next.take().or_else(|| if group.len() < GROUP { jobs.try_recv().ok() } else { None });
    }
    commit(conn)
}

fn commit(conn: &Shared) -> Result<()> {
    step(conn, "COMMIT").inspect_err(|_| {
        let _ = step(conn, "ROLLBACK");
    })
}

fn step(conn: &Shared, sql: &str) -> Result<()> {
    conn.lock().prepare_cached(sql)?.execute([])?;
    Ok(())
}
