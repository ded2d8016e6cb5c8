internal import Wire

/// Why bytes are no disco message. The receiver ignores such a packet silently.
package enum MessageError: Error, Equatable {
    /// Shorter than the type's fixed part.
    case truncated
}

/// A disco message, the content of a sealed packet: what two peers say to find a path between them.
///
/// ```
/// +------+---------+-------------------+
/// | type | version | body …            |
/// +------+---------+-------------------+
/// ```
/// A later version may append bytes, so what follows a known body is ignored.
package enum Message: Equatable, Sendable {
    case ping(Ping)
    case pong(Pong)
    case callMeMaybe(CallMeMaybe)
    /// A type that this implementation does not speak: peer-relay messages (4 to 9) or one that does not exist.
    case unknown(UInt8)

    /// Reads an opened box.
    package init(parsing bytes: RawSpan) throws(MessageError) {
        var reader = ByteReader(bytes)
        guard let type = try? reader.readUInt8(), let version = try? reader.readUInt8() else { throw .truncated }
        do throws(EndOfBytes) {
            switch type {
            case Ping.type: self = .ping(try Ping(from: &reader))
            case Pong.type: self = .pong(try Pong(from: &reader))
            case CallMeMaybe.type: self = .callMeMaybe(CallMeMaybe(from: &reader, version: version))
            default: self = .unknown(type)
            }
        } catch {
            throw .truncated
        }
    }

    /// The bytes that are sealed: type, version 0, body.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reservingCapacity: 64)
        switch self {
        case .ping(let ping): ping.write(to: &writer)
        case .pong(let pong): pong.write(to: &writer)
        case .callMeMaybe(let callMeMaybe): callMeMaybe.write(to: &writer)
        case .unknown(let type):
            writer.write(type)
            writer.write(UInt8(0))
        }
        return writer.bytes
    }
}
