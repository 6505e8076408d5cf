//! The folder of the keys: each in a file of its own, whose name says from when it signs.
//!
//! What always holds: a file is there whole or not at all, and only its owner can read it; who makes a key holds the folder's lock,
//! so that two never make one each.
//!
//! A name is `<seconds since 1970>-<kid>.pk8`, with `demo-` before it where the demo made the key. A name without the seconds signs
//! from the beginning.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::Duration;
use cohortium_domain::time::Timestamp;

use super::{KeyRing, SigningKey, SignsFrom, invalid};

const EXTENSION: &str = "pk8";
const DEMO: &str = "demo-";
const LOCK_FILE: &str = "keys.lock";

/// A folder of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFolder {
    path: PathBuf,
}

/// What a rotation did.
#[derive(Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The new key.
    pub kid: String,
    /// From when it signs.
    pub signs_from: Timestamp,
    /// The keys that were over, and are removed.
    pub removed: Vec<String>,
}

/// Why the keys are not rotated.
#[derive(Debug, thiserror::Error)]
pub enum CannotRotate {
    /// The folder, or what is in it.
    #[error(transparent)]
    Files(#[from] io::Error),
    /// The next key is there.
    #[error("the next key {kid} is there already, and signs from {signs_from}: wait until then, or remove its file first")]
    Waiting {
        /// The next key.
        kid: String,
        /// From when it signs.
        signs_from: Timestamp,
    },
}

impl KeyFolder {
    /// The folder at this path, which need not be there.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys in it: none, where there is no folder.
    ///
    /// # Errors
    /// The folder or one of its keys cannot be read, or a file is not the key that its name says.
    pub fn read(&self) -> io::Result<KeyRing> {
        let entries = match fs::read_dir(&self.path) {
            // Nothing is there yet; whether the folder can be made is seen when it is.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(KeyRing::new(Vec::new()));
            }
            entries => entries?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                keys.push(read_key(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?);
            }
        }
        Ok(KeyRing::new(keys))
    }

    /// The keys in it, of which there is at least one: the first is made where there is none.
    ///
    /// # Errors
    /// As [`KeyFolder::read`], or the folder cannot be written.
    pub fn read_or_begin(&self, now: Timestamp, of_demo: bool) -> io::Result<KeyRing> {
        let ring = self.read()?;
        if !ring.is_empty() {
            return Ok(ring);
        }
        let _lock = self.lock()?;
        if self.read()?.is_empty() {
            self.add(now, of_demo)?;
        }
        self.read()
    }

    /// Makes the next key, which signs after this long, and removes those that are over. The first key of a folder signs at once.
    ///
    /// # Errors
    /// A next key is there already, or the folder cannot be read or written.
    pub fn rotate(&self, now: Timestamp, after: Duration) -> Result<Rotated, CannotRotate> {
        let _lock = self.lock()?;
        let ring = self.read()?;
        if let Some(SigningKey { kid, signs_from: SignsFrom::At(signs_from), .. }) = ring.waiting(now) {
            return Err(CannotRotate::Waiting { kid: kid.clone(), signs_from: *signs_from });
        }
        let signs_from = match ring.current(now).map(|key| key.signs_from) {
            // Two keys of the same second would be told apart by their names alone.
            Some(SignsFrom::At(begun)) => now.plus(after).max(begun.plus(Duration::seconds(1))),
            Some(SignsFrom::Never) | None => now,
        };
        let (kid, signs_from) = self.add(signs_from, ring.has_demo_key())?;
        let mut removed = Vec::new();
        for key in ring.dead(now) {
            fs::remove_file(self.path.join(file_name(key)))?;
            removed.push(key.kid.clone());
        }
        Ok(Rotated { kid, signs_from, removed })
    }

    fn add(&self, signs_from: Timestamp, of_demo: bool) -> io::Result<(String, Timestamp)> {
        // The name tells whole seconds.
        let signs_from = Timestamp::from_millis(signs_from.millis().div_euclid(1_000).saturating_mul(1_000));
        let der = SigningKey::generate()?;
        let key = SigningKey { of_demo, ..SigningKey::from_pkcs8(der.as_ref(), SignsFrom::At(signs_from))? };
        write_private(&self.path.join(file_name(&key)), der.as_ref())?;
        Ok((key.kid, signs_from))
    }

    /// Keeps others from making a key, until it is dropped.
    fn lock(&self) -> io::Result<File> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.path.join(LOCK_FILE))?;
        file.lock()?;
        Ok(file)
    }
}

fn file_name(key: &SigningKey) -> String {
    let demo = if key.of_demo { DEMO } else { "" };
    match key.signs_from {
        SignsFrom::At(instant) if instant.millis() != 0 => {
            format!("{demo}{}-{}.{EXTENSION}", instant.millis().div_euclid(1_000), key.kid)
        }
        SignsFrom::At(_) | SignsFrom::Never => format!("{demo}{}.{EXTENSION}", key.kid),
    }
}

fn read_key(path: &Path) -> io::Result<SigningKey> {
    let key = SigningKey::from_pkcs8(&fs::read(path)?, SignsFrom::Never)?;
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let before = name.strip_suffix(&key.kid).ok_or_else(|| invalid("not the key that its name says"))?;
    let (of_demo, seconds) = before.strip_prefix(DEMO).map_or((false, before), |seconds| (true, seconds));
    let seconds = if seconds.is_empty() { Some(0) } else { seconds.strip_suffix('-').and_then(|number| number.parse().ok()) };
    let seconds: i64 = seconds.ok_or_else(|| invalid("its name does not say from when it signs"))?;
    let signs_from = SignsFrom::At(Timestamp::from_millis(seconds.saturating_mul(1_000)));
    Ok(SigningKey { signs_from, of_demo, ..key })
}

/// Writes a file that only its owner can read, and that is there whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("unfinished");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    // The name itself is on disk only when its folder is.
    #[cfg(unix)]
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = KeyFolder::new(place.path().join("keys"));
        (place, folder)
    }

    fn files(folder: &KeyFolder) -> Vec<String> {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != LOCK_FILE).collect();
        names.sort();
        names
    }

    #[test]
    fn the_first_key_is_made_once_and_signs_at_once() {
        let (_place, folder) = folder();
        assert!(folder.read().unwrap().is_empty());
        let made = folder.read_or_begin(at(7), false).unwrap();
        assert!(folder.read_or_begin(at(9), false).unwrap().is_same(&made));
        assert_eq!(files(&folder), [format!("7-{}.pk8", made.current(at(7)).unwrap().kid)]);
    }

    #[test]
    fn servers_that_begin_at_once_make_one_key() {
        let (_place, folder) = folder();
        let begin = || folder.read_or_begin(at(7), false).unwrap().current(at(7)).unwrap().kid.clone();
        let kids = std::thread::scope(|scope| {
            let servers = [0; 8].map(|_| scope.spawn(begin));
            servers.map(|server| server.join().unwrap())
        });
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
        assert_eq!(files(&folder).len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let (_place, folder) = folder();
        folder.read_or_begin(at(7), false).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join(&files(&folder)[0])), 0o600);
    }

    #[test]
    fn a_rotation_publishes_the_next_key_and_removes_those_that_are_over() {
        let (_place, folder) = folder();
        let first = folder.rotate(at(0), Duration::days(1)).unwrap();
        assert_eq!((first.signs_from, first.removed), (at(0), Vec::new()), "there is none to wait for");
        let second = folder.rotate(at(10), Duration::days(1)).unwrap();
        assert_eq!(second.signs_from, at(10 + DAY));
        let refused = folder.rotate(at(10), Duration::zero()).unwrap_err();
        assert!(matches!(&refused, CannotRotate::Waiting { kid, .. } if *kid == second.kid), "{refused}");
        assert_eq!(files(&folder).len(), 2, "what is refused changes nothing");
        let third = folder.rotate(at(10 + DAY), Duration::zero()).unwrap();
        assert_eq!((third.signs_from, third.removed), (at(11 + DAY), Vec::new()), "after the one before, which the first outlives");
        let fourth = folder.rotate(at(20 + 2 * DAY), Duration::days(1)).unwrap();
        let mut removed = fourth.removed;
        removed.sort();
        let mut expected = [first.kid, second.kid];
        expected.sort();
        assert_eq!(removed, expected);
        assert_eq!(files(&folder).len(), 2);
    }

    #[test]
    fn the_name_says_from_when_a_key_signs_and_whose_it_is() {
        let (_place, folder) = folder();
        let ring = folder.read_or_begin(at(7), true).unwrap();
        let kid = ring.current(at(7)).unwrap().kid.clone();
        assert!(ring.has_demo_key());
        let rename = |from: &str, to: &str| fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
        rename(&format!("demo-7-{kid}.pk8"), &format!("{kid}.pk8"));
        let ring = folder.read().unwrap();
        assert_eq!((ring.has_demo_key(), ring.current(at(7)).unwrap().signs_from), (false, SignsFrom::At(at(0))));
        rename(&format!("{kid}.pk8"), &format!("soon-{kid}.pk8"));
        assert!(folder.read().is_err_and(|error| error.to_string().contains("from when it signs")));
        rename(&format!("soon-{kid}.pk8"), "7-of-another.pk8");
        assert!(folder.read().is_err_and(|error| error.to_string().contains("not the key that its name says")));
    }

    #[test]
    fn what_is_not_a_key_is_told_with_its_name() {
        let (_place, folder) = folder();
        folder.read_or_begin(at(7), false).unwrap();
        fs::write(folder.path().join("8-broken.pk8"), b"broken").unwrap();
        assert!(folder.read().is_err_and(|error| error.to_string().contains("8-broken.pk8")));
    }
}
