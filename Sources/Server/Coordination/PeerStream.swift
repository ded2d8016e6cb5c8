internal import Coordination
internal import NIOCore

/// One reader's side of a stream.
struct PeerStream: Sendable {
    /// What a reader is told first.
    enum Greeting: Sendable {
        /// All nodes of its network.
        case snapshot(PeerList)
        /// What it has missed.
        case resumed([PeerEvent])

        /// The greeting as text. It may be long: whoever sends it encodes it, not whoever keeps the registry.
        func text(_ texts: PeerTexts) throws -> ByteBuffer {
            switch self {
            case .snapshot(let list):
                var text = ByteBuffer(string: "id: \(list.eventID)\nevent: \(PeerEvent.Name.snapshot.rawValue)\ndata: ")
                var json = try texts.text(of: list)
                text.writeBuffer(&json)
                text.writeString("\n\n")
                return text
            case .resumed(let missed):
                // A comment, so that also a reader who missed nothing gets an answer at once.
                var text = ByteBuffer(string: ": resumed\n\n")
                for event in missed {
                    if var part = PeerStreams.text(of: event) { text.writeBuffer(&part) }
                }
                return text
            }
        }
    }

    let id: UInt64
    let greeting: Greeting
    /// Pieces of text to send as they are.
    let events: AsyncStream<ByteBuffer>
    /// Ends `events`, when the reader has gone.
    let end: @Sendable () -> Void
}
