/// Bytes that wait for room in a socket, in the order they have to leave.
struct PendingBytes {
    private var bytes: [UInt8] = []
    /// What was sent of them already: they are moved only when that is most of them.
    private var sentCount = 0

    var count: Int { bytes.count - sentCount }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        if sentCount > bytes.count / 2 {
            bytes.removeFirst(sentCount)
            sentCount = 0
        }
        bytes.append(contentsOf: more)
    }

    mutating func removeFirst(_ count: Int) {
        sentCount += count
        if isEmpty { removeAll() }
    }

    /// Forgets everything; the room stays for what comes next.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        sentCount = 0
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[sentCount...])) }
    }
}
