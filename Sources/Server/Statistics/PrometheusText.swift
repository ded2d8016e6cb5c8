/// Writes metrics in the Prometheus text format 0.0.4.
package struct PrometheusText: Sendable {
    /// What a metric's value may do.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        /// A counter whose name Prometheus would not take for one.
        case untyped
    }

    /// What has been written so far.
    package private(set) var text = ""

    package init() {}

    /// Writes one metric without labels.
    package mutating func write(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        write(name, kind, help, [([], Double(value))])
    }

    /// Writes one metric with a value per set of labels. Label values are ours, never a client's.
    package mutating func write(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.0)=\"\(Self.escape($0.1))\"" }.joined(separator: ",")
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(sample.value))\n"
        }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 9_007_199_254_740_992 ? String(Int64(value)) : String(value)
    }

    private static func escape(_ value: String) -> String {
        value.map { character in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(character)
            }
        }.joined()
    }
}
