/// Why a configuration was refused: one line that names the place, the key and the remedy.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// Where a value came from.
    package enum Origin: Equatable, Sendable, CustomStringConvertible {
        case flag(String)
        case environment(String)
        case file(String, line: Int?)

        package var description: String {
            switch self {
            case .flag(let flag): flag
            case .environment(let variable): "environment variable \(variable)"
            case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
            }
        }
    }

    package let origin: Origin
    /// The dotted key, where there is one.
    package let key: String?
    package let reason: String
    package let remedy: String

    package init(_ origin: Origin, key: String? = nil, reason: String, remedy: String) {
        self.origin = origin
        self.key = key
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String {
        "\(origin): \(key.map { "\($0): " } ?? "")\(reason); \(remedy)"
    }
}

/// A value that its key does not take; the loader adds where it stood.
struct InvalidValue: Error {
    let reason: String
    let remedy: String
}
