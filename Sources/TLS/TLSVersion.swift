/// The versions of TLS that are spoken.
package enum TLSVersion: Int, Comparable, Sendable, CustomStringConvertible {
    case tls12 = 12
    case tls13 = 13

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { self == .tls12 ? "TLS 1.2" : "TLS 1.3" }
}
