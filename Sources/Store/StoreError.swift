/// Why the store cannot be opened, read or written. Each names its remedy.
package enum StoreError: Error, Equatable {
    /// Another server holds the database.
    case inUse(path: String)
    /// Another program keeps the database locked.
    case locked(path: String)
    /// The file or its directory cannot be written.
    case readOnly(path: String)
    /// The file cannot be made or opened.
    case cannotOpen(path: String, reason: String)
    /// A later version has written the database.
    case newerVersion(path: String, unknown: [String])
    /// The file is a database of another program.
    case foreign(path: String)
    /// The file is damaged, or no database.
    case corrupt(path: String, reason: String)
    /// The disk is full.
    case diskFull(path: String)
    /// Anything else that SQLite reports.
    case failed(path: String, reason: String)
    /// The store has been closed.
    case closed
}

extension StoreError: CustomStringConvertible {
    /// One line: what is wrong, and what to do.
    package var description: String {
        switch self {
        case .inUse(let path):
            "\(path) is used by another causeway-server: stop that one, or give this one its own --data directory"
        case .locked(let path):
            "\(path) is locked by another program: close it (a sqlite3 shell or a backup, perhaps) and start again"
        case .readOnly(let path):
            "\(path) cannot be written: give the server's user write access to the file and its directory"
        case .cannotOpen(let path, let reason):
            "\(path) cannot be opened (\(reason)): does its directory exist, and may the server's user write there?"
        case .newerVersion(let path, let unknown):
            "\(path) was written by a later version (it has \(unknown.joined(separator: ", "))): "
                + "nothing was changed; start that version, or restore a backup"
        case .foreign(let path):
            "\(path) belongs to another program: nothing was changed; give --data another directory"
        case .corrupt(let path, let reason):
            "\(path) is damaged (\(reason)): restore a backup, or move it away and let the nodes join again"
        case .diskFull(let path):
            "the disk that holds \(path) is full: make room; nodes that were acknowledged are safe"
        case .failed(let path, let reason): "\(path) could not be read or written: \(reason)"
        case .closed: "the database has been closed"
        }
    }
}
