internal import NIOPosix

/// What the sessions of one event loop share.
final class TLSLoop {
    let port = TLSPort()
    /// Plaintext on its way into a buffer of the right size.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    deinit {
        scratch.deallocate()
    }

    // The variable itself never changes; each thread sees its own value.
    private nonisolated(unsafe) static let ofThread = ThreadSpecificVariable<TLSLoop>()

    /// The one of the calling thread.
    static var current: TLSLoop {
        if let loop = ofThread.currentValue { return loop }
        let loop = TLSLoop()
        ofThread.currentValue = loop
        return loop
    }
}
