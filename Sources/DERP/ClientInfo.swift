/// What a client says about itself at login: the JSON sealed in a `clientInfo` frame.
package struct ClientInfo: Sendable {
    /// The protocol version the client speaks, 0 when it does not say.
    package var version: Int
    /// The key of the region's relays, from a client that is one of them.
    package var meshKey: MeshKey?
    /// Whether the client answers pings.
    package var canAckPings: Bool
    /// Whether the client only tests the relay.
    package var isProber: Bool
    /// The client's program, for statistics; at most `Limits.maximumApplicationNameCount` Unicode scalars are kept.
    package var applicationName: String

    package init(
        version: Int = Limits.protocolVersion, meshKey: MeshKey? = nil, canAckPings: Bool = true, isProber: Bool = false,
        applicationName: String = ""
    ) {
        self.version = version
        self.meshKey = meshKey
        self.canAckPings = canAckPings
        self.isProber = isProber
        self.applicationName = applicationName
    }

    /// Parses the JSON: names in any case, unknown members ignored, the last of equal names counts, null as if absent.
    ///
    /// A mesh key that is not 64 hexadecimal digits, null included, is an error, and so is a negative version and a text that is no object.
    package init(json: [UInt8]) throws(JSONError) {
        self.init(version: 0, canAckPings: false)
        for (name, value) in try JSONScanner.members(of: json) {
            switch (name.lowercased(), value) {
            case ("version", .integer(let number)) where number >= 0: version = number
            case ("canackpings", .boolean(let flag)): canAckPings = flag
            case ("isprober", .boolean(let flag)): isProber = flag
            case ("appname", .string(let text)): applicationName = Self.shortened(text)
            case ("meshkey", .string(let text)):
                guard let key = MeshKey(text) else { throw JSONError(offset: 0) }
                meshKey = key
            case ("version", .null), ("canackpings", .null), ("isprober", .null), ("appname", .null): break
            case ("version", _), ("canackpings", _), ("isprober", _), ("appname", _), ("meshkey", _):
                throw JSONError(offset: 0)
            case (_, _): break
            }
        }
    }

    /// The JSON as the Go client writes it: members at their zero value are left out, but for `CanAckPings`.
    package var json: [UInt8] {
        var printer = JSONPrinter()
        if let meshKey { printer.add("meshKey", meshKey.secretText) }
        if version != 0 { printer.add("version", version) }
        printer.add("CanAckPings", canAckPings)
        if isProber { printer.add("IsProber", true) }
        if !applicationName.isEmpty { printer.add("AppName", applicationName) }
        return printer.bytes
    }

    /// Cuts by scalars, since one character can be made of any number of them.
    private static func shortened(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(Limits.maximumApplicationNameCount)))
    }
}
