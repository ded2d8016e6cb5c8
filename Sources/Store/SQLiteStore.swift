package import Coordination
internal import Dispatch
internal import GRDB
internal import Synchronization

/// The registry's durable part in one SQLite file.
///
/// One connection, one writing queue. While a transaction is on its way to the disk, changes gather; the next
/// transaction takes all of them (group commit), so that a thousand registrations at once cost a few syncs and not a thousand.
package final class SQLiteStore: NodeStore {
    /// How long a change that nobody waits for may stay in memory, in milliseconds.
    package static let delayMilliseconds = 1000
    /// How long another program may keep the file locked, before opening or writing fails.
    package static let patience = Duration.seconds(5)

    private struct State {
        /// Changes to be written, in order. One that a later change replaces has become nil.
        var pending: [StoreChange?] = []
        /// Where each node's publication and last-seen time lie in `pending`: only the latest is written.
        var publications: [NodeID: Int] = [:]
        var lastSeen: [NodeID: Int] = [:]
        var durability = Durability()
        var isWriteQueued = false
        var isDelayedWriteQueued = false
        /// Why nothing is taken any more.
        var failure: StoreError?
    }

    private let file: DatabaseFile
    private let database: DatabaseQueue
    private let writing = DispatchQueue(label: "causeway.store", qos: .userInitiated)
    private let state = Mutex(State())

    /// Opens the database at `path`, and makes or migrates it. One of a later version or of another program is left untouched.
    package init(path: String, patience: Duration = SQLiteStore.patience) throws(StoreError) {
        file = try DatabaseFile(path: path)
        do {
            database = try Self.open(path, patience)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(error, path: path)
        }
    }

    package func load() async throws(StoreError) -> RegistrySnapshot {
        do {
            return try await database.read { try SnapshotReader(database: $0).read() }
        } catch {
            throw StoreError(error, path: file.path)
        }
    }

    @discardableResult
    package func append(_ changes: [StoreChange], urgency: StoreUrgency) -> Durability {
        state.withLock { state in
            if let failure = state.failure { return Durability(failed: failure) }
            for change in changes { Self.add(change, to: &state) }
            switch urgency {
            case .now where !state.isWriteQueued:
                state.isWriteQueued = true
                writing.async { self.write() }
            case .soon where !state.isWriteQueued && !state.isDelayedWriteQueued:
                state.isDelayedWriteQueued = true
                writing.asyncAfter(deadline: .now() + .milliseconds(Self.delayMilliseconds)) { self.delayIsOver() }
            case .now, .soon: break
            }
            return state.durability
        }
    }

    package func resume() {
        state.withLock { state in
            if state.failure != .closed { state.failure = nil }
        }
    }

    package func close() async throws(StoreError) {
        var failure: StoreError?
        do {
            try await append([], urgency: .now).wait()
        } catch {
            guard error != .closed else { return }
            failure = error
        }
        state.withLock { $0.failure = .closed }
        do {
            try database.close()
        } catch {
            failure = StoreError(error, path: file.path)
        }
        file.release()
        if let failure { throw failure }
    }

    // MARK: - Writing

    private static func add(_ change: StoreChange, to state: inout State) {
        switch change {
        case .putPublication(let id, _):
            if let former = state.publications.updateValue(state.pending.count, forKey: id) { state.pending[former] = nil }
        case .putLastSeen(let id, _):
            if let former = state.lastSeen.updateValue(state.pending.count, forKey: id) { state.pending[former] = nil }
        case .putNetwork, .removeNetwork, .putJoinKey, .removeJoinKey, .putNode, .removeNode, .appendAudit, .trimAudit: break
        }
        state.pending.append(change)
    }

    private func delayIsOver() {
        let isDue = state.withLock { state in
            state.isDelayedWriteQueued = false
            // A write that is queued takes everything along.
            guard !state.isWriteQueued, !state.pending.isEmpty else { return false }
            state.isWriteQueued = true
            return true
        }
        if isDue { write() }
    }

    /// Writes all that is pending in one transaction. Runs on the writing queue only.
    private func write() {
        let (changes, durability, failure) = state.withLock { state in
            let batch = (state.pending, state.durability, state.failure)
            state.pending = []
            state.publications = [:]
            state.lastSeen = [:]
            state.durability = Durability()
            state.isWriteQueued = false
            return batch
        }
        if let failure { return durability.finish(.failure(failure)) }
        guard !changes.isEmpty else { return durability.finish(.success(())) }
        do {
            try database.write { database in
                let writer = ChangeWriter(database: database)
                for case let change? in changes { try writer.apply(change) }
            }
            durability.finish(.success(()))
        } catch {
            let error = StoreError(error, path: file.path)
            state.withLock { state in
                if state.failure == nil { state.failure = error }
            }
            durability.finish(.failure(error))
        }
    }

    // MARK: - Opening

    private static func open(_ path: String, _ patience: Duration) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "causeway"
        configuration.busyMode = .timeout(patience / .seconds(1))
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.read { try check($0, path: path) }
        try database.writeWithoutTransaction { database in
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else {
                throw StoreError.cannotOpen(path: path, reason: "its file system does not allow write-ahead logging")
            }
            // What was acknowledged survives a crash of the machine, not of the process only.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA application_id = \(Schema.applicationID)")
        }
        try Schema.migrator.migrate(database)
        return database
    }

    /// Refuses what this version did not write and cannot know, before anything is changed.
    private static func check(_ database: Database, path: String) throws {
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard tables > 0 else { return }
        guard try Int32.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
            throw StoreError.foreign(path: path)
        }
        let known = Set(Schema.migrator.migrations)
        let unknown = try Schema.migrator.appliedIdentifiers(database).subtracting(known)
        guard unknown.isEmpty else { throw StoreError.newerVersion(path: path, unknown: unknown.sorted()) }
    }
}

extension StoreError {
    /// What an error of GRDB or of reading a row means.
    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self = .corrupt(path: path, reason: "\(error)")
            return
        }
        self.init(sqliteCode: error.resultCode.rawValue, reason: error.message ?? "\(error.resultCode)", path: path)
    }

    /// What a primary result code of SQLite means (sqlite.org/rescode.html).
    package init(sqliteCode code: Int32, reason: String, path: String) {
        switch ResultCode(rawValue: code) {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM: self = .readOnly(path: path)
        case .SQLITE_CANTOPEN: self = .cannotOpen(path: path, reason: reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, reason: reason)
        case .SQLITE_FULL: self = .diskFull(path: path)
        default: self = .failed(path: path, reason: reason)
        }
    }
}
