package import Wire

/// The result codes of NAT-PMP (RFC 6886 §3.5).
package enum NATPMPResult: Hashable, Sendable {
    case success
    /// Also how a NAT-PMP gateway answers a PCP request (RFC 6887 Appendix A).
    case unsupportedVersion
    case notAuthorized
    /// The gateway has no external address.
    case networkFailure
    case outOfResources
    case unsupportedOpcode
    /// A code that the RFC does not define.
    case other(UInt16)

    init(wireValue: UInt16) {
        switch wireValue {
        case 0: self = .success
        case 1: self = .unsupportedVersion
        case 2: self = .notAuthorized
        case 3: self = .networkFailure
        case 4: self = .outOfResources
        case 5: self = .unsupportedOpcode
        default: self = .other(wireValue)
        }
    }

    /// What the code means for a mapping; nil for success.
    var failure: MappingFailure? {
        switch self {
        case .success: nil
        case .unsupportedVersion, .unsupportedOpcode: .unsupported
        case .notAuthorized: .notAuthorized
        case .networkFailure: .networkDown
        case .outOfResources: .outOfResources
        case .other(let code): .refused(.natPMP, code: Int(code))
        }
    }
}

/// An answer or announcement of a NAT-PMP gateway (RFC 6886 §3.2, §3.3, §3.5).
///
/// ```
/// 0         1            2        4           8
/// +---------+------------+--------+-----------+------------------------------------------------------+
/// | version | 128+opcode | result | epoch (s) | external address (4)                                 |
/// |         |            |        |           | internal port (2), external port (2), lifetime (4)   |
/// +---------+------------+--------+-----------+------------------------------------------------------+
/// ```
/// A refusal may end after the epoch.
package struct NATPMPResponse: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case externalAddress(IPAddress)
        case mappedUDP(internalPort: UInt16, externalPort: UInt16, lifetime: UInt32)
        /// A refusal, or an answer to what we never ask.
        case none
    }

    /// The request's opcode.
    package var opcode: UInt8
    package var result: NATPMPResult
    /// Seconds since the gateway's mapping table was made.
    package var epoch: UInt32
    package var content: Content

    static let externalAddressOpcode: UInt8 = 0
    static let mapUDPOpcode: UInt8 = 1
    private static let responseBit: UInt8 = 128

    /// Parses a datagram; nil for what is no answer of NAT-PMP. Bytes behind it are not looked at.
    package init?(parsing bytes: RawSpan) {
        var reader = ByteReader(bytes)
        // A field that is not there makes it no answer.
        guard let version = try? reader.readUInt8(), version == NATPMPRequest.version,
            let opcode = try? reader.readUInt8(), opcode >= Self.responseBit,
            let result = try? reader.readUInt16(), let epoch = try? reader.readUInt32()
        else { return nil }
        self.opcode = opcode - Self.responseBit
        self.result = NATPMPResult(wireValue: result)
        self.epoch = epoch
        content = .none
        guard self.result == .success else { return }
        switch self.opcode {
        case Self.externalAddressOpcode:
            guard let address = try? reader.readUInt32() else { return nil }  // As above.
            content = .externalAddress(IPAddress(ipv4: address))
        case Self.mapUDPOpcode:
            guard let internalPort = try? reader.readUInt16(), let externalPort = try? reader.readUInt16(),
                let lifetime = try? reader.readUInt32()  // As above.
            else { return nil }
            content = .mappedUDP(internalPort: internalPort, externalPort: externalPort, lifetime: lifetime)
        default: break
        }
    }
}
