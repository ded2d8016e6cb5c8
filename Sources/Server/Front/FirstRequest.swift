internal import Foundation

/// What the first bytes of a connection ask for: an upgrade to DERP, or HTTP.
///
/// Only an exact request for an upgrade is taken here; everything else, also what is malformed, goes byte for byte to the HTTP server,
/// which answers it as its rules say.
package enum FirstRequest {
    /// An accepted request for an upgrade.
    package struct Upgrade: Equatable, Sendable {
        /// Bytes of the request head; what follows belongs to the DERP stream.
        package var headByteCount: Int
        /// The key of the WebSocket handshake, nil for the DERP stream without WebSocket messages.
        package var webSocketKey: String?
        /// Whether the client wants no reply head.
        package var isFastStart: Bool
        /// Whether the client named a relay that it would rather be connected to.
        package var isNotIdeal: Bool
        /// The addresses that proxies have noted in `X-Forwarded-For`, the client's first; whether they are believed is another question.
        package var forwardedFor: String

        package init(
            headByteCount: Int, webSocketKey: String? = nil, isFastStart: Bool = false, isNotIdeal: Bool = false,
            forwardedFor: String = ""
        ) {
            self.headByteCount = headByteCount
            self.webSocketKey = webSocketKey
            self.isFastStart = isFastStart
            self.isNotIdeal = isNotIdeal
            self.forwardedFor = forwardedFor
        }
    }

    package enum Verdict: Equatable, Sendable {
        /// The head is not complete.
        case incomplete
        case http
        case derp(Upgrade)
    }

    /// The longest head that is looked at. A stock client's has some 150 bytes, a browser's under 2 KB.
    package static let maximumHeadSize = 8 << 10

    /// Judges the bytes received so far.
    package static func classify(_ bytes: [UInt8]) -> Verdict {
        guard mayBeHTTP1(bytes) else { return .http }
        guard let end = endOfHead(bytes) else { return bytes.count < maximumHeadSize ? .incomplete : .http }
        guard let head = Head(bytes[..<end]), head.isForDERP else { return .http }
        var upgrade = Upgrade(
            headByteCount: end, isNotIdeal: !head["ideal-node"].isEmpty, forwardedFor: head["x-forwarded-for"])
        switch head["upgrade"].lowercased() {
        case "websocket" where head.hasToken("derp", in: "sec-websocket-protocol"):
            let key = head["sec-websocket-key"]
            // RFC 6455 §4.2.1: sixteen bytes in base64, and version 13.
            guard head["sec-websocket-version"] == "13", Data(base64Encoded: key)?.count == 16 else { return .http }
            upgrade.webSocketKey = key
        // Very early clients say "websocket" without a sub-protocol and mean the bare stream.
        case "derp", "websocket":
            upgrade.isFastStart = head["derp-fast-start"] == "1"
        default:
            return .http
        }
        return .derp(upgrade)
    }

    /// Whether the bytes may still become a request of HTTP/1. What cannot is not waited for.
    private static func mayBeHTTP1(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
        guard let end = bytes.firstIndex(of: .lineFeed) else { return true }
        return String(decoding: bytes[..<end], as: UTF8.self).contains(" HTTP/1.")
    }

    /// The offset behind the empty line, within the longest head.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let bytes = bytes.prefix(maximumHeadSize)
        var lineStart = bytes.startIndex
        while let end = bytes[lineStart...].firstIndex(of: .lineFeed) {
            let isEmpty = end == lineStart || (end == lineStart + 1 && bytes[lineStart] == .carriageReturn)
            if isEmpty { return end + 1 }
            lineStart = end + 1
        }
        return nil
    }
}

/// A request head, read strictly: what is odd in any way is none.
private struct Head {
    private let requestLine: String
    /// By lower-case name; several fields of a name are one list (RFC 9110 §5.3).
    private var fields: [String: String] = [:]

    init?(_ bytes: ArraySlice<UInt8>) {
        // The last two parts are the empty line and what follows its end.
        let lines = bytes.split(separator: .lineFeed, omittingEmptySubsequences: false).dropLast(2)
        var texts: [String] = []
        for line in lines {
            let content = line.dropLast()
            guard line.last == .carriageReturn, !content.contains(where: { $0 == .carriageReturn || $0 == 0 }) else { return nil }
            texts.append(String(decoding: content, as: UTF8.self))
        }
        guard let first = texts.first else { return nil }
        requestLine = first
        for text in texts.dropFirst() {
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let name = text[..<colon].lowercased()
            guard !name.isEmpty, !name.contains(where: { $0 == " " || $0 == "\t" }) else { return nil }
            let value = text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            fields[name] = fields[name].map { $0 + ", " + value } ?? value
        }
    }

    /// A field's value, "" when it is absent.
    subscript(name: String) -> String { fields[name] ?? "" }

    /// `GET /derp HTTP/1.1` with a host, without a body, and with an upgrade for this connection.
    var isForDERP: Bool {
        let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "GET", parts[2] == "HTTP/1.1" else { return false }
        guard parts[1] == "/derp" || parts[1].hasPrefix("/derp?") else { return false }
        guard fields["host"] != nil, fields["transfer-encoding"] == nil, ["", "0"].contains(self["content-length"]) else {
            return false
        }
        return hasToken("upgrade", in: "connection")
    }

    func hasToken(_ token: String, in name: String) -> Bool {
        self[name].split(separator: ",").contains { $0.trimmingCharacters(in: .whitespaces).lowercased() == token }
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}
