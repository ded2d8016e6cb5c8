/// A place among the connections whose client is not known yet: given back when the last reference goes, at the login or at the end.
package final class LoginPlace: Sendable {
    private let leave: @Sendable () -> Void

    /// - Parameter leave: called once, on any thread; must not block.
    package init(_ leave: @escaping @Sendable () -> Void) {
        self.leave = leave
    }

    deinit {
        leave()
    }
}
