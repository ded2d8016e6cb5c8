internal import Wire

/// What is wrong with a join line.
package enum JoinLineError: Error, Equatable {
    /// It does not begin with `causeway://` or `causeway+http://`.
    case unknownScheme
    /// No `HOST:PORT` with a port of 1 to 65535 follows the scheme.
    case invalidAddress
    /// The join key is cut off or mistyped.
    case invalidKey
    /// The certificate pin is cut off or mistyped.
    case invalidPin
    /// Something follows that does not belong there.
    case trailingCharacters
}

extension JoinLineError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownScheme:
            "a join line begins with causeway:// – copy the whole line that `causeway-server invite` prints"
        case .invalidAddress: "the join line names no server as HOST:PORT"
        case .invalidKey: "the join line's key is cut off or mistyped – copy the whole line again"
        case .invalidPin:
            "the join line's certificate pin is cut off or mistyped – copy the whole line again"
        case .trailingCharacters: "the join line has something behind its end – copy just the line"
        }
    }
}

/// The one line that a new node needs: where the server is, how to know it, and the key that admits the node.
///
/// ```
/// causeway://relay.example.net:443/cwj_KEY            a certificate that the system's roots vouch for
/// causeway://203.0.113.7:443/cwj_KEY/PIN              a self-signed one: PIN is the base64url SHA-256 of its DER
/// causeway://2001:db8::7:443/cwj_KEY/PIN              IPv6: the last colon stands before the port
/// causeway+http://127.0.0.1:8080/cwj_KEY              no TLS, for development
/// ```
/// It holds no character that a shell would act on, so that it survives being pasted without quotes; that is why IPv6
/// addresses are printed without brackets (zsh would look for files). With brackets they are read as well.
package struct JoinLine: Equatable, Sendable {
    /// The longest host name (RFC 1035 §2.3.4).
    package static let maximumHostByteCount = 253

    /// A DNS name, IPv4 address, or IPv6 address without brackets.
    package let host: String
    package let port: UInt16
    /// Whether the server speaks plain HTTP, for development only.
    package let isPlainHTTP: Bool
    /// The SHA-256 of the server's certificate (its DER), when it is self-signed.
    package let certificateDigest: [UInt8]?
    package let joinKey: JoinKeySecret

    /// A line from its parts, or nil for a host, port or digest that no line can carry.
    package init?(
        host: String, port: UInt16, isPlainHTTP: Bool = false, certificateDigest: [UInt8]? = nil,
        joinKey: JoinKeySecret
    ) {
        guard Self.isHost(host), port > 0, certificateDigest == nil || certificateDigest?.count == 32,
            !(isPlainHTTP && certificateDigest != nil)
        else { return nil }
        self.host = host
        self.port = port
        self.isPlainHTTP = isPlainHTTP
        self.certificateDigest = certificateDigest
        self.joinKey = joinKey
    }

    /// Parses a line strictly; white space around it is passed over.
    package init(parsing text: some StringProtocol) throws(JoinLineError) {
        let line = Self.trimmed(text)
        let isPlainHTTP = line.hasPrefix(Self.plainScheme)
        guard isPlainHTTP || line.hasPrefix(Self.scheme) else { throw .unknownScheme }
        let parts = line.dropFirst(isPlainHTTP ? Self.plainScheme.count : Self.scheme.count)
            .split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first, let colon = address.lastIndex(of: ":"),
            let port = Self.port(address[address.index(after: colon)...])
        else { throw .invalidAddress }
        guard let host = Self.unbracketed(address[..<colon]) else { throw .invalidAddress }
        guard parts.count >= 2, let joinKey = JoinKeySecret(parts[1]) else { throw .invalidKey }
        var digest: [UInt8]?
        if parts.count >= 3 {
            guard let bytes = Base64URL.decode(parts[2]), bytes.count == 32, !isPlainHTTP else {
                throw .invalidPin
            }
            digest = bytes
        }
        guard parts.count <= 3 else { throw .trailingCharacters }
        guard
            let line = Self(
                host: host, port: port, isPlainHTTP: isPlainHTTP, certificateDigest: digest,
                joinKey: joinKey)
        else { throw .invalidAddress }
        self = line
    }

    /// The line. It holds the join key: for the operator's eyes only.
    package var secretText: String {
        let pin = certificateDigest.map { "/" + Base64URL.encode($0) } ?? ""
        return
            "\(isPlainHTTP ? Self.plainScheme : Self.scheme)\(host):\(port)/\(joinKey.secretText)\(pin)"
    }

    /// The pin in the form of DERP maps, `sha256-raw:` and 64 hexadecimal digits.
    package var certificatePin: String? {
        certificateDigest.map { "sha256-raw:" + Hexadecimal.encode($0) }
    }

    private static let scheme = "causeway://"
    private static let plainScheme = "causeway+http://"

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        var line = Substring(text)
        while line.first?.isWhitespace == true { line.removeFirst() }
        while line.last?.isWhitespace == true { line.removeLast() }
        return line
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard !text.isEmpty,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt16(text)
    }

    private static func unbracketed(_ host: Substring) -> String? {
        guard host.hasPrefix("[") else { return String(host) }
        guard host.hasSuffix("]"), let address = IPAddress(host.dropFirst().dropLast()), !address.isIPv4
        else { return nil }
        return String(host.dropFirst().dropLast())
    }

    private static func isHost(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= maximumHostByteCount else { return false }
        if IPAddress(text) != nil { return true }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy(isHostCharacter)
        }
    }

    private static func isHostCharacter(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
