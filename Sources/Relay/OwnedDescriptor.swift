internal import Glibc

/// A file descriptor with one owner: letting go of it closes it.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for system calls while this value lives.
    package let number: Int32

    /// Takes over a descriptor that nobody else will close.
    package init(taking number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Gives the descriptor to a caller who will close it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
