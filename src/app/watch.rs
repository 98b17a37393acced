//! Watching a file: whether it changed on disk since it was last asked.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Wakes the window when something happened that it should look at.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A file that is watched, until this is dropped.
pub struct Watch {
    changed: Arc<AtomicBool>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches a file. It is the folder that is watched: editors replace files, and a watch
    /// of the file itself would follow the one that was thrown away.
    ///
    /// # Errors
    /// If the system does not let the folder be watched.
    pub fn new(path: &Path, wake: Wake) -> notify::Result<Self> {
        let changed = Arc::new(AtomicBool::new(false));
        let name = path.file_name().map(ToOwned::to_owned);
        let flag = Arc::clone(&changed);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let ours = event.is_ok_and(|event| {
                    !matches!(event.kind, EventKind::Access(_))
                        && event.paths.iter().any(|path| path.file_name() == name.as_deref())
                });
                if ours {
                    flag.store(true, Ordering::Release);
                    wake();
                }
            })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        watcher.watch(folder.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
        Ok(Self { changed, _watcher: watcher })
    }

    /// Whether the file changed since this was last asked.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }
}
