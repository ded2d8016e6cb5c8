import CryptoBox
import DERP
import Wire

/// The least shell around a `ServerConnection`: one connection, fed with pieces of any size, admitted at once.
struct ServerShell {
    var connection: ServerConnection
    var random = testRandom()
    /// What the server would send.
    var output = ByteWriter()
    /// The actions with their data copied out, in words that tests compare.
    var actions: [String] = []
    var login: ServerConnection.Login?
    var closed: CloseReason?
    /// Whether the client was admitted and packets may come.
    var isReady = false
    var admits = true
    private var buffer: [UInt8] = []
    private var toSkip = 0

    init(_ identity: ServerConnection.Identity) {
        connection = ServerConnection(identity)
    }

    mutating func receive(_ bytes: [UInt8], at now: Instant = .zero) {
        buffer += bytes
        while closed == nil {
            let skipped = min(toSkip, buffer.count)
            buffer.removeFirst(skipped)
            toSkip -= skipped
            guard toSkip == 0, let header = FrameHeader(buffer.bytes) else { return }
            switch connection.examine(header) {
            case .take:
                guard buffer.count >= header.frameCount else { return }
                let payload = Array(buffer[FrameHeader.byteCount..<header.frameCount])
                perform(connection.receive(header, payload: payload.bytes, at: now), payload, at: now)
                buffer.removeFirst(header.frameCount)
            case .skip: toSkip = header.frameCount
            case .wait: return
            case .close(let reason): closed = reason
            }
        }
    }

    private mutating func perform(_ action: ServerConnection.Action, _ payload: [UInt8], at now: Instant) {
        switch action {
        case .askAdmission(let login):
            self.login = login
            guard admits else { return }
            isReady = connection.admit(ServerInfo(), at: now, using: &random, to: &output)
        case .forward(let destination, let data):
            actions.append("forward to \(destination.shortText): \(Hexadecimal.encode(payload[data]))")
        case .forwardPacket(let source, let destination, let data):
            actions.append(
                "forward from \(source.shortText) to \(destination.shortText): \(Hexadecimal.encode(payload[data]))")
        case .pong(let echo): ServerFrame.writePong(echo, to: &output)
        case .dropPing: actions.append("drop ping")
        case .notePreferred(let isPreferred): actions.append("preferred \(isPreferred)")
        case .watchConnections: actions.append("watch")
        case .closePeer(let key): actions.append("close \(key.shortText)")
        case .ignore: actions.append("ignore")
        case .close(let reason): closed = reason
        }
    }
}
