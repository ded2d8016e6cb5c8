/// Payloads that wait for a handshake, bounded in number and bytes; when it is full the oldest go.
struct SessionQueue {
    private let packetLimit: Int
    private let byteLimit: Int
    private var payloads: [[UInt8]] = []
    private var byteCount = 0

    init(packetLimit: Int, byteLimit: Int) {
        self.packetLimit = packetLimit
        self.byteLimit = byteLimit
    }

    var isEmpty: Bool { payloads.isEmpty }
    var count: Int { payloads.count }

    /// Appends a payload and answers how many old ones had to go.
    mutating func append(_ payload: [UInt8]) -> Int {
        payloads.append(payload)
        byteCount += payload.count
        var dropped = 0
        while payloads.count - dropped > packetLimit || byteCount > byteLimit, payloads.count - dropped > 1 {
            byteCount -= payloads[dropped].count
            dropped += 1
        }
        payloads.removeFirst(dropped)
        return dropped
    }

    /// Takes all of them, the oldest first.
    mutating func takeAll() -> [[UInt8]] {
        defer {
            payloads = []
            byteCount = 0
        }
        return payloads
    }
}
