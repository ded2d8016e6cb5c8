internal import Wire

/// An answer to a search (UPnP Device Architecture 1.1 §1.3.3), read leniently: line ends and cases vary between devices.
package struct SSDPAnswer: Hashable, Sendable {
    /// The URL of the device's description, as it came.
    package let location: String
    /// What answered (`ST`), or who (`USN`).
    package let target: String

    /// A datagram that is longer is none of a gateway's.
    package static let maximumByteCount = 2048
    private static let maximumLineCount = 64

    package init?(parsing bytes: RawSpan) {
        guard bytes.byteCount <= Self.maximumByteCount else { return nil }
        let text = String(decoding: bytes.copy(), as: UTF8.self)
        // "\r\n" is one Character, so that it splits like "\n".
        let lines = text.split(maxSplits: Self.maximumLineCount, omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let status = lines.first, Self.isSuccess(status) else { return nil }
        var location = ""
        var target = ""
        var name = ""
        for line in lines.dropFirst().prefix(Self.maximumLineCount) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = Self.trimmed(line[line.index(after: colon)...])
            switch Self.trimmed(line[..<colon]).uppercased() {
            case "LOCATION" where location.isEmpty: location = value
            case "ST": target = value
            case "USN": name = value
            default: break
            }
        }
        guard !location.isEmpty else { return nil }
        self.location = location
        self.target = target.isEmpty || target == "ssdp:all" ? name : target
    }

    /// How surely the device at the location is a gateway: lower is surer.
    var rank: Int {
        let target = target.lowercased()
        if target.contains(":wanipconnection:") || target.contains(":wanpppconnection:") { return 0 }
        if target.contains(":internetgatewaydevice:") { return 0 }
        return target.contains(":wan") ? 1 : 2
    }

    private static func isSuccess(_ line: some StringProtocol) -> Bool {
        let words = line.split(separator: " ")
        return words.count >= 2 && words[0].uppercased().hasPrefix("HTTP/1.") && words[1] == "200"
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        text.trimmingBlanks
    }
}
