internal import Foundation
internal import Synchronization

/// The database's file on disk: its mode, and the lock that keeps a second server away.
final class DatabaseFile: Sendable {
    let path: String
    /// The open lock file, or -1 once it has been released.
    private let lockDescriptor: Mutex<Int32>

    /// Makes the file when it is missing, for its owner only, and takes the lock.
    ///
    /// The lock lies on a file of its own, `PATH.lock`: SQLite loses its locks when anybody else closes the database file.
    /// It goes with the process, however that ends.
    init(path: String) throws(StoreError) {
        self.path = path
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.error(errno, path: path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .inUse(path: path)
        }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = errno
            close(lock)
            throw Self.error(reason, path: path)
        }
        // A file that was copied back from a backup may be open to everyone. Whoever may not change that is not its owner:
        // then it is the owner's decision.
        _ = fchmod(file, 0o600)
        close(file)
        lockDescriptor = Mutex(lock)
    }

    deinit {
        release()
    }

    /// Gives the lock back.
    func release() {
        let lock = lockDescriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        guard lock >= 0 else { return }
        // Closing alone would leave the lock with a child process that is just being started and has the descriptor yet.
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func error(_ code: Int32, path: String) -> StoreError {
        switch code {
        case EACCES, EPERM, EROFS: .readOnly(path: path)
        case ENOSPC, EDQUOT: .diskFull(path: path)
        default: .cannotOpen(path: path, reason: String(cString: strerror(code)))
        }
    }
}
