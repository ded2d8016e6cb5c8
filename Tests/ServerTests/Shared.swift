import NIOConcurrencyHelpers

/// A value that a test's closures hand to each other.
final class Shared<Value: Sendable>: Sendable {
    private let box = NIOLockedValueBox<Value?>(nil)

    var value: Value? {
        get { box.withLockedValue { $0 } }
        set { box.withLockedValue { $0 = newValue } }
    }
}
