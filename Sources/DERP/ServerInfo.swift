/// What a server tells a client once it is registered: the JSON sealed in a `serverInfo` frame.
package struct ServerInfo: Hashable, Sendable {
    /// The protocol version the server speaks, 0 when it does not say.
    package var version: Int
    /// The rate at which the client may send, frame heads included; 0 means without limit. Stock clients keep it by dropping.
    package var bytesPerSecond: Int
    /// How many bytes the client may send at once under that rate.
    package var burstBytes: Int

    package init(version: Int = Limits.protocolVersion, bytesPerSecond: Int = 0, burstBytes: Int = 0) {
        self.version = version
        self.bytesPerSecond = bytesPerSecond
        self.burstBytes = burstBytes
    }

    /// Parses the JSON, as lenient as `ClientInfo`.
    package init(json: [UInt8]) throws(JSONError) {
        self.init(version: 0)
        for (name, value) in try JSONScanner.members(of: json) {
            switch (name.lowercased(), value) {
            case ("version", .integer(let number)): version = number
            case ("tokenbucketbytespersecond", .integer(let number)) where number >= 0: bytesPerSecond = number
            case ("tokenbucketbytesburst", .integer(let number)) where number >= 0: burstBytes = number
            case ("version", .null), ("tokenbucketbytespersecond", .null), ("tokenbucketbytesburst", .null): break
            case ("version", _), ("tokenbucketbytespersecond", _), ("tokenbucketbytesburst", _): throw JSONError(offset: 0)
            case (_, _): break
            }
        }
    }

    /// The JSON as the Go server writes it: members that are 0 are left out.
    package var json: [UInt8] {
        var printer = JSONPrinter()
        if version != 0 { printer.add("version", version) }
        if bytesPerSecond != 0 { printer.add("TokenBucketBytesPerSecond", bytesPerSecond) }
        if burstBytes != 0 { printer.add("TokenBucketBytesBurst", burstBytes) }
        return printer.bytes
    }
}
