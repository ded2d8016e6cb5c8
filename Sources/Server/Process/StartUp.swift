internal import Foundation
package import Wire

/// What the server tells on standard output when it listens: for scripts one JSON object in one line, for people some lines.
package struct StartUp: Codable, Sendable, Equatable {
    /// `started`.
    package var event = "started"
    package var version: String
    package var name: String
    /// The data directory, and the Unix socket in it that takes the operator's commands.
    package var data: String
    package var adminSocket: String
    /// Where HTTPS, coordination and the relay listen, with the real ports.
    package var listen: [Endpoint]
    /// Where STUN answers, with the real ports; empty when it is off.
    package var stun: [Endpoint]
    package var stunAlternate: Endpoint?
    /// Where statistics are served; nil when they are off.
    package var admin: Endpoint?
    /// Names and addresses that clients are told, the best first.
    package var hosts: [String]
    /// The server's base URL under the best of them.
    package var url: String
    package var isPlainHTTP: Bool
    /// `sha256-raw:` and 64 digits for a self-signed certificate; nil for one that is vouched for, and for plain HTTP.
    package var pin: String?
    /// The server's node key: the relay's, and the one that proofs are sealed for.
    package var relayKey: NodeKey
    package var admission: String
    /// A line that admits one node within a day; empty when the server knows no address of its own, or has no room for join keys.
    package var joinLine: String

    /// One line of JSON.
    package var json: String {
        // Plain members always encode.
        (try? JSONForm.encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package var text: String {
        var lines = ["Causeway \(version) serves \(url)", "  listening  \(Self.list(listen))"]
        lines.append("  STUN       \(stun.isEmpty ? "off" : Self.list(stun))\(stunAlternate.map { ", alternate \($0)" } ?? "")")
        lines.append("  statistics \(admin.map { "http://\($0)/" } ?? "off")")
        if let pin { lines.append("  pin        \(pin)") }
        lines.append("  relay key  \(relayKey)")
        lines.append("  admission  \(admission)")
        if !joinLine.isEmpty {
            lines.append("Join a machine within a day, one machine a line (`causeway-server invite` makes more):")
            lines.append("  causeway up '\(joinLine)'")
        }
        return lines.joined(separator: "\n")
    }

    private static func list(_ endpoints: [Endpoint]) -> String {
        endpoints.map(\.description).joined(separator: ", ")
    }
}
