internal import Coordination
internal import NIOConcurrencyHelpers

/// A value that is known only once the listeners are bound.
final class Late<Value: Sendable>: Sendable {
    private let box = NIOLockedValueBox<Value?>(nil)

    func set(_ value: Value) {
        box.withLockedValue { $0 = value }
    }

    /// Changes the value if it is there.
    func update(_ change: (inout Value) -> Void) {
        box.withLockedValue { value in
            guard var known = value else { return }
            change(&known)
            value = known
        }
    }

    /// The value; before it is there the caller is asked to come back.
    func get() throws(Problem) -> Value {
        guard let value = box.withLockedValue({ $0 }) else {
            throw Problem(.unavailable, detail: "The server starts.", retryAfterSeconds: 1)
        }
        return value
    }
}
