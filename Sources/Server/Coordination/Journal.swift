internal import Coordination

/// Changes on their way to the store, in the order in which the registry made them.
///
/// One batch is written at a time and all that gathered meanwhile is the next one, so a burst of requests shares a transaction.
struct Journal {
    /// Changes not yet given to the store, oldest first.
    private(set) var pending: [StoreChange] = []
    /// Whether somebody waits for what is pending, so that it is not to lie until the next tick.
    private(set) var isUrgent = false
    private var waiters: [CheckedContinuation<Void, any Error>] = []
    /// Changes given to the store since the start.
    private(set) var storedCount: UInt64 = 0

    mutating func append(_ changes: [StoreChange], urgently: Bool) {
        pending += changes
        isUrgent = isUrgent || urgently
    }

    /// Resumes `waiter` when all that is pending has been written.
    mutating func wait(_ waiter: CheckedContinuation<Void, any Error>) {
        waiters.append(waiter)
    }

    /// Takes the next batch out.
    mutating func takeBatch() -> (changes: [StoreChange], waiters: [CheckedContinuation<Void, any Error>]) {
        defer {
            storedCount &+= UInt64(pending.count)
            pending = []
            waiters = []
            isUrgent = false
        }
        return (pending, waiters)
    }
}
