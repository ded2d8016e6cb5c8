/// Remembers which counters have been seen, so that no packet is taken twice (RFC 6479).
///
/// A ring of words: when the window moves on, whole words are cleared and nothing is shifted.
package struct ReplayWindow: Sendable {
    /// How far behind the newest counter a packet may be. One more word than that is kept, for the one in progress.
    package static let size: UInt64 = 2048

    private static let wordCount: UInt64 = size / 64 + 1

    private var words = [UInt64](repeating: 0, count: Int(wordCount))
    /// One more than the newest counter seen.
    private var next: UInt64 = 0

    package init() {}

    /// Whether a packet with this counter could be taken. It must open before it is `insert`ed.
    package func accepts(_ counter: UInt64) -> Bool {
        guard counter < .max else { return false }
        if counter >= next { return true }
        guard next - counter <= Self.size else { return false }
        return words[Self.index(counter)] & Self.bit(counter) == 0
    }

    /// Notes a counter that was accepted.
    package mutating func insert(_ counter: UInt64) {
        guard accepts(counter) else { return }
        if counter >= next {
            let newest = next == 0 ? 0 : (next - 1) / 64
            let steps = min(counter / 64 - newest, Self.wordCount)
            for step in 0..<steps {
                words[Int((counter / 64 - step) % Self.wordCount)] = 0
            }
            next = counter + 1
        }
        words[Self.index(counter)] |= Self.bit(counter)
    }

    private static func index(_ counter: UInt64) -> Int { Int(counter / 64 % wordCount) }
    private static func bit(_ counter: UInt64) -> UInt64 { 1 << (counter % 64) }
}
