internal import Wire

/// An answer or announcement of a PCP server (RFC 6887 §7.2, §11.1, §14.1).
///
/// ```
/// 0         1            2          3        4               8           12              24
/// +---------+------------+----------+--------+---------------+-----------+---------------+-----------------+
/// | version | 128+opcode | reserved | result | lifetime (s)  | epoch (s) | reserved      | MAP: as request |
/// +---------+------------+----------+--------+---------------+-----------+---------------+-----------------+
/// ```
package struct PCPResponse: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case announce
        case map(PCPMap)
        /// A refusal without the request in it, or an answer to what we never ask.
        case none
    }

    package var opcode: UInt8
    /// The code as it came; `result` names those of the RFC.
    package var resultCode: UInt8
    /// Of the mapping; in a refusal, how long the same request will be refused.
    package var lifetime: UInt32
    /// Seconds since the server's mapping table was made.
    package var epoch: UInt32
    package var content: Content

    package var result: PCPResult? { PCPResult(rawValue: resultCode) }

    /// What the result means for a mapping; nil for success.
    var failure: MappingFailure? {
        guard let result else { return .refused(.pcp, code: Int(resultCode)) }
        return result.failure
    }

    static let announceOpcode: UInt8 = 0
    static let mapOpcode: UInt8 = 1
    static let headerByteCount = 24
    /// Longer messages are none of PCP (§7).
    package static let maximumByteCount = 1100
    private static let responseBit: UInt8 = 128

    /// Parses a datagram; nil for what §8.3 tells a client to ignore. Options behind it are not looked at.
    package init?(parsing bytes: RawSpan) {
        guard (Self.headerByteCount...Self.maximumByteCount).contains(bytes.byteCount), bytes.byteCount.isMultiple(of: 4) else {
            return nil
        }
        var reader = ByteReader(bytes)
        // The length was checked: none of these can fail.
        guard let version = try? reader.readUInt8(), version == PCPRequest.version,
            let opcode = try? reader.readUInt8(), opcode >= Self.responseBit,
            (try? reader.skip(1)) != nil, let resultCode = try? reader.readUInt8(),
            let lifetime = try? reader.readUInt32(), let epoch = try? reader.readUInt32(), (try? reader.skip(12)) != nil
        else { return nil }
        self.opcode = opcode - Self.responseBit
        self.resultCode = resultCode
        self.lifetime = lifetime
        self.epoch = epoch
        switch self.opcode {
        case Self.announceOpcode: content = .announce
        case Self.mapOpcode:
            if let map = PCPMap(from: &reader) {
                content = .map(map)
            } else if resultCode == PCPResult.success.rawValue {
                return nil
            } else {
                content = .none
            }
        default: content = .none
        }
    }
}
