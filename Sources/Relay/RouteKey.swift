internal import Wire

/// A node key as the packet path compares it: four words in the machine's own byte order, loaded from where the frame lies.
struct RouteKey: Hashable, Sendable {
    let word0: UInt64
    let word1: UInt64
    let word2: UInt64
    let word3: UInt64

    /// No node's key: what stands where none is known.
    static let zero = RouteKey(word0: 0, word1: 0, word2: 0, word3: 0)

    private init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Loads the 32 bytes at `pointer`, which the caller has checked to be there.
    init(loading pointer: UnsafeRawPointer) {
        word0 = pointer.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        word1 = pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        word2 = pointer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        word3 = pointer.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    init(_ key: NodeKey) {
        let bytes = key.bytes
        self = bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress, raw.count == NodeKey.byteCount else { preconditionFailure("a key has 32 bytes") }
            return RouteKey(loading: base)
        }
    }

    /// Writes the 32 bytes to `pointer`.
    func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: word0, toByteOffset: 0, as: UInt64.self)
        pointer.storeBytes(of: word1, toByteOffset: 8, as: UInt64.self)
        pointer.storeBytes(of: word2, toByteOffset: 16, as: UInt64.self)
        pointer.storeBytes(of: word3, toByteOffset: 24, as: UInt64.self)
    }

    var nodeKey: NodeKey {
        var bytes = [UInt8](repeating: 0, count: NodeKey.byteCount)
        bytes.withUnsafeMutableBytes { raw in
            if let base = raw.baseAddress { store(to: base) }
        }
        guard let key = NodeKey(bytes) else { preconditionFailure("a key has 32 bytes") }
        return key
    }
}
