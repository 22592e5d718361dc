//! Log lines, written together: a request adds its line to a buffer, and a thread writes the buffer a few
//! times a second, so that no request waits for a file or a pipe.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most.
const WAIT: Duration = Duration::from_millis(50);
/// A buffer of this size is written at once.
const FULL: usize = 512 * 1024;
/// What a reader that stands still may cost in memory; lines beyond it are lost.
const MOST: usize = 16 * 1024 * 1024;

/// The lines that wait. Dropping the last copy outside the logger writes them.
#[derive(Clone)]
pub(super) struct Lines {
    waiting: Arc<Mutex<Vec<u8>>>,
    wake: SyncSender<()>,
}

impl Lines {
    pub(super) fn start() -> Self {
        let (wake, woken) = sync_channel::<()>(1);
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let lines = Self { waiting: Arc::clone(&waiting), wake };
        let writer = std::thread::Builder::new().name("log".into()).spawn(move || {
            // two buffers take turns, and keep their room
            let mut spare = Vec::new();
            while woken.recv_timeout(WAIT) != Err(RecvTimeoutError::Disconnected) {
                spare = write(&waiting, spare);
            }
        });
        drop(writer);
        lines
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        write(&self.waiting, Vec::new());
    }
}

/// Writes what waits, and leaves this empty buffer in its place; the other one, emptied.
fn write(waiting: &Mutex<Vec<u8>>, empty: Vec<u8>) -> Vec<u8> {
    let mut lines = std::mem::replace(&mut *waiting.lock(), empty);
    if !lines.is_empty() {
        // a log that nobody reads any more is no reason to stop
        let _ = io::stderr().lock().write_all(&lines);
    }
    lines.clear();
    // after a flood
    lines.shrink_to(2 * FULL);
    lines
}

/// One line on its way into the buffer.
pub(super) struct Line<'a>(&'a Lines);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting.lock();
        if waiting.len() + line.len() <= MOST {
            waiting.extend_from_slice(line);
        }
        if waiting.len() >= FULL {
            let _ = self.0.wake.try_send(());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
