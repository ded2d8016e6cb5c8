internal import NIOConcurrencyHelpers

/// The context that a server uses for connections to come; a reload puts another one in.
package final class CurrentTLSContext: Sendable {
    private let box: NIOLockedValueBox<TLSContext>

    package init(_ context: TLSContext) {
        box = NIOLockedValueBox(context)
    }

    package var value: TLSContext {
        get { box.withLockedValue { $0 } }
        set { box.withLockedValue { $0 = newValue } }
    }
}
