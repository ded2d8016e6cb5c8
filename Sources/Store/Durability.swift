internal import Synchronization

/// The promise of one write: those who must not answer before it is on disk wait for it.
package final class Durability: Sendable {
    private enum State {
        case pending([CheckedContinuation<Result<Void, StoreError>, Never>])
        case done(Result<Void, StoreError>)
    }

    private let state: Mutex<State>

    package init() {
        state = Mutex(.pending([]))
    }

    /// A write that was refused from the start.
    package init(failed error: StoreError) {
        state = Mutex(.done(.failure(error)))
    }

    /// Returns when the write is on disk, and throws when it failed: then none of it is.
    package func wait() async throws(StoreError) {
        let result = await withCheckedContinuation { continuation in
            let known: Result<Void, StoreError>? = state.withLock { state in
                switch state {
                case .pending(let waiters):
                    state = .pending(waiters + [continuation])
                    return nil
                case .done(let result): return result
                }
            }
            if let known { continuation.resume(returning: known) }
        }
        try result.get()
    }

    /// Lets all waiters go on. Only the first result counts.
    package func finish(_ result: Result<Void, StoreError>) {
        let waiters: [CheckedContinuation<Result<Void, StoreError>, Never>] = state.withLock { state in
            switch state {
            case .pending(let waiters):
                state = .done(result)
                return waiters
            case .done: return []
            }
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }
}
